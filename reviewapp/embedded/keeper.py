"""Stops the servers of one folder when nobody uses them any more.

Run as a file by itself (`python -I -S keeper.py FOLDER GRACE KIND`), so it imports nothing but the
standard library: a process that waits for days should cost next to nothing. The rest of the
package takes its locks from here.

A lock belongs to an open file, and a process that is forked or started with that file shares it.
So a server's lock is held until its last child process has gone.
"""

import contextlib
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

START = "lock"  # held by whoever starts or stops the servers of a folder
USERS = "users"  # held, shared, by every process that uses them
POSTGRESQL, REDIS, KEEPER = "postgresql.lock", "redis.lock", "keeper.lock"

Asks = tuple[tuple[signal.Signals, float], ...]

# How to ask each server to end: (signal, seconds to wait for it), the harshest last.
POLITE: dict[str, Asks] = {
    REDIS: ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)),
    POSTGRESQL: ((signal.SIGINT, 60.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)),
}
QUICK: dict[str, Asks] = {
    REDIS: ((signal.SIGKILL, 5.0),),
    POSTGRESQL: ((signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)),
}


def opened(path: Path) -> int:
    """A file descriptor of the lock file `path`, made if missing. It does not survive an exec."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def taken(lock: int) -> bool:
    """Takes a lock at once: False where another process holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def taken_within(lock: int, seconds: float) -> bool:
    """Takes a lock, waiting for it for up to `seconds`."""
    deadline = time.monotonic() + seconds
    while not taken(lock):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def holder(path: Path) -> int | None:
    """The process id of the server or keeper that holds the lock `path`; None if nobody does."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        return None if taken(lock) else _pid(lock)
    finally:
        os.close(lock)


def is_used(folder: Path) -> bool:
    """Whether any process uses the servers of a locked folder.

    The keeper takes that lock too, for an instant after the last user: that passes.
    """
    users = opened(folder / USERS)
    try:
        return not taken_within(users, 0.2)
    finally:
        os.close(users)


def _pid(lock: int) -> int:
    return int(os.pread(lock, 20, 0) or 0)


def end(lock: int, asks: Asks) -> bool:
    """Ends the process that holds `lock`, and waits until it and its children are gone."""
    for ask, seconds in asks:
        if taken(lock):
            break
        if pid := _pid(lock):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, ask)
        if taken_within(lock, seconds):
            break
    else:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True


@contextlib.contextmanager
def server_locks(folder: Path) -> Iterator[dict[str, int]]:
    """The open lock files of both servers, which stay good when the folder is deleted."""
    locks = {name: opened(folder / name) for name in POLITE}
    try:
        yield locks
    finally:
        for lock in locks.values():
            os.close(lock)


def keep(folder: Path, *, grace: float, throwaway: bool, own: int) -> None:
    """Waits until nobody uses the servers for `grace` seconds, stops them, and returns.

    `own` is the lock that says that a keeper is alive. It is let go before the start lock is, so
    that whoever starts next sees either a keeper that still watches, or none.
    """
    start, users = opened(folder / START), opened(folder / USERS)
    with server_locks(folder) as locks:
        while True:
            fcntl.flock(users, fcntl.LOCK_EX)  # as long as anyone lives, this waits
            fcntl.flock(users, fcntl.LOCK_UN)
            time.sleep(grace)
            fcntl.flock(start, fcntl.LOCK_EX)
            if taken(users):
                break
            fcntl.flock(start, fcntl.LOCK_UN)
        for name, asks in (QUICK if throwaway else POLITE).items():
            end(locks[name], asks)
        if throwaway:
            shutil.rmtree(folder, ignore_errors=True)
        os.close(own)


if __name__ == "__main__":
    keep(
        Path(sys.argv[1]),
        grace=float(sys.argv[2]),
        throwaway=sys.argv[3] == "throwaway",
        own=int(os.environ["LOCK"]),
    )
