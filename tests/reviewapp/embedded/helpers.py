"""Processes that use the embedded servers, so that tests can end them in every way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
import redis

from reviewapp.embedded import Servers

CLONE = Path(__file__).parents[3]


class User:
    """A process that uses the servers of `root`, or throwaway servers, until it is ended."""

    def __init__(self, root: Path | None = None, *, kind: str = "volatile") -> None:
        how = [kind, str(root)] if root else ["throwaway"]
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("user.py")), *how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def servers(self) -> Servers:
        """Where its servers are, once they run."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the process ended before its servers ran"
        return Servers(*json.loads(line))

    def leave(self) -> None:
        self.process.communicate()

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Signals it and all that it started in its session, as a terminal does."""
        os.killpg(self.process.pid, how)
        self.process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self.process.returncode is None:
            self.leave()

    @staticmethod
    def run(verb: str, root: Path) -> subprocess.CompletedProcess[str]:
        """The command `python -m reviewapp.embedded VERB ROOT`."""
        return subprocess.run(
            [sys.executable, "-m", "reviewapp.embedded", verb, str(root)],
            cwd=CLONE,
            capture_output=True,
            text=True,
        )


def select(servers: Servers, sql: str) -> object:
    """The first value of a query's first row."""
    with psycopg.connect(servers.database_url, connect_timeout=5) as connection:
        row = connection.execute(sql.encode()).fetchone()
        return row[0] if row else None


def execute(servers: Servers, sql: str) -> None:
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute(sql.encode())


def answer(servers: Servers) -> bool:
    """Whether both servers answer."""
    try:
        with redis.Redis.from_url(servers.redis_url) as client:
            return select(servers, "SELECT 1") == 1 and bool(client.ping())
    except (psycopg.OperationalError, redis.RedisError):
        return False


def eventually(condition: Callable[[], bool], within: float = 20.0) -> bool:
    """Whether the condition becomes true in time."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
