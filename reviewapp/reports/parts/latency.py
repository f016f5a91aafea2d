"""How long both models take over the same requests."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from evals.metrics.latency import paired_latency
from evals.models import Run
from reviewapp.reports.charts.apart import NotDrawn, drawn
from reviewapp.reports.measured import plain
from reviewapp.reports.parts import sample
from reviewapp.reports.parts.base import Nothing, Part

log = logging.getLogger(__name__)

BINS = 40


def compute(run: Run) -> dict[str, Any]:
    baseline, candidate, sampled = sample.measured(run, "latency_ms")
    if not baseline:
        raise Nothing("No pair of outputs has a latency on both sides, so latency is not known.")
    found = {
        "pairs": len(baseline),
        "sampled": sampled,
        "quantiles": [
            {
                "share": one.share,
                "baseline": plain(one.baseline),
                "candidate": plain(one.candidate),
                "difference": plain(one.difference),
                "ratio": plain(one.ratio) if one.ratio else None,
            }
            for one in paired_latency(baseline, candidate)
        ],
        "distribution": _distribution(baseline, candidate),
    }
    return {**found, "picture": _picture(found)}


def _picture(found: dict[str, Any]) -> str | None:
    """None where it cannot be drawn: the numbers are worth showing without it."""
    try:
        return drawn("latency", found)
    except NotDrawn as error:
        log.warning("the latencies could not be drawn: %s", error)
        return None


def _distribution(baseline: list[float], candidate: list[float]) -> dict[str, list[float]]:
    """Pairs a bin, over bins that grow by the same factor: latencies have long tails. The first
    bin starts at 0."""
    both = np.array([*baseline, *candidate])
    positive = both[both > 0]
    least, most = (float(positive.min()), float(positive.max())) if len(positive) else (1.0, 1.0)
    edges = np.geomspace(least, max(most, least * 1.01) * (1 + 1e-9), BINS + 1)
    edges[0] = 0.0
    return {
        "edges_ms": [round(float(edge), 6) for edge in edges],
        "baseline": [int(n) for n in np.histogram(baseline, edges)[0]],
        "candidate": [int(n) for n in np.histogram(candidate, edges)[0]],
    }


PART = Part(compute, ("compared", "comparators"))
