"""Redis: the broker. It may lose everything, since what is to be done can be read from the rows of
the database; it saves now and then, and when it is stopped, so that a restart rarely loses work.
"""

import contextlib
import os
import socket
from pathlib import Path

from reviewapp.embedded import launch
from reviewapp.embedded.accounts import account_of
from reviewapp.embedded.passwords import write_private
from reviewapp.embedded.ports import LOOPBACK
from reviewapp.embedded.wheels import Programs

# A full disk must not stop the queue: nothing in it needs the disk.
CONFIGURATION = f"""\
bind {LOOPBACK}
protected-mode yes
requirepass {{password}}
dir {{data}}
save {{save}}
appendonly no
stop-writes-on-bgsave-error no
daemonize no
always-show-logo no
"""


def start(folder: Path, programs: Programs, *, password: str, volatile: bool) -> int:
    """The port of the running Redis."""
    data, account = folder / "redis", account_of(folder)
    configuration = folder / "redis.conf"
    data.mkdir(mode=0o700, exist_ok=True)
    write_private(
        configuration,
        CONFIGURATION.format(
            password=password, data=_quoted(data), save='""' if volatile else "60 1"
        ),
    )
    if account is not None:
        os.chown(data, account.uid, account.gid)
        os.chown(configuration, 0, account.gid)
        configuration.chmod(0o640)

    def command(port: int) -> list[str]:
        return [str(programs.redis), str(configuration), "--port", str(port)]

    return launch.serve(folder, "redis", command, lambda port: _is_ready(port, password))


def _is_ready(port: int, password: str) -> bool:
    """Whether our Redis answers: it knows the password, and has read its data."""
    with (
        contextlib.suppress(OSError),
        socket.create_connection((LOOPBACK, port), timeout=0.5) as to,
    ):
        to.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
        with to.makefile("rb") as answer:
            return answer.read() == b"+OK\r\n+PONG\r\n+OK\r\n"
    return False


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
