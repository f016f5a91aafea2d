"""usage: python -m reviewapp.embedded status|stop|clean [FOLDER]

FOLDER is that of the clone's data, `.data` by default.
"""

import sys
from pathlib import Path

from reviewapp import embedded
from reviewapp.embedded.homes import left_behind
from reviewapp.embedded.testing import remove_abandoned

ROOT = Path(__file__).parents[2] / ".data"


def status(root: Path) -> str:
    """What runs, in words."""
    found = embedded.status(root)
    lines = [f"data: {found.folder or 'none yet'}"]
    for name in ("postgresql", "redis", "keeper"):
        pid = getattr(found, name)
        lines.append(f"{name}: " + (f"runs as process {pid}" if pid else "does not run"))
    lines.append("used by: " + (", ".join(f"process {pid}" for pid in found.users) or "nobody"))
    for folder, clone in left_behind().items():
        lines.append(f"left behind: {folder}, by the clone that was in {Path(clone).parent}")
    return "\n".join(lines)


def stop(root: Path) -> str:
    """Stops the servers, whoever uses them."""
    embedded.stop(root)
    return "The embedded servers are stopped; their data are kept."


def clean(root: Path) -> str:
    """Deletes the servers' data."""
    remove_abandoned()
    embedded.clean(root)
    return "The embedded servers are stopped and their data deleted."


VERBS = {"status": status, "stop": stop, "clean": clean}


def main(arguments: list[str]) -> int:
    """Exit status: 0 done, 1 could not be done, 3 wrong usage."""
    if not 1 <= len(arguments) <= 2 or arguments[0] not in VERBS:
        print(__doc__, file=sys.stderr)
        return 3
    try:
        print(VERBS[arguments[0]](Path(arguments[1]) if arguments[1:] else ROOT))
    except embedded.EmbeddedError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
