import os
import signal
import socket
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg.conninfo import make_conninfo

from reviewapp import embedded
from reviewapp.embedded import Servers, homes
from tests.reviewapp.embedded.helpers import User, answer, eventually, execute, select

Used = tuple[Path, User, Servers]


def stopped(root: Path) -> bool:
    found = embedded.status(root)
    return (found.postgresql, found.redis, found.keeper) == (None, None, None)


def folder_of(root: Path) -> Path:
    folder = homes.find(root)
    assert folder
    return folder


class TestStart:
    def test_it_works(self, used: Used) -> None:
        _, _, servers = used
        assert answer(servers)
        assert str(select(servers, "SHOW server_version")).startswith("18.")
        assert select(servers, "SHOW timezone") == "UTC"
        assert select(servers, "SHOW fsync") == "on"
        assert select(servers, "SELECT lower('ÄÖ')") == "äö"
        assert select(servers, "SELECT rolsuper FROM pg_roles WHERE rolname=user") is False
        execute(servers, "CREATE DATABASE another")

    def test_found_again_by_another_process(self, used: Used) -> None:
        root, _, servers = used
        before = embedded.status(root)
        with User(root) as another:
            assert another.servers == servers
            now = embedded.status(root)
            assert (now.postgresql, now.redis) == (before.postgresql, before.redis)
            assert len(now.users) in (0, 2)  # 0: no /proc here

    def test_interrupt_does_not_reach_the_servers(self, used: Used) -> None:
        root, _, servers = used
        with User(root) as another:
            assert another.servers == servers
            another.kill(signal.SIGINT)
        assert answer(servers)

    def test_many_at_once(self, root: Path) -> None:
        users = [User(root) for _ in range(4)]
        found = {user.servers for user in users}
        assert len(found) == 1
        assert answer(found.pop())
        for user in users:
            user.kill()
        assert eventually(lambda: stopped(root))

    def test_stopped_when_the_last_user_goes_and_data_stay(self, old: Path) -> None:
        with User(old) as first, User(old) as second:
            servers = first.servers
            assert second.servers
            execute(servers, "CREATE TABLE kept AS SELECT 7 AS n")
            first.leave()
            assert answer(servers)
        assert eventually(lambda: stopped(old))
        assert not answer(servers)
        with User(old) as third:
            assert select(third.servers, "SELECT n FROM kept") == 7


class TestAfterACrash:
    def test_both_servers_killed(self, old: Path) -> None:
        with User(old) as user:
            servers = user.servers
            execute(servers, "CREATE TABLE survived AS SELECT 7 AS n")
            found = embedded.status(old)
            for pid in (found.postgresql, found.redis):
                assert pid
                os.kill(pid, signal.SIGKILL)
            with User(old) as another:  # on the same port: `user` goes on
                assert another.servers == servers
                assert select(servers, "SELECT n FROM survived") == 7

    def test_keeper_killed(self, old: Path) -> None:
        with User(old) as user:
            servers = user.servers
            keeper = embedded.status(old).keeper
            assert keeper
            os.kill(keeper, signal.SIGKILL)
            assert answer(servers)
            with User(old) as another:
                assert another.servers == servers
                assert embedded.status(old).keeper not in (None, keeper)
        assert eventually(lambda: stopped(old))

    def test_files_of_before_a_reboot(self, old: Path) -> None:
        folder = folder_of(old)
        for lock in ("postgresql", "redis", "keeper"):
            (folder / f"{lock}.lock").write_text(f"{os.getpid()}\n")
        lines = [str(os.getpid()), str(folder / "postgresql"), "1", "1", "", "127.0.0.1", "1 1"]
        (folder / "postgresql" / "postmaster.pid").write_text("\n".join([*lines, "ready   ", ""]))
        (folder / "ports.json").write_text("")
        with User(old) as user:
            assert answer(user.servers)

    @pytest.mark.parametrize(
        ("how", "when"),
        [
            (signal.SIGKILL, "postgresql.new/PG_VERSION"),
            (signal.SIGINT, "postgresql.new/PG_VERSION"),
            (signal.SIGKILL, "postgresql/postmaster.pid"),
        ],
    )
    def test_ended_while_it_starts(self, root: Path, how: signal.Signals, when: str) -> None:
        user = User(root)
        places = (root, homes.system_folder())
        before = {path for place in places for path in place.glob(f"*/{when}")}
        assert eventually(
            lambda: bool({path for place in places for path in place.glob(f"*/{when}")} - before)
        )
        user.kill(how)
        with User(root) as user:
            assert answer(user.servers)

    def test_data_left_half_made(self, root: Path) -> None:
        with homes.made_and_locked(root) as (folder, _):
            (folder / "postgresql.new" / "base").mkdir(parents=True)
            (folder / "postgresql.new" / "PG_VERSION").write_text("18\n")
        with User(root) as user:
            assert answer(user.servers)


