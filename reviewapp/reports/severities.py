"""The severity-weighted score of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from evals.metrics.severity import future_severity_difference, severity_difference
from reviewapp.reports.measured import plain
from reviewapp.reports.tally import Tally
from taxonomy.models import TaxonomyVersion

VERSIONS = "what some findings weigh in this taxonomy version is unknown"
NOTHING = "no label has a finding that weighs anything"


def score(
    version: TaxonomyVersion, tally: Tally, population: int
) -> tuple[dict[str, Any] | None, dict[str, Any] | None, str]:
    """The weighted score's difference, in weight per request, by category × severity, for this
    window and for traffic like it; and why there is none where there is none. What was skipped, or
    weighs nobody knows what, is counted both ways, with all the kinds that were found."""
    weigh = weights(version)
    heavy, candidate, baseline = [], [], []
    for kind in tally.kinds:
        if (weight := weigh(kind)) > 0:
            before, after = tally.kind(kind)
            heavy.append(weight)
            candidate.append(after)
            baseline.append(before)
    if not heavy or not population:
        return None, None, VERSIONS if any(tally.vague) else NOTHING
    sampled, sizes, unknown = tally.weighed()
    counts = (heavy, candidate, baseline, sampled, sizes, population)
    window = severity_difference(*counts, unknown=unknown)
    return plain(window), plain(future_severity_difference(*counts, unknown=unknown)), ""


def weights(version: TaxonomyVersion) -> Callable[[tuple[int, int]], float]:
    overrides = {
        (weight.category_id, weight.severity_id): float(weight.weight)
        for category in version.categories.prefetch_related("weights")
        for weight in category.weights.all()
    }
    general = {s.pk: float(s.weight) for s in version.severities.all()}
    return lambda kind: overrides.get(kind, general[kind[1]])
