"""PostgreSQL: made once, started often."""

import os
import shutil
import sys
from pathlib import Path

from reviewapp.embedded import launch
from reviewapp.embedded.accounts import Account, account_of, named_account
from reviewapp.embedded.errors import EmbeddedError, failure
from reviewapp.embedded.ports import LOOPBACK, answers
from reviewapp.embedded.wheels import POSTGRESQL_MAJOR, Programs

DRAFT = "postgresql.new"

# One call for the whole file system, where there is one; a call a file takes seconds.
SYNC_METHOD = "syncfs" if sys.platform == "linux" else "fsync"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # a path of a deep clone is too long for a socket
    "cluster_name": "crosscheck",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "max_connections": "100",
    # Small: one machine, shared with a browser and a model server.
    "shared_buffers": "128MB",
    # A checkpoint every 60,000 records of traffic cost as much as the records.
    "max_wal_size": "2GB",
    "min_wal_size": "32MB",
    "io_method": "sync",  # no processes that only wait for reads
    "recovery_init_sync_method": SYNC_METHOD,
    # Nothing replicates from here.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
}
VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

# The role owns its database and may make more (tests do), and is no superuser: SQL cannot leave the
# database. The superuser `postgres` has no password, so nobody signs in as it. Passwords are random
# and long, so that hashing them over and over (scram_iterations) would only cost time.
FIRST_SQL = """\
CREATE ROLE crosscheck LOGIN CREATEDB PASSWORD '{password}';

CREATE DATABASE crosscheck OWNER crosscheck;

"""


def start(folder: Path, programs: Programs, *, password: str, volatile: bool, lock: int) -> int:
    """The port of the running PostgreSQL; makes its data first where there are none."""
    data = folder / "postgresql"
    if data.exists():
        _check_version(data)
    else:
        _make(folder, programs, password=password, volatile=volatile, lock=lock)
    settings = SETTINGS | (VOLATILE if volatile else {})

    def command(port: int) -> list[str]:
        # Its processes are gone, since its lock is free: this file could only name a stranger.
        (data / "postmaster.pid").unlink(missing_ok=True)
        options = [f"--{name}={value}" for name, value in (settings | {"port": str(port)}).items()]
        return [str(programs.postgres), "-D", str(data), *options]

    return launch.serve(
        folder, "postgresql", command, lambda port: _is_ready(data) and answers(port)
    )


def _is_ready(data: Path) -> bool:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _check_version(data: Path) -> None:
    try:
        found = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        found = "an unknown version"
    if found != POSTGRESQL_MAJOR:
        raise EmbeddedError(
            f"The data in {data} are those of PostgreSQL {found}; the installed wheel has "
            f"PostgreSQL {POSTGRESQL_MAJOR}.\nTo keep them: install the version of crosscheck that "
            "made them, save them with `pg_dump`, and load them into the new one. Otherwise "
            "`make clean` deletes them."
        )


def _make(folder: Path, programs: Programs, *, password: str, volatile: bool, lock: int) -> None:
    """Makes the data under another name first: whatever interrupts this, it starts over."""
    account, draft = account_of(folder), folder / DRAFT
    named = named_account(account)
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    _give(draft, named)
    for command, text in steps(programs, draft, password=password, volatile=volatile):
        succeeded, said = launch.run(command, account=named, lock=lock, text=text)
        if not succeeded or "ERROR:" in said:
            raise failure("PostgreSQL could not make its data", said, folder)
    _give(draft, account)
    draft.rename(folder / "postgresql")


def steps(
    programs: Programs, data: Path, *, password: str, volatile: bool
) -> list[tuple[list[str], str]]:
    """How to make data, safe on the disk at the end unless `volatile`.

    Gives the programs to run in turn, and what each gets to read.
    """
    initdb, single = [str(programs.initdb), "-D", str(data)], [str(programs.postgres), "--single"]
    make = ["--no-sync", "--no-instructions", "--username=postgres", "--encoding=UTF8"]
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    access = ["--auth-host=scram-sha-256", "--auth-local=reject"]
    quick = ["-c", "fsync=off", "-c", "log_checkpoints=off", "-c", "scram_iterations=1"]
    todo = [
        ([*initdb, *make, *locale, *access], ""),
        ([*single, "-D", str(data), *quick, "-j", "postgres"], FIRST_SQL.format(password=password)),
    ]
    if not volatile:
        todo.append(([*initdb, "--sync-only", f"--sync-method={SYNC_METHOD}"], ""))
    return todo


def _give(data: Path, account: Account | None) -> None:
    if account is None:
        return
    for place, folders, files in os.walk(data):
        for name in (".", *folders, *files):
            os.chown(Path(place) / name, account.uid, account.gid, follow_symlinks=False)
