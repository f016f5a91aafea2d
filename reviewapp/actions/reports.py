"""Reports: one current one a run and taxonomy version that is looked at, computed by a worker;
frozen ones, which are in the run's own version, never change."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from redis.exceptions import RedisError

from evals import values
from evals.dispatch import soon
from evals.models import Run
from evals.recompute import under_way
from reviewapp.actions import audit, parts
from reviewapp.models import Look, Report, ReportPart, User
from reviewapp.reports import core as report
from reviewapp.reports import failing
from reviewapp.reports.freshness import is_fresh
from reviewapp.reports.parts.registry import PARTS
from reviewapp.reports.resting import rest
from reviewapp.reports.snapshot import one_at_a_time, one_moment
from reviewapp.reports.whole import whole
from taxonomy.models import TaxonomyVersion

log = logging.getLogger(__name__)

#: Seconds in which many labels make one refresh, and in which one is asked for once.
DEBOUNCE = 2
#: Until when this process need not ask again; each submission would ask the database else.
_quiet: dict[str, float] = {}
#: Comparisons of a run up to which whoever freezes its report waits for parts that are missing.
COMPUTED_HERE = 50_000


def refresh_soon(run_id: int, version_id: int | None = None, *, looked_at: bool = False) -> None:
    """Asks a worker for a fresh report, once what is being written is committed: no lock waits
    for Redis. Where Redis is away, or the report is still to rest (reviewapp/reports/resting.py),
    the next look at the rows does it. `version_id`: of the taxonomy version that it is to be said
    in, where that is not the run's own. `looked_at`: somebody waits for it, so that it is computed
    at once."""

    key = f"report-{run_id}-{version_id or 'own'}-{'now' if looked_at else 'soon'}"

    def ask() -> None:
        if _quiet.get(key, 0) > time.monotonic():
            return
        wait = rest(run_id, version_id, looked_at=looked_at)
        _quiet[key] = time.monotonic() + (wait or DEBOUNCE)
        if wait:
            return
        try:
            if cache.add(key, 1, timeout=DEBOUNCE):
                also = (version_id,) if version_id else ()
                countdown = 0 if looked_at else DEBOUNCE
                soon("reviewapp.tasks.refresh_report", run_id, *also, countdown=countdown)
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
    how long it took, and the gate's look that it took."""

    data: dict[str, Any]
    version_id: int
    at: datetime
    seconds: float
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
    missing = _missing(run)
    if missing and run.comparisons.count() > COMPUTED_HERE:
        parts.refresh_soon(run.pk)
        raise PartsMissing(
            f"The report on {run.name} is not whole yet: {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} being computed. Try again in a minute."
        )
    for name in missing:
        parts.refresh(run=run, name=name)
    if failed := _missing(run):
        raise PartsMissing(
            f"The report on {run.name} is not whole: {', '.join(failed)} could not be computed. "
            "The logs of the worker and the server say why; once that is mended, try again."
        )


def _missing(run: Run) -> list[str]:
    """Parts that were never computed, or failed when they last were."""
    made = ReportPart.objects.filter(run=run).exclude(basis=ReportPart.FAILED)
    there = set(made.values_list("name", flat=True))
    return [name for name in PARTS if name not in there]


def _compute(run: Run, version: TaxonomyVersion | None) -> Computed:
    started = time.monotonic()
    with one_moment():
        now = timezone.now()
        found = Run.objects.get(pk=run.pk)
        chosen = version.pk if version else found.taxonomy_version_id
        made = report.assemble(found, version)
        seconds = round(time.monotonic() - started, 3)
        return Computed(made.data, chosen, now, seconds, made.look)


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


def refresh_once(*, run: Run, version: TaxonomyVersion | None = None) -> bool:
    """Refreshes the current report where it does not show what is there, unless another process
    does so already: False then, and whoever asks has to ask again, for what they wait for may have
    come after the other began. One that cannot be computed says so on its page, and is tried again
    after a rest."""
    chosen = version.pk if version else run.taxonomy_version_id
    with one_at_a_time(run.pk, chosen) as mine:
        if mine:
            current = Report.objects.current(run, version)
            if current is None or not is_fresh(current):
                _refresh_or_say(run, version, chosen)
        return mine


def _refresh_or_say(run: Run, version: TaxonomyVersion | None, chosen: int) -> None:
    try:
        refresh(run=run, version=version)
    except (OperationalError, InterfaceError, SoftTimeLimitExceeded):
        raise  # not of this report: the database is away, or the worker has to stop
    except Exception as error:
        log.exception("the report on run %s could not be computed", run.pk)
        failing.failed(run.pk, chosen, error)
    else:
        failing.succeeded(run.pk, chosen)


def ask_again(run_id: int, version_id: int | None = None) -> None:
    """Of a worker, in a moment, once whoever computes the report may have done."""
    also = (version_id,) if version_id else ()
    if cache.add(f"report-{run_id}-{version_id or 'own'}-again", 1, timeout=DEBOUNCE):
        soon("reviewapp.tasks.refresh_report", run_id, *also, countdown=DEBOUNCE + 1)


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
        return Report.objects.create(
            **key, data=data, computed_at=computed.at, seconds=computed.seconds
        )
    if current.computed_at <= computed.at:
        current.data, current.computed_at, current.seconds = data, computed.at, computed.seconds
        current.save(update_fields=["data", "computed_at", "seconds"])
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
