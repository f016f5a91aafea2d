"""`manage.py up` as an operator runs it: a link, a page, a clean end, a port that is taken."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest

from tests.worker.processes import ROOT

pytestmark = pytest.mark.worker


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A database that has never been migrated, on the suite's server."""
    name = f"up_{os.getpid()}"
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        yield {
            **os.environ,
            "DATABASE_URL": f"{url.rpartition('/')[0]}/{name}",
            "CROSSCHECK_DATA": str(tmp_path),
        }
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def up(environment: dict[str, str], port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def get(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def packed_and_for_good(port: int, path: str) -> None:
    """As every script and style comes: its name changes with what is in it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]


def test_it_works(environment: dict[str, str], port: int) -> None:
    """A fresh installation prints the link of its first account, serves it, and ends on Ctrl-C."""
    process = up(environment, port)
    assert process.stdout
    said = ""
    while "Ctrl-C stops it" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    link = re.search(rf"http://127\.0\.0\.1:{port}(/join/\S+)", said)
    assert link, said
    status, page = get(port, link[1])
    assert status == 200
    assert "Password" in page
    for named in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        packed_and_for_good(port, named)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    with pytest.raises(OSError, match="refused"):
        get(port, "/")


def test_the_port_is_taken(environment: dict[str, str], port: int) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        said, _ = up(environment, port).communicate(timeout=60)
    assert f"Nothing can listen on 127.0.0.1:{port}" in said
    assert f"make up PORT={port + 1}" in said
    assert "Traceback" not in said


def test_killed_supervisor_leaves_nothing(environment: dict[str, str], port: int) -> None:
    """kill -9 of `up`: the web server and the worker end by themselves."""
    process = up(environment, port)
    assert process.stdout
    while "Ctrl-C stops it" not in process.stdout.readline():
        assert process.poll() is None
    process.kill()
    process.wait(10)
    deadline = time.monotonic() + 30
    while left := running_in(environment["CROSSCHECK_DATA"]):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    with pytest.raises(OSError, match="refused"):
        get(port, "/")


def running_in(folder: str) -> list[str]:
    """Command lines of the processes whose data lie there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"CROSSCHECK_DATA={folder}\0".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # it has just ended, or is not ours to see
            continue
    return found