class TestBadCircumstances:
    def test_port_taken(self, old: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ports = f'{{"postgresql": {port}, "redis": {port}}}'
            (folder_of(old) / "ports.json").write_text(ports)
            with User(old) as user:
                servers = user.servers
                assert answer(servers)
                assert f":{port}/" not in servers.database_url + servers.redis_url

    def test_data_of_another_version(self, root: Path) -> None:
        with homes.made_and_locked(root) as (folder, _):
            (folder / "postgresql").mkdir()
            (folder / "postgresql" / "PG_VERSION").write_text("16\n")
        with pytest.raises(embedded.EmbeddedError, match="those of PostgreSQL 16") as caught:
            embedded.start(root)
        assert str(folder) in str(caught.value)
        embedded.clean(root)

    def test_damaged_passwords(self, root: Path) -> None:
        with homes.made_and_locked(root) as (folder, _):
            (folder / "passwords.json").write_text("")
        with pytest.raises(embedded.EmbeddedError, match=r"passwords\.json is damaged"):
            embedded.start(root)
        embedded.clean(root)

    def test_server_that_cannot_start(self, old: Path) -> None:
        configuration = folder_of(old) / "postgresql" / "postgresql.auto.conf"
        configuration.write_text("nonsense = 1\n")
        with pytest.raises(
            embedded.EmbeddedError, match=r"did not start .*postgresql\.log"
        ) as told:
            embedded.start(old)
        assert 'unrecognized configuration parameter "nonsense"' in str(told.value)
        assert f"{folder_of(old)}/postgresql.log" in str(told.value)
        configuration.write_text("")
        embedded.servers._leave(folder_of(old))

    def test_wheel_missing(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("reviewapp.embedded.wheels.find_spec", lambda name: None)
        with pytest.raises(embedded.EmbeddedError, match=r"not installed(?s:.*)DATABASE_URL"):
            embedded.start(root)
        embedded.clean(root)


class TestPrivacy:
    @pytest.mark.parametrize("role", ["crosscheck", "postgres"])
    def test_no_way_into_postgresql_without_password(self, used: Used, role: str) -> None:
        url = used[2].database_url
        for database in ("crosscheck", "postgres"):
            stranger = make_conninfo(url, user=role, password="guessed", dbname=database)
            with pytest.raises(psycopg.OperationalError, match="authentication failed"):
                psycopg.connect(stranger)

    def test_no_way_into_redis_without_password(self, used: Used) -> None:
        without = "redis://" + used[2].redis_url.split("@")[1]
        with redis.Redis.from_url(without) as client, pytest.raises(redis.AuthenticationError):
            client.ping()

    def test_not_open_to_other_machines(self, used: Used) -> None:
        servers = used[2]
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
        assert select(servers, "SHOW listen_addresses") == "127.0.0.1"

    def test_secrets_are_for_the_owner_and_the_server_alone(self, used: Used) -> None:
        root, _, servers = used
        password = servers.redis_url.split("@")[0].rsplit(":", 1)[1].encode()
        folder = folder_of(root)
        commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]
        assert not any(password in command for command in commands)
        assert (folder / "passwords.json").stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o007 == 0
        assert (folder / "redis.conf").stat().st_mode & 0o007 == 0

    def test_folders_above_keep_their_permissions(self, root: Path) -> None:
        root.parent.mkdir(parents=True)
        above = [*root.parents, *Path(embedded.__file__).parents, *Path(psycopg.__file__).parents]
        before = [(path, path.stat().st_mode, path.stat().st_uid) for path in above]
        assert answer(embedded.start(root))
        assert [(path, path.stat().st_mode, path.stat().st_uid) for path in above] == before
