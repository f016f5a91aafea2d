"""The processes of an installation on one machine, as `up` and `demo` start them."""

from __future__ import annotations

import sys
from http.client import HTTPConnection
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from reviewapp.actions import members
from reviewapp.supervisor import Supervisor


def prepare() -> str | None:
    """Brings the database up to date. Gives the path of a link that makes the first account,
    or None where accounts exist."""
    call_command("migrate", verbosity=0, interactive=False)
    secret = members.first_account_secret()
    return f"/join/{secret}/" if secret else None


def public_url(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{port}"


def start_web(supervisor: Supervisor, host: str, port: int) -> None:
    supervisor.start("web server", *web_command(host, port))


def web_command(host: str, port: int) -> list[str]:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return [
        *(sys.executable, "-m", "gunicorn", "reviewapp.wsgi", "--bind", address),
        *("--worker-class", "gthread", "--workers", "2", "--threads", "8"),
        *("--preload", "--graceful-timeout", "10", "--log-level", "warning"),
        "--no-control-socket",
    ]


def start_worker(supervisor: Supervisor) -> None:
    supervisor.start("worker", *worker_command(settings.DATA_DIR / "beat"))


def worker_command(schedule: Path) -> list[str]:
    """One worker with the scheduler in it. Threads, since its work is waiting for models and for
    PostgreSQL: three processes took 290 MB where these take 110."""
    return [
        # As root Celery warns at length about pickled messages; ours are JSON.
        *(sys.executable, "-W", "ignore:You're running the worker with superuser"),
        *("-m", "celery", "--quiet", "-A", "reviewapp", "worker", "--beat"),
        *("--schedule", str(schedule), "--pool", "threads", "--concurrency", "4"),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle"),
    ]


def answers(host: str, port: int) -> bool:
    """Whether the web server answers."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = HTTPConnection(shown, port, timeout=2)
    try:
        connection.request("GET", "/accounts/login/")
        return connection.getresponse().status < 500
    except OSError:
        return False
    finally:
        connection.close()
