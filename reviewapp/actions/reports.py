"""Reports: one current one a run, computed by a worker; frozen ones never change."""

from __future__ import annotations

import logging

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from evals import values
from evals.dispatch import soon
from evals.models import Run
from reviewapp import report
from reviewapp.actions import audit
from reviewapp.models import Report, User

log = logging.getLogger(__name__)

#: Seconds in which many labels make one refresh.
DEBOUNCE = 2


def refresh_soon(run_id: int) -> None:
    """Asks a worker for a fresh report. Where Redis is away, the next look at the rows does it."""
    try:
        if cache.add(f"report-{run_id}", 1, timeout=DEBOUNCE):
            soon("reviewapp.tasks.refresh_report", run_id, countdown=DEBOUNCE)
    except RedisError as error:
        log.warning("no refresh of the report on run %s was asked for: %s", run_id, error)


def refresh(*, run: Run) -> Report:
    """Computes the run's current report from what is in the database now."""
    now = timezone.now()
    data = report.assemble(run)
    with transaction.atomic():
        # Two workers at once: the later computation wins, the earlier is not written over it.
        Run.objects.select_for_update().get(pk=run.pk)
        current = Report.objects.filter(run=run, frozen_at=None).first()
        if current and current.computed_at > now:
            return current
        if current is None:
            return Report.objects.create(run=run, data=data, computed_at=now)
        current.data, current.computed_at = data, now
        current.save(update_fields=["data", "computed_at"])
        return current


def up_to_date(*, run: Run) -> Report:
    """The current report, computed now where it is missing or something has changed since."""
    current = Report.objects.filter(run=run, frozen_at=None).first()
    if current and report.is_fresh(run, current.computed_at):
        return current
    return refresh(run=run)


@transaction.atomic
def freeze(*, run: Run, by: User) -> Report:
    """A frozen, digested report of what holds at this moment; it never changes again."""
    current, now = refresh(run=run), timezone.now()
    frozen = Report.objects.create(
        run=run,
        data=current.data,
        computed_at=current.computed_at,
        frozen_at=now,
        frozen_by=by,
        digest=values.digest(current.data),
    )
    audit.record(
        project=run.project,
        by=by,
        verb="froze the report on",
        subject=run,
        data={"report": frozen.pk, "digest": frozen.digest},
    )
    return frozen
