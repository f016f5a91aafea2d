import os
import pwd
import shutil
from pathlib import Path

import pytest

from reviewapp import embedded
from reviewapp.embedded import Servers, accounts, homes
from tests.reviewapp.embedded.helpers import User

Used = tuple[Path, User, Servers]
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root only")


class TestAsRoot:
    def test_servers_run_as_a_user_of_their_own(self, used: Used) -> None:
        found = embedded.status(used[0])
        uids = {Path(f"/proc/{pid}").stat().st_uid for pid in (found.postgresql, found.redis)}
        assert len(uids) == 1
        uid = uids.pop()
        assert uid in accounts.UNUSED_IDS
        with pytest.raises(KeyError):
            pwd.getpwuid(uid)

    def test_the_last_clean_leaves_nothing(
        self, root: Path, system_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        own = system_folder / "own"
        monkeypatch.setenv("CROSSCHECK_SYSTEM_FOLDER", str(own))
        embedded.start(root)
        assert own.exists()
        embedded.clean(root)
        assert not own.exists()

    def test_moved_clone_keeps_its_data(self, root: Path) -> None:
        with homes.made_and_locked(root) as (folder, _):
            moved = root.rename(root.with_name("moved"))
        assert embedded.status(moved).folder == folder
        moved.rename(root)

    def test_copied_clone_gets_data_of_its_own(self, root: Path) -> None:
        with homes.made_and_locked(root) as (folder, _):
            copy = Path(shutil.copytree(root, root.with_name("copy")))
        assert embedded.status(copy).folder is None
        with homes.made_and_locked(copy) as (other, _):
            assert other != folder
        embedded.clean(copy)
        assert embedded.status(root).folder == folder

    def test_an_ordinary_user_is_told_whose_it_is(
        self, system_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = system_folder / "clone"
        root.mkdir()
        (root / homes.POINTER).write_text("0123456789abcdef")
        monkeypatch.setattr(os, "geteuid", lambda: 65534)
        with pytest.raises(embedded.EmbeddedError, match="belongs to root"):
            embedded.start(root)

    def test_root_does_not_take_over_a_users_data(self, root: Path) -> None:
        (root / homes.FOLDER).mkdir(parents=True)
        os.chown(root / homes.FOLDER, 65534, 65534)
        with pytest.raises(embedded.EmbeddedError, match="belongs to nobody"):
            embedded.start(root)
