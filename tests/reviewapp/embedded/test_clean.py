from pathlib import Path

from reviewapp import embedded
from reviewapp.embedded import Servers, homes
from tests.reviewapp.embedded.helpers import User, answer

Used = tuple[Path, User, Servers]


class TestClean:
    def test_it_works_and_the_same_process_may_start_anew(self, root: Path) -> None:
        first = embedded.start(root)
        folder = embedded.status(root).folder
        assert folder
        embedded.clean(root)
        assert not answer(first)
        assert not folder.exists()
        assert not root.exists()
        assert embedded.status(root) == embedded.Status()
        assert answer(embedded.start(root))

    def test_refuses_while_others_use_the_servers(self, used: Used) -> None:
        root, _, servers = used
        refused = User.run("clean", root)
        assert refused.returncode == 1
        assert "in use by process" in refused.stderr
        assert answer(servers)

    def test_leaves_what_is_not_its_own(self, root: Path) -> None:
        with homes.made_and_locked(root):
            (root / "notes").touch()
        assert User.run("clean", root).returncode == 0
        assert [path.name for path in root.iterdir()] == ["notes"]

    def test_nothing_there(self, root: Path) -> None:
        assert User.run("clean", root).returncode == 0
        assert not root.exists()


class TestStop:
    def test_it_works(self, old: Path) -> None:
        with User(old) as user:
            servers = user.servers
            assert "postgresql: runs as process" in User.run("status", old).stdout
            assert User.run("stop", old).returncode == 0
            assert not answer(servers)
            assert "postgresql: does not run" in User.run("status", old).stdout

    def test_wrong_usage(self, root: Path) -> None:
        assert User.run("destroy", root).returncode == 3
