"""Where the servers of a clone keep their data.

As an ordinary user: in `<root>/servers`. As root, whose clone may lie in a folder that nobody else
may enter: in `/var/lib/crosscheck/<id>`, with the id in `<root>/servers-at`. No permission of a
folder that is not ours is ever changed.
"""

import contextlib
import os
import pwd
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reviewapp.embedded import accounts, keeper
from reviewapp.embedded.errors import OWN_SERVERS, EmbeddedError

FOLDER, POINTER, CLONE = "servers", "servers-at", "clone"
THROWAWAY = "crosscheck-test-"
PROGRAMS = "programs-"
PATIENCE = 120.0  # seconds to wait for another process that starts or stops the same servers


def system_folder() -> Path:
    """The folder for what belongs to no clone alone; only as root."""
    return Path(os.environ.get("CROSSCHECK_SYSTEM_FOLDER", "/var/lib/crosscheck"))


def find(root: Path) -> Path | None:
    """The folder with the servers of the clone at `root`, if there is one."""
    as_user, pointer = root / FOLDER, root / POINTER
    try:
        if os.geteuid() != 0:
            if pointer.exists():
                raise _not_ours(pointer, "root")
            return as_user if as_user.is_dir() else None
        if as_user.exists():
            raise _not_ours(as_user, _owner(as_user))
        return _pointed_at(root)
    except PermissionError:
        raise _not_ours(root, _owner(root)) from None


def make(root: Path) -> Path:
    """The folder with the servers of the clone at `root`, made if missing."""
    if folder := find(root):
        return folder
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.geteuid() != 0:
            (root / FOLDER).mkdir(mode=0o700, exist_ok=True)
        else:
            _make_system_folder()
            _point(root)
    except PermissionError:
        raise _not_ours(root, _owner(root)) from None
    except OSError as error:
        raise EmbeddedError(
            f"Cannot make a folder for the servers: {error}.\n{OWN_SERVERS}"
        ) from error
    return find(root) or make(root)


def forget(root: Path, folder: Path) -> None:
    """Deletes the folder, what points to it, and what nobody else needs."""
    shutil.rmtree(folder)
    (root / POINTER).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        root.rmdir()  # unless something else is in it
    if os.geteuid() == 0:
        system = system_folder()
        if all(other.name.startswith(PROGRAMS) for other in system.iterdir()):
            shutil.rmtree(system, ignore_errors=True)  # it may be a mounted volume


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Nobody else starts or stops the servers of `folder` meanwhile; gives the lock itself.

    Raises FileNotFoundError where the folder was deleted while waiting for the lock.
    """
    lock = keeper.opened(folder / keeper.START)
    try:
        try:
            in_time = keeper.taken_within(lock, PATIENCE)
        except OSError as error:
            raise EmbeddedError(
                f"The file system of {folder} cannot lock files ({error}): put the clone on a "
                f"local disk.\n{OWN_SERVERS}"
            ) from error
        if not in_time:
            raise EmbeddedError(
                f"Another process has been starting or stopping the servers in {folder} for "
                f"{PATIENCE:.0f} s. Look for it (`ps aux | grep postgres`), end it, and try again."
            )
        if os.fstat(lock).st_ino != (folder / keeper.START).stat().st_ino:
            raise FileNotFoundError(folder)
        yield lock
    finally:
        os.close(lock)


@contextlib.contextmanager
def made_and_locked(root: Path) -> Iterator[tuple[Path, int]]:
    """The folder of the clone at `root` and its lock; made again if someone deletes it just now."""
    with contextlib.ExitStack() as stack:
        while True:
            folder = make(root)
            try:
                lock = stack.enter_context(locked(folder))
                break
            except FileNotFoundError:
                continue
        accounts.give(folder)
        yield folder, lock


def throwaway() -> tuple[Path, int]:
    """A new folder for servers that vanish, and the held lock that says it is in use."""
    if os.geteuid() == 0:
        _make_system_folder()
    parent = throwaway_parent()
    folder = Path(tempfile.mkdtemp(prefix=".crosscheck-", dir=parent))
    users = keeper.opened(folder / keeper.USERS)
    keeper.taken(users)
    final = parent / f"{THROWAWAY}{secrets.token_hex(6)}"
    folder.rename(final)  # only now may others take it for an abandoned one
    accounts.give(final)
    return final, users


def throwaway_parent() -> Path:
    """Where the folders of throwaway servers are."""
    return system_folder() if os.geteuid() == 0 else Path(tempfile.gettempdir())


def left_behind() -> dict[Path, str]:
    """As root: folders of clones that are gone, and where those clones were."""
    if os.geteuid() != 0:
        return {}
    clones = {path.parent: path.read_text() for path in system_folder().glob(f"*/{CLONE}")}
    return {folder: clone for folder, clone in clones.items() if not Path(clone, POINTER).exists()}


def _make_system_folder() -> None:
    system = system_folder()
    system.mkdir(mode=0o755, exist_ok=True)
    found = system.stat()
    if found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedError(
            f"{system} may be changed by others than root. Look at what is in it; then delete it."
        )
    system.chmod(0o755)  # whatever the umask: the servers' users pass through it


def _pointed_at(root: Path) -> Path | None:
    """The folder whose id `servers-at` holds, if it is this clone's.

    A clone that was moved takes its servers along; a copy of a clone gets new ones.
    """
    pointer = root / POINTER
    try:
        name = pointer.read_text().strip()
    except FileNotFoundError:
        return None
    folder = system_folder() / name
    if re.fullmatch(r"[0-9a-f]{16}", name) and (folder / CLONE).is_file():
        clone = Path((folder / CLONE).read_text())
        if clone == root:
            return folder
        elsewhere = clone / POINTER
        if not (elsewhere.is_file() and elsewhere.read_text().strip() == name):
            (folder / CLONE).write_text(str(root))
            return folder
    pointer.unlink()
    return None


def _point(root: Path) -> None:
    """Makes a system folder for `root`; where two do it at once, the first one counts."""
    name = secrets.token_hex(8)
    folder = system_folder() / name
    folder.mkdir(mode=0o700)
    (folder / CLONE).write_text(str(root))
    draft = root / f"{POINTER}.{name}"
    draft.write_text(name)
    try:
        os.link(draft, root / POINTER)
    except FileExistsError:
        shutil.rmtree(folder)
    finally:
        draft.unlink()


def _owner(path: Path) -> str:
    while not path.exists():
        path = path.parent
    uid = path.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _not_ours(path: Path, owner: str) -> EmbeddedError:
    return EmbeddedError(
        f"{path} belongs to {owner}: the servers of this clone were set up by {owner}, and you are "
        f"{_owner_name()}.\nRun this as {owner}, use a clone of your own, or let {owner} run "
        f"`make clean`, which deletes their data.\n{OWN_SERVERS}"
    )


def _owner_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"user {os.geteuid()}"
