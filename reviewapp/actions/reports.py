"""Reports: one current one a run and taxonomy version that is looked at, computed by a worker;
frozen ones, which are in the run's own version, never change."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from evals import values
from evals.dispatch import soon
from evals.models import Run
from evals.recompute import under_way
from reviewapp.actions import audit, parts
from reviewapp.models import Look, Report, ReportPart, User
from reviewapp.reports import core as report
from reviewapp.reports.freshness import is_fresh
from reviewapp.reports.parts.registry import PARTS
from reviewapp.reports.snapshot import one_moment
from reviewapp.reports.whole import whole
from taxonomy.models import TaxonomyVersion

log = logging.getLogger(__name__)

#: Seconds in which many labels make one refresh.
DEBOUNCE = 2
#: Until when a refresh that this process asked for waits; each submission would ask Redis else.
_asked: dict[str, float] = {}
#: Comparisons of a run up to which whoever freezes its report waits for parts that are missing.
COMPUTED_HERE = 50_000


def refresh_soon(run_id: int, version_id: int | None = None) -> None:
    """Asks a worker for a fresh report, once what is being written is committed: no lock waits
    for Redis. Where Redis is away, the next look at the rows does it. `version_id`: of the
    taxonomy version that it is to be said in, where that is not the run's own."""

    key = f"report-{run_id}-{version_id or 'own'}"

    def ask() -> None:
        if _asked.get(key, 0) > time.monotonic():
            return  # this process has just asked for one that is not begun yet
        try:
            if cache.add(key, 1, timeout=DEBOUNCE):
                _asked[key] = time.monotonic() + DEBOUNCE
                also = (version_id,) if version_id else ()
                soon("reviewapp.tasks.refresh_report", run_id, *also, countdown=DEBOUNCE)
        except RedisError as error:
            log.warning("no refresh of the report on run %s was asked for: %s", run_id, error)

    transaction.on_commit(ask, robust=True)


class NotNow(ValueError):
    """No report can be frozen at this moment; its text says what to wait for."""


class ComparedAgain(NotNow):
    """The numbers of a run are of two minds: its comparisons are made by two sets of comparators,
    or what is to be drawn by the new one is not drawn yet."""


class PartsMissing(NotNow):
    """Parts of the report have not been computed, and computing them here would take long."""


@dataclass(frozen=True)
class Computed:
    """The core of a report that is not stored yet, the version that it is in, the moment it shows,
    and the gate's look that it took."""

    data: dict[str, Any]
    version_id: int
    at: datetime
    look: Look | None = None

    @property
    def mixed(self) -> bool:
        """Whether it saw comparisons of two sets, since the comparators were just changed."""
        return bool(self.data["basis"]["comparing_again"])


def compute(run: Run, version: TaxonomyVersion | None = None) -> Computed:
    """The report of the run as the database is now, in the run's taxonomy version or another; parts
    that were never computed are computed first, where that does not take long.

    All queries of the core see one moment: what is committed meanwhile is in it wholly or not at
    all. Where a transaction is open already that cannot be had, so call it before opening one.
    Raises ComparedAgain, PartsMissing and taxonomy.translation.Untranslatable.
    """
    run = Run.objects.get(pk=run.pk)
    if under_way(run):
        raise ComparedAgain(
            f"The comparisons of {run.name} are being made again by other comparators: wait until "
            "that is done."
        )
    _complete(run)
    return _compute(run, version)


def _complete(run: Run) -> None:
    """Raises PartsMissing."""
    there = ReportPart.objects.filter(run=run).values_list("name", flat=True)
    missing = [name for name in PARTS if name not in set(there)]
    if missing and run.comparisons.count() > COMPUTED_HERE:
        parts.refresh_soon(run.pk)
        raise PartsMissing(
            f"The report on {run.name} is not whole yet: {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} being computed. Try again in a minute."
        )
    for name in missing:
        parts.refresh(run=run, name=name)


def _compute(run: Run, version: TaxonomyVersion | None) -> Computed:
    with one_moment():
        now = timezone.now()
        found = Run.objects.get(pk=run.pk)
        chosen = version.pk if version else found.taxonomy_version_id
        made = report.assemble(found, version)
        return Computed(made.data, chosen, now, made.look)


def refresh(*, run: Run, version: TaxonomyVersion | None = None) -> Report:
    """Computes the core of a current report of the run from what is in the database now, and takes
    the newest parts in. While its comparisons are being made again by other comparators the one of
    before stays, where there is one."""
    run = Run.objects.get(pk=run.pk)
    if (current := Report.objects.current(run, version)) and under_way(run):
        return current
    computed = _compute(run, version)
    if computed.mixed and current:  # the comparators were changed between the two looks
        return current
    with transaction.atomic():
        return _keep(run, computed)


def _keep(run: Run, computed: Computed) -> Report:
    """Makes it the current report in its version, unless a later one is, and stores the look that
    it took; the caller is in a transaction."""
    Run.objects.select_for_update(no_key=True).get(pk=run.pk)
    if computed.look and _overtaken(computed):
        computed = _compute(run, TaxonomyVersion.objects.get(pk=computed.version_id))
    data = computed.data
    if look := computed.look:
        _store(look)
        data = {**data, "basis": {**data["basis"], "looks": data["basis"]["looks"] + 1}}
    data = whole(data, ReportPart.objects.filter(run=run))
    key = {"run": run, "taxonomy_version_id": computed.version_id}
    current = Report.objects.filter(**key, frozen_at=None).first()
    if current is None:
        return Report.objects.create(**key, data=data, computed_at=computed.at)
    if current.computed_at <= computed.at:
        current.data, current.computed_at = data, computed.at
        current.save(update_fields=["data", "computed_at"])
    return current


def _overtaken(computed: Computed) -> bool:
    """Whether a look was taken since by another process: each stands on all before it. The run is
    locked, so no other follows."""
    assert computed.look
    taken = Look.objects.filter(run=computed.look.run_id).count()
    return bool(taken != computed.data["basis"]["looks"])


def _store(look: Look) -> None:
    look.save()
    audit.record(
        project=look.run.project,
        by="worker",
        verb="took a look of the gate at",
        subject=look.run,
        data={"look": look.number, "labels": look.labels, "verdict": str(look.verdict)},
    )


def up_to_date(*, run: Run, version: TaxonomyVersion | None = None) -> Report:
    """The current report with all its parts, computed now where it is missing or something has
    changed since."""
    parts.up_to_date(run=run)
    current = Report.objects.current(run, version)
    if current and is_fresh(current):
        return current
    return refresh(run=run, version=version)


def freeze(*, run: Run, by: User, computed: Computed | None = None) -> Report:
    """A frozen, digested report of what holds at this moment, with the newest parts and their
    dates; it never changes again. Raises ComparedAgain and PartsMissing."""
    computed = computed or compute(run)
    if computed.mixed:
        raise ComparedAgain(
            f"The comparators of {run.name} were changed and its comparisons are being made again: "
            "wait until that is done. The run's page shows how far it is."
        )
    with transaction.atomic():
        current = _keep(run, computed)
        frozen = Report.objects.create(
            run=run,
            taxonomy_version_id=computed.version_id,
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
