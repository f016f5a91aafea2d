"""What lately came in as spans, for the page that helps to set it up: a hint, never the truth.

Kept in Redis, a little of it: names come from outside, so they are cut and few.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
from django.core.cache import cache
from django.utils import timezone
from redis.exceptions import RedisError

from evals.models import Project
from evals.otlp.intake import Taken

log = logging.getLogger(__name__)

#: Names of models that nothing maps; their characters; how long they are kept.
NAMES, LONGEST, SECONDS = 20, 200, 14 * 24 * 3600


@dataclass(frozen=True)
class Seen:
    """names: (name, spans, last seen), the latest first; `at` is when the last export came."""

    names: list[tuple[str, int, datetime]]
    at: datetime | None = None
    spans: int = 0
    calls: int = 0
    stored: int = 0
    message: str = ""


def note(project: Project, taken: Taken) -> None:
    """Takes down what an export brought."""
    now = timezone.now()
    try:
        names = {name: (count, at) for name, count, at in of(project).names}
        for name, count in taken.unmapped.items():
            before, _ = names.get(name[:LONGEST], (0, now))
            names[name[:LONGEST]] = before + count, now
        kept = sorted(
            ((name, count, at) for name, (count, at) in names.items()),
            key=lambda one: one[2],
            reverse=True,
        )[:NAMES]
        _keep(project, Seen(kept, now, taken.spans, taken.calls, taken.stored, taken.message()))
    except RedisError as error:
        log.warning("what came in as spans was not taken down: %s", error)


def of(project: Project) -> Seen:
    """What is known; nothing where Redis forgot it, or is away."""
    try:
        found = cache.get(_key(project))
        return msgspec.json.decode(found, type=Seen) if found else Seen([])
    except (RedisError, msgspec.MsgspecError) as error:
        log.warning("what came in as spans cannot be read: %s", error)
        return Seen([])


def forget_names(project: Project) -> None:
    """Once the configuration says something else about them."""
    try:
        if (seen := of(project)).names:
            _keep(project, replace(seen, names=[]))
    except RedisError as error:
        log.warning("what came in as spans was not forgotten: %s", error)


def _keep(project: Project, seen: Seen) -> None:
    cache.set(_key(project), msgspec.json.encode(seen), timeout=SECONDS)


def _key(project: Project) -> str:
    return f"spans-{project.pk}"
