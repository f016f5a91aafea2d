"""Whether a Celery worker is alive: what a page needs to know before it says "please wait".

Workers say so themselves, every two seconds. Asking them instead made a page wait until one that
had much to compute found the time to answer, or say that there was none.
"""

from __future__ import annotations

import logging

from django.core.cache import cache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

#: Seconds after which a worker that says nothing is taken for dead.
HOLDS = 15
_KEY = "worker-alive"


def say_alive(**_: object) -> None:
    """Called in a worker with each of its heartbeats (reviewapp/celery.py)."""
    try:
        cache.set(_KEY, 1, timeout=HOLDS)
    except RedisError as error:
        log.warning("Redis cannot be told that this worker is alive: %s", error)


def alive() -> bool:
    """Whether any worker said so lately. False where Redis cannot be reached."""
    try:
        return cache.get(_KEY) is not None
    except RedisError as error:  # a page must come up whatever Redis does
        log.warning("whether a worker is alive is not known: %s", error)
        return False
