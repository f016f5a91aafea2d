"""Loaded before Django: the suite runs on PostgreSQL and Redis of its own, thrown away at the end.

With pytest-xdist the controller starts one pair and the workers find it in their environment;
each worker has a database (pytest-django makes it) and a Redis number of its own.
"""

import os
from contextlib import ExitStack
from importlib import import_module
from shutil import rmtree
from tempfile import mkdtemp

import pytest

from reviewapp import embedded

servers = ExitStack()
worker = os.environ.get("PYTEST_XDIST_WORKER", "")

if not worker:
    started = servers.enter_context(embedded.throwaway())
    os.environ["DATABASE_URL"] = started.database_url
    os.environ["REDIS_URL"] = started.redis_url
    os.environ["CROSSCHECK_DATA"] = mkdtemp(prefix="crosscheck-tests-")
else:
    number = int(worker.removeprefix("gw")) + 1
    base, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{base}/{number}"
os.environ.pop("CROSSCHECK_PUBLIC_URL", None)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    """As a web server does; the workers find it done."""
    if not worker:
        import_module("reviewapp.staticfiles").collect()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not worker:
        servers.close()
        rmtree(os.environ["CROSSCHECK_DATA"])
