"""How far reviewers agree, computed apart and kept with its date."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from redis.exceptions import RedisError

from evals.dispatch import soon
from evals.models import Project
from reviewapp.disagreement import agreeing
from reviewapp.models import Agreement
from reviewapp.reports.snapshot import one_moment

log = logging.getLogger(__name__)

#: A computation that took s seconds is not made again before REST × s have passed, or SHORTEST.
REST, SHORTEST = 20, 30
#: Seconds in which it is asked for once.
ASKED_FOR = 30
#: Of the stored data; one of another format is out of date.
FORMAT = 1
NONE = "No item was judged blind by several reviewers, so how far they agree is not known."

_BASIS = """
SELECT count(v.id), count(v.id) FILTER (WHERE v.live), coalesce(max(v.id), 0)
FROM reviewapp_rater r JOIN reviewapp_review v ON v.rater_id = r.id WHERE r.project_id = %s
"""


def basis(project: Project) -> dict[str, Any]:
    """What it stands on, in a few numbers that change whenever it does. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BASIS, [project.pk])
        reviews, live, last = cursor.fetchone()
    version = project.taxonomy_version_id
    return {"format": FORMAT, "taxonomy": version, "reviews": [reviews, live, last]}


def refresh(*, project: Project) -> Agreement:
    """Computes it from what is in the database now. Twice at once makes no difference."""
    started = time.monotonic()
    with one_moment():
        now, stands_on = timezone.now(), basis(project)
        data = agreeing.compute(project)
    values = {
        "data": data,
        "why": "" if data else NONE,
        "basis": stands_on,
        "seconds": round(time.monotonic() - started, 3),
        "computed_at": now,
    }
    made, _ = Agreement.objects.update_or_create(project=project, defaults=values)
    return made


def refresh_soon(project: Project, stored: Agreement | None) -> bool:
    """Asks a worker for it where it is missing or behind, unless it was computed just now. Gives
    whether it is behind."""
    if stored and stored.basis == basis(project):
        return False
    if stored:
        rest = timedelta(seconds=max(REST * stored.seconds, SHORTEST))
        if timezone.now() - stored.computed_at < rest:
            return True
    try:
        if cache.add(f"agreement-{project.pk}", 1, timeout=ASKED_FOR):
            soon("reviewapp.tasks.refresh_agreement", project.pk)
    except RedisError as error:
        log.warning("agreement of project %s was not asked for: %s", project.pk, error)
    return True
