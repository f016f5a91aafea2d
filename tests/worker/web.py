"""The web server as `make up` starts it, on the database of the test; it can be killed as a power
cut would."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from django.conf import settings

from reviewapp.serving import answers, web_command
from tests.worker.processes import ROOT, database_url


class Web:
    """`with Web(folder) as web: … web.port …`; `kill` and `start` as often as you like."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Comes back when the server answers."""
        with (self.folder / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                web_command("127.0.0.1", self.port),
                cwd=ROOT,
                env={
                    **os.environ,
                    "DATABASE_URL": database_url(),
                    "REDIS_URL": settings.REDIS_URL,
                    "CROSSCHECK_DATA": str(self.folder),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while not answers("127.0.0.1", self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "web.log").read_text(errors="replace")[-4000:]
                raise AssertionError(f"the web server does not answer\n{said}")
            time.sleep(0.05)

    def kill(self) -> None:
        """kill -9 for the server and all its processes at once."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        self.process = None

    def largest(self) -> int:
        """MiB of the largest of its processes, at its largest."""
        assert self.process
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return max(_peak(child) for child in children) // 1024

    def __enter__(self) -> Web:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def _peak(pid: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
