"""As whom the servers run when we are root: PostgreSQL refuses to be.

Each folder gets a user id and group id of its own that no account has, so that no other service
shares them, no system file changes, and nothing is left behind when the folder is deleted. The
range is one that systemd's table of ids calls unused (https://systemd.io/UIDS-GIDS/) and that lies
below 65536, where containers with mapped ids end.

Only `initdb` insists that its user has a name. It runs as `nobody` with the folder's own group: the
folder lets in that group alone, so other processes of `nobody` stay outside.
"""

import contextlib
import os
import pwd
import random
from dataclasses import dataclass
from pathlib import Path

from reviewapp.embedded.errors import OWN_SERVERS, EmbeddedError

UNUSED_IDS = range(60_578, 61_184)


@dataclass(frozen=True)
class Account:
    """A user id and group id to run a program as."""

    uid: int
    gid: int


def account_of(folder: Path) -> Account | None:
    """As whom the servers of `folder` run: as ourselves (None) unless we are root."""
    if os.geteuid() != 0:
        return None
    gid = folder.stat().st_gid
    return Account(gid, gid)


def named_account(account: Account | None) -> Account | None:
    """The account for `initdb`: one with a name, confined to the group of `account`."""
    if account is None:
        return None
    try:
        return Account(pwd.getpwnam("nobody").pw_uid, account.gid)
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL's initdb refuses to run as root, and this system has no user `nobody` to "
            f"run it as.\nAdd one, or run this as an ordinary user.\n{OWN_SERVERS}"
        ) from None


def give(folder: Path) -> None:
    """As root, lets a free account (and root) alone into `folder`, once."""
    if os.geteuid() != 0 or folder.stat().st_gid in UNUSED_IDS:
        return
    try:
        os.chown(folder, 0, _free_id(folder))
    except OSError as error:
        raise EmbeddedError(
            f"PostgreSQL refuses to run as root, and root may not act for another user here "
            f"({error}): a container without that capability, or with one user id only.\n"
            f"Run this as an ordinary user.\n{OWN_SERVERS}"
        ) from None
    folder.chmod(0o710)


def _free_id(folder: Path) -> int:
    """An id that no account and no other folder beside this one has."""
    used = set()
    for other in folder.parent.iterdir():
        with contextlib.suppress(FileNotFoundError):  # deleted just now
            used.add(other.stat().st_gid)
    for number in random.sample(UNUSED_IDS, len(UNUSED_IDS)):
        if number not in used and not _has_account(number):
            return number
    raise EmbeddedError(f"All user ids from {UNUSED_IDS[0]} to {UNUSED_IDS[-1]} are in use.")


def _has_account(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True
