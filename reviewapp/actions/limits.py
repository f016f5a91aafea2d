"""What a run may spend and take: checked when it starts, changed while it goes on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from evals import spending
from evals.dispatch import soon
from evals.models import EvalSetVersion, ModelVersion, Run
from evals.sampling import SamplingPlan
from reviewapp.actions import audit
from reviewapp.actions.audit import By

MOST_SAMPLES = 20
MOST_USD = Decimal(10_000_000)


class RunError(ValueError):
    """The run cannot be started, or cannot go from its state to that one; nothing was changed."""


@transaction.atomic
def change(*, run: Run, by: By, traffic_share: float | None = None, **cap: Any) -> None:
    """Changes what of a run may change while it goes on: `traffic_share` upwards, and `cap_usd`
    where it is given (None is no cap). All or nothing; raises RunError."""
    if traffic_share is not None:
        raise_share(run=run, share=traffic_share, by=by)
    if "cap_usd" in cap:
        set_cap(run=run, cap_usd=cap["cap_usd"], by=by)


@transaction.atomic
def set_cap(*, run: Run, cap_usd: Decimal | None, by: By) -> None:
    """Changes what asking may cost; None is no cap. A run that the cap had paused goes on where
    the new one is higher than what was spent. Raises RunError."""
    run = _changeable(run)
    check_cap(cap_usd, run.baseline, run.candidate)
    if cap_usd == run.cap_usd:
        return
    spent, waiting = spending.totals(run)
    again = run.paused_by == Run.PausedBy.CAP and (cap_usd is None or cap_usd > spent + waiting)
    Run.objects.filter(pk=run.pk).update(cap_usd=cap_usd, **(running_again() if again else {}))
    amounts = {"from": run.cap_usd, "to": cap_usd, "spent": spent}
    audit.record(
        project=run.project,
        by=by,
        verb="changed the spending cap of",
        subject=run,
        data={name: None if usd is None else str(usd) for name, usd in amounts.items()},
    )
    soon("evals.tasks.advance_run", run.pk)


@transaction.atomic
def raise_share(*, run: Run, share: float, by: By) -> None:
    """Takes a larger share of the traffic, also of what came in so far: whoever is in stays in,
    since each request keeps its random number. Raises RunError."""
    run = _changeable(run)
    if run.kind != Run.Kind.SHADOW:
        raise RunError(f"{run.name} is an offline run: it covers its whole eval set.")
    before = SamplingPlan.parse(run.sampling)
    plan = with_share(before, share)
    if plan.traffic_share < before.traffic_share:
        raise RunError(
            f"{run.name} takes {100 * before.traffic_share:g} % of the traffic: that can be raised "
            "only, since what is in a run stays in it."
        )
    if plan.traffic_share == before.traffic_share:
        return
    Run.objects.filter(pk=run.pk).update(sampling=plan.as_dict())
    audit.record(
        project=run.project,
        by=by,
        verb="raised the share of traffic of",
        subject=run,
        data={"from": before.traffic_share, "to": plan.traffic_share},
    )
    soon("evals.tasks.advance_run", run.pk)


def _changeable(run: Run) -> Run:
    found = (
        Run.objects.select_for_update(no_key=True, of=("self",))
        .select_related("baseline", "candidate", "project")
        .get(pk=run.pk)
    )
    if found.state not in (Run.State.RUNNING, Run.State.PAUSED):
        raise RunError(f"{run.name} is {found.state}: it takes and asks nothing more.")
    return found


def running_again() -> dict[str, object]:
    return {
        "state": Run.State.RUNNING,
        "state_reason": "",
        "paused_by": Run.PausedBy.NOBODY,
        "resumed_at": timezone.now(),
    }


def with_share(plan: SamplingPlan, share: float) -> SamplingPlan:
    if not 0 <= share <= 1:
        raise RunError("The share of traffic is from 0 to 1 (0.1 is 10 %).")
    return replace(plan, traffic_share=share)


def check_samples(samples: int, evalset: EvalSetVersion | None) -> None:
    if samples and not evalset:
        raise RunError(
            "Further samples are for an offline run; in a shadow, the sampling plan's "
            "noise share says how often production is asked again."
        )
    if not 0 <= samples <= MOST_SAMPLES:
        raise RunError(f"Further samples: write a number from 0 to {MOST_SAMPLES}.")


def check_cap(cap: Decimal | None, *models: ModelVersion) -> None:
    """A cap needs prices: without them nobody knows what a call costs."""
    if cap is None:
        return
    if not (cap.is_finite() and 0 <= cap <= MOST_USD):
        raise RunError(f"The spending cap is in US dollars, from 0 to {MOST_USD:,}.")
    unpriced = [m.name for m in models if spending.is_billed(m) and not spending.has_prices(m)]
    if unpriced:
        names = " and ".join(unpriced)
        raise RunError(
            f"A spending cap needs prices, and {names} {'has' if len(unpriced) == 1 else 'have'} "
            "none: define the version with US$ per million tokens, or leave out the cap."
        )
