"""What a report says without any label: noise, score against known answers, latency, cost."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from django.db.models import Avg, Count

from evals.metrics.difference import future_difference
from evals.metrics.estimate import Estimate
from evals.metrics.latency import paired_latency
from evals.metrics.noise import excess_difference
from evals.models import Comparison, Run

#: Pairs whose latencies are sorted; chosen by u, so a random sample.
LATENCIES = 20_000


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
        "excess": plain(excess),
        "p": p,
    }


def score(run: Run) -> dict[str, Any] | None:
    """Against the known correct outputs, by the run's comparators; a side that gave no output
    did not give the correct one."""
    settled = Comparison.objects.filter(run=run, outcome__isnull=False, expected__isnull=False)
    rows = settled.values_list("baseline_correct", "candidate_correct").annotate(n=Count("id"))
    counts = {(bool(b), bool(c)): 0 for b in (0, 1) for c in (0, 1)}
    for baseline, candidate, n in rows.order_by():
        counts[bool(baseline), bool(candidate)] += n
    total = sum(counts.values())
    if not total:
        return None
    gained, lost = counts[False, True], counts[True, False]
    return {
        "examples": total,
        "baseline": (counts[True, True] + lost) / total,
        "candidate": (counts[True, True] + gained) / total,
        "gained": gained,
        "lost": lost,
        "difference": plain(future_difference([gained], [lost], [total], [total], total)),
    }


def latency(run: Run) -> list[dict[str, Any]] | None:
    pairs = list(
        Comparison.objects.filter(
            run=run,
            baseline_output__latency_ms__isnull=False,
            candidate_output__latency_ms__isnull=False,
        )
        .order_by("u")
        .values_list("baseline_output__latency_ms", "candidate_output__latency_ms")[:LATENCIES]
    )
    if not pairs:
        return None
    quantiles = paired_latency([b or 0.0 for b, _ in pairs], [c or 0.0 for _, c in pairs])
    return [
        {
            "share": one.share,
            "baseline": plain(one.baseline),
            "candidate": plain(one.candidate),
            "ratio": plain(one.ratio) if one.ratio else None,
            "pairs": len(pairs),
        }
        for one in quantiles
    ]


def cost(run: Run) -> dict[str, Any] | None:
    """US dollars per 1,000 requests, over the requests whose cost is known on both sides."""
    known = Comparison.objects.filter(
        run=run,
        baseline_output__cost_usd__isnull=False,
        candidate_output__cost_usd__isnull=False,
    ).aggregate(
        n=Count("id"),
        baseline=Avg("baseline_output__cost_usd"),
        candidate=Avg("candidate_output__cost_usd"),
    )
    if not known["n"]:
        return None
    return {
        "requests": known["n"],
        "baseline_per_1000": float(known["baseline"]) * 1000,
        "candidate_per_1000": float(known["candidate"]) * 1000,
    }


def plain(estimate: Estimate) -> dict[str, float | None]:
    """An estimate as JSON; an end that is not bounded is null."""
    return {
        name: value if math.isfinite(value) else None for name, value in asdict(estimate).items()
    }
