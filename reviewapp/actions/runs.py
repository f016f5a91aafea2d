"""Runs: started on what the project is configured to at that moment, which is pinned."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from evals.comparators.pipeline import Pipeline
from evals.dispatch import soon
from evals.models import EvalSetVersion, ModelVersion, Project, Request, Run
from evals.sampling import SamplingPlan
from reviewapp.actions import audit, relabel
from reviewapp.actions.audit import By
from reviewapp.actions.limits import (
    RunError as RunError,
)
from reviewapp.actions.limits import (
    check_cap,
    check_samples,
    running_again,
    with_share,
)
from reviewapp.models import ReviewItem, Slot, User

WINDOW = timedelta(days=14)
MOST_DAYS = 366


@transaction.atomic
def start(
    *,
    project: Project,
    name: str,
    baseline: ModelVersion,
    candidate: ModelVersion,
    by: By,
    evalset_version: EvalSetVersion | None = None,
    recorded: bool = False,
    days: float | None = None,
    share: float | None = None,
    samples: int = 0,
    cap_usd: Decimal | None = None,
    draw: bool = True,
) -> Run:
    """Starts a run, offline where an eval set version is given, else a shadow.

    A shadow takes the traffic of the next `days` (14), or of it the `share` (0 to 1; by default
    the sampling plan's). With `recorded` it takes the traffic that is there already, and nothing
    that comes later. An offline run asks both models for `samples` further answers to every
    request. `cap_usd`: what asking may cost. Without `draw` nothing goes into the queue: the report
    stands on labels from elsewhere. Raises RunError.
    """
    if baseline == candidate:
        raise RunError("The baseline and the candidate are the same model version: choose two.")
    if Run.objects.filter(project=project, name=name).exists():
        raise RunError(f"A run named {name!r} exists in this project: choose another name.")
    if recorded and days is not None:
        raise RunError("A recorded shadow covers what is there: days are for a live one.")
    if evalset_version and (recorded or days):
        raise RunError("An offline run covers its eval set: days and recorded are for a shadow.")
    if evalset_version and share is not None:
        raise RunError("An offline run covers its eval set: a share of traffic is for a shadow.")
    check_samples(samples, evalset_version)
    check_cap(cap_usd, baseline, candidate)
    plan = SamplingPlan.parse(project.sampling)
    if share is not None:
        plan = with_share(plan, share)
    if not draw:
        plan = replace(plan, labels=0, equivalent=0, identical=0)
    opens, closes = _window(project, evalset_version, recorded, days)
    run = Run.objects.create(
        project=project,
        name=name,
        kind=Run.Kind.OFFLINE if evalset_version else Run.Kind.SHADOW,
        baseline=baseline,
        candidate=candidate,
        evalset_version=evalset_version,
        taxonomy_version=project.taxonomy_version,
        pipeline=project.pipeline,
        pipeline_digest=Pipeline.parse(project.pipeline).digest,
        sampling=plan.as_dict(),
        several_raters=project.several_raters,
        seed=secrets.token_hex(16),
        samples=samples,
        cap_usd=cap_usd,
        opens_at=opens,
        closes_at=closes,
        started_by=by.get_username() if isinstance(by, User) else by,
    )
    audit.record(
        project=project,
        by=by,
        verb="started",
        subject=run,
        data={
            "kind": run.kind,
            "baseline": baseline.name,
            "candidate": candidate.name,
            "evalset": str(evalset_version or ""),
            "taxonomy": str(run.taxonomy_version),
            "comparators": run.pipeline_digest,
            **({} if evalset_version else {"traffic_share": plan.traffic_share}),
            **({"samples": samples} if samples else {}),
            **({} if cap_usd is None else {"cap_usd": str(cap_usd)}),
        },
    )
    soon("evals.tasks.advance_run", run.pk)
    return run


def _window(
    project: Project, evalset: EvalSetVersion | None, recorded: bool, days: float | None
) -> tuple[datetime, datetime | None]:
    now = timezone.now()
    if evalset:
        return now, None
    if not recorded:
        # Compared as a number: a timedelta has no room for a billion days, nor for NaN.
        if days is not None and not 0 < days <= MOST_DAYS:
            raise RunError(f"The window must be longer than nothing and at most {MOST_DAYS} days.")
        return now, now + (WINDOW if days is None else timedelta(days=days))
    first = Request.objects.filter(project=project, source=Request.Source.TRAFFIC).aggregate(
        first=Min("occurred_at")
    )["first"]
    if first is None:
        raise RunError("No traffic has been received: ingest some before a run over it.")
    if first > now:
        raise RunError("All traffic received is dated in the future: check its occurred_at.")
    return first, now


def advance(*, project: Project) -> None:
    """Sets the project's running runs going on what has just come in."""
    running = Run.objects.filter(project=project, state=Run.State.RUNNING)
    for pk in running.values_list("pk", flat=True):
        soon("evals.tasks.advance_run", pk)


def pause(*, run: Run, by: By) -> None:
    _go(
        run,
        by,
        "paused",
        Run.State.RUNNING,
        state=Run.State.PAUSED,
        state_reason="by hand",
        paused_by=Run.PausedBy.HAND,
    )


def resume(*, run: Run, by: By) -> None:
    """Goes on. A version whose failures paused the run is asked one call at a time at first."""
    _go(run, by, "resumed", Run.State.PAUSED, **running_again())


@transaction.atomic
def close(*, run: Run, by: By) -> None:
    """Waits for no further traffic or uploads: what has no output by now has failed.
    A window that has ended stays as it was, or traffic from after it would come in."""
    now = timezone.now()
    if Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, closes_at__lte=now).exists():
        raise RunError(f"{run.name} takes nothing more already: it only waits for its models.")
    cut_short = {"cut_short_at": now} if run.closes_at and run.closes_at > now else {}
    _go(run, by, "closed", Run.State.RUNNING, closes_at=now, **cut_short)


@transaction.atomic
def cancel(*, run: Run, by: By) -> None:
    """Stops a run for good. Outputs and reviews stay; its open items leave the queue, and those
    that somebody holds: a lease that runs out would count as open. Drafts are kept."""
    states = (Run.State.RUNNING, Run.State.PAUSED, Run.State.FINISHED)
    _go(run, by, "cancelled", *states, state=Run.State.CANCELLED, finished_at=None)
    # Whoever is skipping an item opens another place on it: wait for them, or that one would stay.
    locked = ReviewItem.objects.select_for_update(no_key=True).filter(run=run)
    list(locked.order_by("pk").values_list("pk"))
    # What was to be relabelled is as it was: its labels are kept too.
    relabel.settle(run, relabel.give_back(Slot.objects.filter(item__run=run)))
    Slot.objects.waiting().filter(item__run=run).delete()


@transaction.atomic
def _go(run: Run, by: By, verb: str, *states: str, **changes: object) -> None:
    if not Run.objects.filter(pk=run.pk, state__in=states).update(**changes):
        run.refresh_from_db()
        raise RunError(f"{run.name} is {run.state}: it cannot be {verb}.")
    audit.record(project=run.project, by=by, verb=verb, subject=run)
    soon("evals.tasks.advance_run", run.pk)
