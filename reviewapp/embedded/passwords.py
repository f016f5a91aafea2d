"""The passwords of a folder's servers: other users of the machine reach loopback ports too."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from reviewapp.embedded.errors import EmbeddedError


@dataclass(frozen=True)
class Passwords:
    """One password for the database role `crosscheck`, one for Redis."""

    postgresql: str
    redis: str


def passwords(folder: Path) -> Passwords:
    """The passwords of this folder, made once; readable by its owner alone."""
    path = folder / "passwords.json"
    try:
        return Passwords(**json.loads(path.read_text()))
    except FileNotFoundError:
        made = Passwords(secrets.token_hex(24), secrets.token_hex(24))
        write_private(path, json.dumps(asdict(made)))
        return made
    except (ValueError, TypeError):
        raise EmbeddedError(
            f"{path} is damaged, and without it nobody gets into the database beside it.\n"
            "Restore it from a backup; or `make clean` deletes database and passwords together."
        ) from None


def write_private(path: Path, text: str) -> None:
    """Writes a file for its owner alone, whole or not at all, also when the power fails."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
