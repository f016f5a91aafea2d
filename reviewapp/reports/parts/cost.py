"""What 1,000 requests cost with either model."""

from __future__ import annotations

from typing import Any

from evals.metrics.cost import paired_cost
from evals.models import Run
from reviewapp.reports.measured import plain
from reviewapp.reports.parts import sample
from reviewapp.reports.parts.base import Nothing, Part


def compute(run: Run) -> dict[str, Any]:
    baseline, candidate, sampled = sample.measured(run, "cost_usd")
    if not baseline:
        raise Nothing(
            "No pair of outputs has a cost on both sides. Send cost_usd with the outputs, or give "
            "both model versions their prices."
        )
    cost = paired_cost(baseline, candidate)
    return {
        "requests": cost.requests,
        "sampled": sampled,
        "baseline": plain(cost.baseline),
        "candidate": plain(cost.candidate),
        "difference": plain(cost.difference),
        "ratio": cost.ratio,
        "baseline_per_1000": cost.baseline.value,
        "candidate_per_1000": cost.candidate.value,
    }


PART = Part(compute, ("compared", "comparators"))
