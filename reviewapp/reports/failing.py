"""Reports whose core could not be computed. Their pages say so where the numbers would stand, until
it can: a page that only ever says "being computed" is waited at for nothing.

Kept in the cache and not in a row: it is of minutes, and the worker's log says more.
"""

from __future__ import annotations

import contextlib
import time

from django.core.cache import cache
from redis.exceptions import RedisError

#: Seconds until one is tried again, and that it is known that it failed.
REST, KNOWN = 60.0, 3600


def failed(run_id: int, version_id: int, error: Exception) -> None:
    with contextlib.suppress(RedisError):
        cache.set(_key(run_id, version_id), (type(error).__name__, time.time()), KNOWN)


def succeeded(run_id: int, version_id: int) -> None:
    with contextlib.suppress(RedisError):
        cache.delete(_key(run_id, version_id))


def why(run_id: int, version_id: int) -> str:
    """The name of the error when it was last tried, "" where it did not fail."""
    return _known(run_id, version_id)[0]


def rest(run_id: int, version_id: int) -> float:
    """Seconds until it is to be tried again."""
    return max(0.0, _known(run_id, version_id)[1] + REST - time.time())


def _known(run_id: int, version_id: int) -> tuple[str, float]:
    with contextlib.suppress(RedisError):
        if known := cache.get(_key(run_id, version_id)):
            return known[0], known[1]
    return "", 0.0


def _key(run_id: int, version_id: int) -> str:
    return f"report-failed-{run_id}-{version_id}"
