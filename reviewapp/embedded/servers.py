"""Finds or starts the servers of a folder, stops them, deletes them."""

import fcntl
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reviewapp.embedded import homes, keeper, launch, postgresql, redis_server
from reviewapp.embedded.errors import EmbeddedError, failure
from reviewapp.embedded.passwords import passwords
from reviewapp.embedded.ports import LOOPBACK
from reviewapp.embedded.wheels import programs

GRACE = 2.0  # seconds without users after which the servers stop

# The lock that this process (and what it forks) holds in each folder whose servers it uses.
_used: dict[Path, int] = {}


@dataclass(frozen=True)
class Servers:
    """Where the servers are: plain URLs, with their passwords."""

    database_url: str
    redis_url: str


@dataclass(frozen=True)
class Status:
    """Process ids of what runs for a clone (None: does not run), and of those who use it."""

    folder: Path | None = None
    postgresql: int | None = None
    redis: int | None = None
    keeper: int | None = None
    users: tuple[int, ...] = ()


def start(root: Path) -> Servers:
    """Finds or starts the servers of the clone at `root`; they run as long as this process does.

    Also processes that this one forks keep them; those that it starts with exec call this too.
    Raises EmbeddedError.
    """
    with homes.made_and_locked(root.resolve()) as (folder, lock):
        _use(folder)
        return running(folder, lock=lock, throwaway=False)


def stop(root: Path) -> None:
    """Stops the servers of the clone at `root`, whoever uses them. Their data stay."""
    folder = homes.find(root.resolve())
    if folder is not None:
        with homes.locked(folder):
            end_servers(folder, keeper.POLITE)


def clean(root: Path) -> None:
    """Stops the servers and deletes their data, also what lies outside the clone.

    Raises EmbeddedError where other processes still use them.
    """
    root = root.resolve()
    folder = homes.find(root)
    if folder is None:
        return
    with homes.locked(folder):
        _leave(folder)
        if keeper.holder(folder / keeper.POSTGRESQL) and keeper.is_used(folder):
            who = ", ".join(map(str, _users(folder))) or "(unknown)"
            raise EmbeddedError(
                f"The servers in {folder} are in use by process {who}.\n"
                "End it first (Ctrl-C where it runs), or stop the servers under it: "
                "`python -m reviewapp.embedded stop`. Nothing was deleted."
            )
        end_servers(folder, keeper.POLITE)
        end_keeper(folder)
        homes.forget(root, folder)


def status(root: Path) -> Status:
    """What runs for the clone at `root`."""
    folder = homes.find(root.resolve())
    if folder is None:
        return Status()
    with homes.locked(folder):
        return Status(
            folder=folder,
            postgresql=keeper.holder(folder / keeper.POSTGRESQL),
            redis=keeper.holder(folder / keeper.REDIS),
            keeper=keeper.holder(folder / keeper.KEEPER),
            users=_users(folder),
        )


def running(folder: Path, *, lock: int, throwaway: bool) -> Servers:
    """Has keeper and servers running in a folder that the caller uses, and has locked by `lock`.

    Raises EmbeddedError.
    """
    try:
        return _running(folder, lock=lock, throwaway=throwaway)
    except (OSError, subprocess.SubprocessError) as error:
        raise failure("The embedded servers could not be started", str(error), folder) from error


def _running(folder: Path, *, lock: int, throwaway: bool) -> Servers:
    # The keeper comes first: should we be killed from here on, it stops what we started.
    found, secret = programs(), passwords(folder)
    grace, kind = (0.0, "throwaway") if throwaway else (GRACE, "durable")
    launch.background_keeper(folder, grace=grace, kind=kind)
    postgresql_port = postgresql.start(
        folder, found, password=secret.postgresql, volatile=throwaway, lock=lock
    )
    redis_port = redis_server.start(folder, found, password=secret.redis, volatile=throwaway)
    launch.check_keeper(folder)
    return Servers(
        f"postgresql://crosscheck:{secret.postgresql}@{LOOPBACK}:{postgresql_port}/crosscheck",
        f"redis://:{secret.redis}@{LOOPBACK}:{redis_port}/0",
    )


def end_servers(folder: Path, asks: dict[str, keeper.Asks]) -> None:
    """Ends both servers of a locked folder."""
    with keeper.server_locks(folder) as locks:
        for name, lock in locks.items():
            if not keeper.end(lock, asks[name]):
                raise EmbeddedError(
                    f"The process {keeper.holder(folder / name)} in {folder} cannot be ended, not "
                    "even by SIGKILL: it is stuck in the system. Look at its disk."
                )


def end_keeper(folder: Path) -> None:
    """Ends the keeper of a locked folder, where its work has been done for it."""
    lock = keeper.opened(folder / keeper.KEEPER)
    try:
        keeper.end(lock, ((signal.SIGTERM, 5.0), (signal.SIGKILL, 5.0)))
    finally:
        os.close(lock)


def _use(folder: Path) -> None:
    """Holds the lock that tells the keeper that this process uses the servers."""
    path = folder / keeper.USERS
    if folder in _used:
        if path.exists() and os.fstat(_used[folder]).st_ino == path.stat().st_ino:
            return
        _leave(folder)  # the folder was deleted and made again
    lock = keeper.opened(path)
    fcntl.flock(lock, fcntl.LOCK_SH)
    _used[folder] = lock


def _leave(folder: Path) -> None:
    if folder in _used:
        os.close(_used.pop(folder))


def _users(folder: Path) -> tuple[int, ...]:
    """Process ids of the users, where the system lists locks (Linux)."""
    try:
        inode = (folder / keeper.USERS).stat().st_ino
        rows = [row.split() for row in Path("/proc/locks").read_text().splitlines()]
    except OSError:
        return ()
    # 3: FLOCK  ADVISORY  READ 8121 fe:00:131 0 EOF
    held = [row for row in rows if row[1:4] == ["FLOCK", "ADVISORY", "READ"]]
    return tuple(sorted(int(row[4]) for row in held if row[5].endswith(f":{inode}")))
