"""Runs programs as the right user and away from our terminal; servers so that they outlive us."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from reviewapp.embedded import keeper
from reviewapp.embedded.accounts import Account, account_of
from reviewapp.embedded.errors import OWN_SERVERS, EmbeddedError, failure
from reviewapp.embedded.ports import free_port, remember, remembered

# The shell starts the server, leaves its process id in the lock file, and ends: nobody has to wait
# for a server that outlives whoever started it.
IN_BACKGROUND = '"$@" </dev/null >&2 & echo $!'
READY_WITHIN = 120.0  # seconds: recovery after a crash may replay much
PYTHON_NEEDS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # where Python cannot run without
LOG_LIMIT = 10_000_000  # bytes


def run(
    command: list[str], *, account: Account | None, lock: int, text: str = ""
) -> tuple[bool, str]:
    """Runs a program to its end with `text` as its input: whether it succeeded, and what it said.

    It shares `lock`: should we be killed meanwhile, the lock is held until the program ends too.
    """
    done = subprocess.run(  # noqa: S603 - our own programs
        command,
        input=text,
        text=True,
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=(lock,),
        **_apart(account),
    )
    return done.returncode == 0, done.stdout


def background(
    lock_file: Path, command: list[str], *, account: Account | None, log: Path, **environment: str
) -> None:
    """Starts a program that holds the lock `lock_file` for as long as it lives."""
    lock = keeper.opened(lock_file)
    try:
        if not keeper.taken(lock):
            raise EmbeddedError(f"{lock_file} is held: its program runs already.")
        os.ftruncate(lock, 0)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            subprocess.run(  # noqa: S603 - our own programs
                ["/bin/sh", "-c", IN_BACKGROUND, "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=lock,
                stderr=descriptor,
                pass_fds=(lock,),
                check=True,
                **_apart(account, LOCK=str(lock), **environment),
            )
        finally:
            os.close(descriptor)
    finally:
        os.close(lock)


def serve(
    folder: Path, name: str, command: Callable[[int], list[str]], ready: Callable[[int], bool]
) -> int:
    """The port of a server: the running one, or a new one (on its last port if that is free)."""
    lock_file, log = folder / f"{name}.lock", folder / f"{name}.log"
    last_port = remembered(folder, name)
    if keeper.holder(lock_file) is not None:
        if not last_port:
            raise EmbeddedError(
                f"{name} runs in {folder}, but {folder / 'ports.json'}, which says where, is "
                "missing or damaged. Run `python -m reviewapp.embedded stop`, and try again."
            )
        if _becomes_ready(lock_file, last_port, ready):
            return last_port
    for port in _ports(last_port):
        said_before = _rotated(log)
        remember(folder, name, port)  # first: whatever ends us, the next one finds it
        background(lock_file, command(port), account=account_of(folder), log=log)
        if _becomes_ready(lock_file, port, ready):
            return port
        said = log.read_bytes()[said_before:].decode(errors="replace")
        if "Address already in use" not in said:
            raise failure(f"The embedded {name} did not start", said, log)
    raise EmbeddedError(f"The embedded {name} found no free port on 127.0.0.1.\n{OWN_SERVERS}")


def _becomes_ready(lock_file: Path, port: int, ready: Callable[[int], bool]) -> bool:
    """Waits until the server answers (True) or has ended (False)."""
    deadline = time.monotonic() + READY_WITHIN
    while keeper.holder(lock_file) is not None:
        if ready(port):
            return True
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"A server has not become ready for {READY_WITHIN:.0f} s; its log is beside "
                f"{lock_file}.\nAfter a crash it may still be recovering: try again.\n{OWN_SERVERS}"
            )
        time.sleep(0.01)
    return False


def _ports(last_port: int) -> Iterator[int]:
    """The last port first: those who are connected find the server again after a crash."""
    if last_port:
        yield last_port
    for _ in range(10):
        yield free_port()


def _rotated(log: Path) -> int:
    """The size of the log, which was moved aside if it had grown long."""
    size = log.stat().st_size if log.exists() else 0
    if size < LOG_LIMIT:
        return size
    log.replace(log.with_suffix(".log.1"))
    return 0


def _apart(account: Account | None, **environment: str) -> dict[str, Any]:
    """A session of its own (Ctrl-C stays here), an environment without PGPORT and the like."""
    options: dict[str, Any] = {
        "cwd": "/",
        "env": {"LC_ALL": "C", "PATH": os.defpath, **environment},
        "start_new_session": True,
        "umask": 0o077,
    }
    if account is not None:
        options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return options


def background_keeper(folder: Path, *, grace: float, kind: str) -> None:
    """Starts the keeper of a folder unless it is there."""
    lock_file, log = folder / keeper.KEEPER, folder / "keeper.log"
    if keeper.holder(lock_file) is None:
        command = [sys.executable, "-I", "-S", keeper.__file__, str(folder), str(grace), kind]
        libraries = {name: os.environ[name] for name in PYTHON_NEEDS if name in os.environ}
        background(lock_file, command, account=None, log=log, **libraries)


def check_keeper(folder: Path) -> None:
    """Raises where the keeper did not start: the servers would run for ever."""
    log = folder / "keeper.log"
    if keeper.holder(folder / keeper.KEEPER) is None:
        raise failure("The keeper of the embedded servers did not start", log.read_text(), log)
