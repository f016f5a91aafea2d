import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from reviewapp import embedded
from reviewapp.embedded import Servers
from tests.reviewapp.embedded.helpers import User
from tests.reviewapp.embedded.user import HURRY


@pytest.fixture(scope="session", autouse=True)
def system_folder() -> Iterator[Path]:
    """As root, what lies outside the clones: in a folder of these tests' own, open to pass through.

    pytest's own temporary folders are closed to other users, as a home folder may be.
    """
    parent = "/var/lib" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="crosscheck-tests-", dir=parent))
    folder.chmod(0o755)
    os.environ["CROSSCHECK_SYSTEM_FOLDER"] = str(folder)
    yield folder
    del os.environ["CROSSCHECK_SYSTEM_FOLDER"]
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for owner, name, value in HURRY:
        monkeypatch.setattr(owner, name, value)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that nobody else may enter."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home


@pytest.fixture
def root(home: Path) -> Iterator[Path]:
    """The data folder of a clone that has never been started, deep in that home folder."""
    root = home / ('a "deep" clone\'s folder ' + "x" * 100) / ".data"
    yield root
    with contextlib.suppress(embedded.EmbeddedError):
        embedded.stop(root)
        embedded.clean(root)


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, User, Servers]]:
    """A clone whose servers run, with a process that uses them: for tests that leave both alone."""
    root = tmp_path_factory.mktemp("used") / ".data"
    with User(root, kind="durable") as user:
        yield root, user, user.servers
    embedded.clean(root)


@pytest.fixture(scope="session")
def old_clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("home") / ('a "deep" clone\'s folder ' + "x" * 100) / ".data"
    yield root
    embedded.clean(root)


@pytest.fixture
def old(old_clone: Path) -> Path:
    """The data folder of a clone whose servers have run before, and do not now."""
    with User(old_clone) as user:
        assert user.servers
    embedded.stop(old_clone)
    return old_clone
