"""What is measured of a run without any label; and estimates as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from django.db.models import Count

from evals.metrics.estimate import Estimate
from evals.metrics.noise import excess_difference
from evals.models import Comparison, Run


def noise(run: Run) -> dict[str, Any] | None:
    asked = Comparison.objects.filter(run=run, noise_differs__isnull=False).exclude(
        outcome="failed"
    )
    rows = list(
        asked.exclude(outcome=None)
        .values_list("outcome", "noise_differs")
        .annotate(count=Count("id"))
        .order_by()
    )
    differs: list[bool] = []
    again: list[bool] = []
    for outcome, noise, count in rows:
        differs += [outcome == Comparison.Outcome.DIFFER] * count
        again += [noise] * count
    if not differs:
        return None
    excess, p = excess_difference(differs, again)
    return {
        "requests": len(differs),
        "candidate_differs": sum(differs) / len(differs),
        "baseline_differs": sum(again) / len(again),
        "only_candidate": sum(a and not b for a, b in zip(differs, again, strict=True)),
        "only_baseline": sum(b and not a for a, b in zip(differs, again, strict=True)),
        "excess": plain(excess),
        "p": p,
    }


def plain(estimate: Estimate) -> dict[str, float | None]:
    """An estimate as JSON; an end that is not bounded is null."""
    return {
        name: value if math.isfinite(value) else None for name, value in asdict(estimate).items()
    }


def estimate(stored: dict[str, float | None]) -> Estimate:
    """One that was made plain."""
    value, low, high = (stored[name] for name in ("value", "low", "high"))
    assert value is not None
    return Estimate(value, -math.inf if low is None else low, math.inf if high is None else high)
