"""Runs the processes of one machine together: starts them, restarts one that dies, stops all.

Each child has a session of its own, so that Ctrl-C reaches the supervisor alone and the children
end in order; on Linux they also end when the supervisor is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

#: A child that ends this often within a minute is not started again.
RESTARTS = 5


class PortTaken(Exception):
    """Somebody else listens there."""


class ChildFailed(Exception):
    """A process ends as often as it is started."""


@dataclass
class Child:
    name: str
    command: Sequence[str]
    #: Stopped first comes first: the web takes no more requests while the worker finishes.
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)


def end_with_parent() -> None:
    """In the child, before it runs: SIGTERM when the parent dies. Only Linux can; elsewhere a
    killed supervisor leaves its children to be stopped by hand."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def check_port(host: str, port: int) -> None:
    """Raises PortTaken where nothing could listen on host and port."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(
                f"Nothing can listen on {host}:{port} ({error.strerror}). Stop what listens there, "
                f"or choose another port: make up PORT={port + 1}"
            ) from error


class Supervisor:
    """`with Supervisor(env) as all: all.start(…); all.wait(…)`; leaving the block stops all."""

    def __init__(self, env: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.env = {**os.environ, **env}
        self.say = say
        self.children: list[Child] = []
        self.stopping = False

    def __enter__(self) -> Supervisor:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, name: str, *command: str) -> None:
        child = Child(name, command)
        self.children.append(child)
        self._spawn(child)

    def look(self) -> None:
        """Restarts what has died. Raises ChildFailed for one that keeps dying."""
        for child in self.children:
            if child.process is None or child.process.poll() is None or self.stopping:
                continue
            now = time.monotonic()
            child.starts = [at for at in child.starts if now - at < 60]
            if len(child.starts) >= RESTARTS:
                raise ChildFailed(
                    f"The {child.name} ended {RESTARTS} times within a minute "
                    f"(exit code {child.process.returncode}); its messages are above."
                )
            self.say(f"The {child.name} ended ({child.process.returncode}); starting it again.")
            self._spawn(child)

    def wait(self, until: Callable[[], bool] = lambda: False, pause: float = 0.25) -> None:
        """Looks after the children until asked to stop, or until `until` says so."""
        while not self.stopping and not until():
            self.look()
            time.sleep(pause)

    def stop(self) -> None:
        """SIGTERM to all, then SIGKILL to the groups of those that take longer than 15 s."""
        self.stopping = True
        for child in self.children:
            if child.process and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + 15
        for child in self.children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"The {child.name} does not end by itself; killing it.")
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()

    def _spawn(self, child: Child) -> None:
        child.starts.append(time.monotonic())
        child.process = subprocess.Popen(  # noqa: S603
            child.command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True
