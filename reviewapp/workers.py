"""Whether a Celery worker answers: what a page needs to know before it says "please wait"."""

from __future__ import annotations

import logging
import time

from reviewapp.celery import app

log = logging.getLogger(__name__)

#: Seconds for which an answer holds. Kept in the process, so that it works without Redis too.
HOLDS = 10.0
_last: tuple[float, bool] | None = None


def alive() -> bool:
    """Whether any worker answered in the last ten seconds. False where Redis cannot be reached."""
    global _last
    now = time.monotonic()
    if _last is None or now - _last[0] > HOLDS:
        _last = (now, _ping())
    return _last[1]


def _ping() -> bool:
    """One round of half a second at most: the first worker to answer ends it."""
    try:
        return bool(app.control.broadcast("ping", reply=True, timeout=0.5, limit=1))
    except Exception as error:  # a page must come up whatever the broker does
        log.warning("no worker could be asked whether it is alive: %s", error)
        return False
