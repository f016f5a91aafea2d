"""Real Celery workers for tests: a process group each, that can be killed as a power cut would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from reviewapp.serving import worker_command

ROOT = Path(__file__).resolve().parents[2]


#: By which the database knows the connections of the workers from the test's own.
NAME = "tested-worker"


def cut_connections() -> int:
    """Ends every connection that the workers have to the database. Gives how many those were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = %s",
            [NAME],
        )
        count: int = cursor.fetchone()[0]
        return count


def database_url() -> str:
    """Of the database that this test uses: the settings were read with another name."""
    found = {key: quote(str(value), safe="") for key, value in connection.settings_dict.items()}
    place = f"{found['HOST']}:{found['PORT']}" if found["PORT"] else found["HOST"]
    return f"postgresql://{found['USER']}:{found['PASSWORD']}@{place}/{found['NAME']}"


class Workers:
    """`with Workers(folder) as workers: workers.start()`; none outlives the block."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        """A worker with its own beat, as `make up` starts it."""
        name = f"worker-{time.monotonic_ns()}"
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*worker_command(self.folder / name), "--hostname", f"{name}@%h"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "DATABASE_URL": f"{database_url()}?application_name={NAME}",
                    "REDIS_URL": settings.REDIS_URL,
                    "CROSSCHECK_DATA": str(self.folder),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """kill -9 for the worker and all its children at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        self.running.remove(process)

    def wait_for(self, what: Callable[[], bool], seconds: float = 60.0) -> None:
        """Looks until it is so; past the deadline, or when a worker has ended, the test fails with
        what the workers said."""
        deadline = time.monotonic() + seconds
        while not what():
            ended = [process.poll() for process in self.running if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"waited in vain (ended: {ended})\n{self.said()}")
            time.sleep(0.05)

    def said(self) -> str:
        return "\n".join(
            f"{path.name}:\n{path.read_text(errors='replace')[-4000:]}"
            for path in sorted(self.folder.glob("worker-*.log"))
        )

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in list(self.running):
            self.kill(process)
        # PostgreSQL notices a moment later, and the tables can only be emptied then.
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND state <> 'idle'"
                )
                if cursor.fetchone() == (0,):
                    return
            time.sleep(0.05)
