"""PostgreSQL and Redis from their wheels, for a machine on which nobody has set up either.

    servers = embedded.start(root)         # find or start the servers of this clone, and use them
    with embedded.throwaway() as servers:  # a fresh, fast, volatile pair, for tests
    embedded.stop(root)                    # stop them now, whoever uses them
    embedded.clean(root)                   # stop them and delete their data

Who is alive is told by locks that the kernel drops when a process ends, however it ends: each user
holds `users` (shared), each server and the keeper its own `<name>.lock`. A keeper process per
folder waits until nobody holds `users` and then stops the servers. There are no process ids to go
stale, and nothing to repair after a kill -9 or a reboot.
"""

from reviewapp.embedded.errors import EmbeddedError
from reviewapp.embedded.servers import Servers, Status, clean, start, status, stop
from reviewapp.embedded.testing import throwaway

__all__ = [
    "EmbeddedError",
    "Servers",
    "Status",
    "clean",
    "start",
    "status",
    "stop",
    "throwaway",
]
