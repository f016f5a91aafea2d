"""Reports: one current one a run, computed by a worker; frozen ones never change."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from evals import values
from evals.dispatch import soon
from evals.models import Run
from reviewapp import report
from reviewapp.actions import audit
from reviewapp.freshness import is_fresh
from reviewapp.models import Report, User

log = logging.getLogger(__name__)

#: Seconds in which many labels make one refresh.
DEBOUNCE = 2


def refresh_soon(run_id: int) -> None:
    """Asks a worker for a fresh report, once what is being written is committed: no lock waits
    for Redis. Where Redis is away, the next look at the rows does it."""

    def ask() -> None:
        try:
            if cache.add(f"report-{run_id}", 1, timeout=DEBOUNCE):
                soon("reviewapp.tasks.refresh_report", run_id, countdown=DEBOUNCE)
        except RedisError as error:
            log.warning("no refresh of the report on run %s was asked for: %s", run_id, error)

    transaction.on_commit(ask, robust=True)


@dataclass(frozen=True)
class Computed:
    """A report that is not stored yet, and the moment that it shows."""

    data: dict[str, Any]
    at: datetime


def compute(run: Run) -> Computed:
    """The report of the run as the database is now.

    All its queries see one moment: what is committed meanwhile is in it wholly or not at all.
    Where a transaction is open already that cannot be had, so call it before opening one.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        now = timezone.now()
        return Computed(report.assemble(Run.objects.get(pk=run.pk)), now)


def refresh(*, run: Run) -> Report:
    """Computes the run's current report from what is in the database now."""
    computed = compute(run)
    with transaction.atomic():
        return _keep(run, computed)


def _keep(run: Run, computed: Computed) -> Report:
    """Makes it the current report, unless a later one is; the caller is in a transaction."""
    Run.objects.select_for_update(no_key=True).get(pk=run.pk)
    current = Report.objects.filter(run=run, frozen_at=None).first()
    if current is None:
        return Report.objects.create(run=run, data=computed.data, computed_at=computed.at)
    if current.computed_at <= computed.at:
        current.data, current.computed_at = computed.data, computed.at
        current.save(update_fields=["data", "computed_at"])
    return current


def up_to_date(*, run: Run) -> Report:
    """The current report, computed now where it is missing or something has changed since."""
    current = Report.objects.filter(run=run, frozen_at=None).first()
    if current and is_fresh(current):
        return current
    return refresh(run=run)


def freeze(*, run: Run, by: User, computed: Computed | None = None) -> Report:
    """A frozen, digested report of what holds at this moment; it never changes again."""
    computed = computed or compute(run)
    with transaction.atomic():
        current = _keep(run, computed)
        frozen = Report.objects.create(
            run=run,
            data=current.data,
            computed_at=current.computed_at,
            frozen_at=timezone.now(),
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
