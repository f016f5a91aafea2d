"""Parts of a report: computed apart from its core, each with a date of its own, and taken into the
current reports of the run as soon as they are there."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from evals.dispatch import soon
from evals.models import Run
from evals.recompute import under_way
from reviewapp.models import Report, ReportPart
from reviewapp.reports.freshness import basis, behind
from reviewapp.reports.parts.base import Nothing
from reviewapp.reports.parts.registry import PARTS
from reviewapp.reports.snapshot import one_moment
from reviewapp.reports.whole import whole

log = logging.getLogger(__name__)

#: A part that took s seconds is not computed again before REST × s have passed, or LONGEST_REST.
REST, LONGEST_REST = 20, 60
#: Seconds in which a part is asked for once.
ASKED_FOR = 10


def refresh(*, run: Run, name: str) -> ReportPart | None:
    """Computes a part from what is in the database now; None while the run's comparisons are being
    made again by other comparators: what would be seen then is of two minds.

    A part that cannot be computed says so in its place, and is tried again after a rest.
    """
    if under_way(run):
        return None
    started = time.monotonic()
    try:
        made = _computed(run, name, started)
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise  # nothing could be stored either, or the worker has to stop
    except Exception as error:
        log.exception("part %s of run %s could not be computed", name, run.pk)
        made = _failed(run, name, error)
    return _keep(made) if made else None


def _failed(run: Run, name: str, error: Exception) -> ReportPart:
    """What was there before, and why it is not newer. Of no basis, so that it stays behind; having
    taken so long, so that it rests."""
    before = ReportPart.objects.filter(run=run, name=name).first()
    return ReportPart(
        run=run,
        name=name,
        data=before.data if before else None,
        why=f"It could not be computed ({type(error).__name__}). The worker's log says more; it is "
        "tried again.",
        basis=ReportPart.FAILED,
        seconds=LONGEST_REST / REST,
        computed_at=timezone.now(),
    )


def _computed(run: Run, name: str, started: float) -> ReportPart | None:
    with one_moment():
        now = timezone.now()
        run = Run.objects.get(pk=run.pk)
        now_there = basis(run.pk)
        if now_there["comparing_again"]:
            return None
        stands_on = PARTS[name].basis(now_there)
        try:
            data, why = PARTS[name].compute(run), ""
        except Nothing as nothing:
            data, why = None, str(nothing)
    return ReportPart(
        run=run,
        name=name,
        data=data,
        why=why,
        basis=stands_on,
        seconds=round(time.monotonic() - started, 3),
        computed_at=now,
    )


@transaction.atomic
def _keep(made: ReportPart) -> ReportPart:
    """Unless a later one is there."""
    Run.objects.select_for_update(no_key=True).get(pk=made.run_id)
    before = ReportPart.objects.filter(run=made.run_id, name=made.name).first()
    if before and before.computed_at > made.computed_at:
        return before
    made.pk = before.pk if before else None
    made.save()
    for current in Report.objects.filter(run=made.run_id, frozen_at=None):
        current.data = whole(current.data, [made])
        current.save(update_fields=["data"])
    return made


def up_to_date(*, run: Run) -> None:
    """Computes here and now whatever is missing or out of date."""
    for name in behind(run.pk):
        refresh(run=run, name=name)


def refresh_soon(run_id: int) -> None:
    """Asks workers for the parts that are missing or out of date; those that take long are let
    rest for a while."""
    wanted = behind(run_id)
    if not wanted:
        return
    rests = _resting(run_id)
    for name in wanted:
        try:
            if name not in rests and cache.add(f"part-{run_id}-{name}", 1, timeout=ASKED_FOR):
                soon("reviewapp.tasks.refresh_part", run_id, name)
        except RedisError as error:
            log.warning("part %s of run %s was not asked for: %s", name, run_id, error)


def _resting(run_id: int) -> set[str]:
    now = timezone.now()
    rows = ReportPart.objects.filter(run=run_id).values_list("name", "seconds", "computed_at")
    return {
        name
        for name, seconds, at in rows
        if now - at < timedelta(seconds=min(REST * seconds, LONGEST_REST))
    }
