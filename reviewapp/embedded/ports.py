"""Ports on the loopback interface, and the file that remembers those of a folder's servers."""

import contextlib
import json
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A port that is free right now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether anyone listens on `port`."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=5):
        return True
    return False


def remembered(folder: Path, name: str) -> int:
    """The port that a server was last started on; 0 where that is not known."""
    return _read(folder).get(name, 0)


def remember(folder: Path, name: str, port: int) -> None:
    """Stores the port of a server."""
    draft = folder / "ports.json.new"
    draft.write_text(json.dumps(_read(folder) | {name: port}))
    draft.replace(folder / "ports.json")


def _read(folder: Path) -> dict[str, int]:
    """A file that a power cut has damaged costs nothing but other ports next time."""
    try:
        found = json.loads((folder / "ports.json").read_text())
        return {name: int(port) for name, port in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
