import os
import signal
from pathlib import Path

from reviewapp import embedded
from reviewapp.embedded import homes, keeper
from reviewapp.embedded.testing import remove_abandoned
from tests.reviewapp.embedded.helpers import User, answer, eventually, execute, select


def folders() -> set[Path]:
    return set(homes.throwaway_parent().glob(f"{homes.THROWAWAY}*"))


class TestThrowaway:
    def test_it_works(self) -> None:
        before = folders()
        with embedded.throwaway() as servers:
            assert answer(servers)
            assert select(servers, "SHOW fsync") == "off"
            execute(servers, "CREATE DATABASE test_crosscheck_gw0")
            assert len(folders() - before) == 1
            with embedded.throwaway() as others:
                assert others != servers
            assert answer(servers)
        assert not answer(servers)
        assert folders() - before == set()

    def test_gone_after_its_owner_was_killed(self) -> None:
        before = folders()
        with User() as user:
            servers = user.servers
            assert folders() - before
            user.kill()
        assert eventually(lambda: not folders() - before)
        assert not answer(servers)

    def test_gone_at_the_next_run_if_the_keeper_was_killed_too(self) -> None:
        before = folders()
        with User() as user:
            servers = user.servers
            (folder,) = folders() - before
            watching = keeper.holder(folder / keeper.KEEPER)
            assert watching
            os.kill(watching, signal.SIGKILL)
            user.kill()
        remove_abandoned()
        assert not folder.exists()
        assert not answer(servers)
