"""Servers for one test run: fresh, fast, and gone afterwards, also when the run is killed."""

import contextlib
import os
import shutil
from collections.abc import Iterator

from reviewapp.embedded import homes, keeper
from reviewapp.embedded.servers import Servers, end_keeper, end_servers, running


@contextlib.contextmanager
def throwaway() -> Iterator[Servers]:
    """Fresh servers in a temporary folder; a power cut may destroy them, in return they are fast.

    With pytest-xdist the controller makes one pair; the workers get its URLs in their environment.
    """
    remove_abandoned()
    folder, users = homes.throwaway()
    try:
        with homes.locked(folder) as lock:
            servers = running(folder, lock=lock, throwaway=True)
        yield servers
    finally:
        with contextlib.suppress(FileNotFoundError), homes.locked(folder):
            end_servers(folder, keeper.QUICK)
            end_keeper(folder)
            shutil.rmtree(folder)
        os.close(users)


def remove_abandoned() -> None:
    """Removes what is left of test runs whose keeper was killed as well, or lost its power."""
    for folder in homes.throwaway_parent().glob(f"{homes.THROWAWAY}*"):
        if folder.stat().st_uid != os.geteuid():
            continue
        with contextlib.suppress(OSError), homes.locked(folder):
            if not keeper.is_used(folder):
                end_keeper(folder)
                end_servers(folder, keeper.QUICK)
                shutil.rmtree(folder)
