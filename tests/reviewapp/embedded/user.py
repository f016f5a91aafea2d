"""A process that uses the embedded servers: `python user.py durable|volatile ROOT`, or `throwaway`.

It says where they are, and lives until its input ends.
"""

import json
import os
import sys
import types
from pathlib import Path

if __name__ == "__main__":  # without the Django project, which these servers do not need
    clone = Path(__file__).parents[3]
    sys.path[0] = str(clone)
    sys.modules["reviewapp"] = types.ModuleType("reviewapp")
    sys.modules["reviewapp"].__path__ = [str(clone / "reviewapp")]

from reviewapp import embedded
from reviewapp.embedded import postgresql, servers

make_steps = postgresql.steps


def volatile_steps(*args: object, **options: object) -> object:
    return make_steps(*args, **options | {"volatile": True})  # type: ignore[arg-type]


# For the many tests that are not about durability: a short grace period, which they would only wait
# for, and nothing forced to the disk, from where some disks take seconds to delete it.
HURRY = [
    (servers, "GRACE", 0.2),
    (postgresql, "SETTINGS", postgresql.SETTINGS | {"fsync": "off"}),
    (postgresql, "steps", volatile_steps),
    (os, "sync", lambda: None),
]


def tell(found: embedded.Servers) -> None:
    print(json.dumps([found.database_url, found.redis_url]), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    kind = sys.argv[1]
    if kind == "throwaway":
        with embedded.throwaway() as found:
            tell(found)
    else:
        for owner, name, value in HURRY if kind == "volatile" else ():
            setattr(owner, name, value)
        tell(embedded.start(Path(sys.argv[2])))
