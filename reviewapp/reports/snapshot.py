"""One moment of the database, and one who computes a report from it."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

LOCK_SPACE = 0x0C81  # of our advisory locks


@contextmanager
def one_moment() -> Iterator[None]:
    """All queries inside see one moment, and write nothing: what is committed meanwhile is seen
    wholly or not at all. Where a transaction is open already that cannot be had, so use it before
    opening one."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def one_at_a_time(run_id: int, version_id: int) -> Iterator[bool]:
    """Whether the caller alone computes the run's report in that taxonomy version until it is done;
    never waits, and dies with the connection."""
    key = zlib.crc32(f"{run_id} {version_id}".encode()) - 2**31
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, key])
        mine = bool(cursor.fetchone()[0])
    try:
        yield mine
    finally:
        if mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, key])
