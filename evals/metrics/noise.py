"""The noise floor: what the candidate differs beyond the baseline's own disagreement with
itself."""

from collections.abc import Sequence

from evals.metrics.difference import future_difference
from evals.metrics.estimate import Estimate
from evals.metrics.mcnemar import mcnemar_exact


def excess_difference(
    differs: Sequence[bool],
    baseline_differs: Sequence[bool],
    confidence: float = 0.95,
) -> tuple[Estimate, float]:
    """(b - c)/n with its interval, in shares of requests, and the exact McNemar p.

    Both sequences are over the same n requests, on which the baseline was asked twice: does the
    candidate's output differ from the baseline's first; does the baseline's second. b counts
    requests where only the candidate differs, c where only the baseline does. The n requests are a
    random sample of the traffic, so the interval is that of `future_difference` for a census of n:
    Clopper-Pearson on b/n and on c/n, combined by MOVER.
    ValueError for sequences of unequal length or without a request.
    """
    if len(differs) != len(baseline_differs):
        raise ValueError(
            f"both are over the same requests, got {len(differs)} and {len(baseline_differs)}"
        )
    if len(differs) == 0:
        raise ValueError("no request was asked of the baseline twice: there is no noise floor")
    pairs = list(zip(differs, baseline_differs, strict=True))
    only_candidate = sum(1 for candidate, baseline in pairs if candidate and not baseline)
    only_baseline = sum(1 for candidate, baseline in pairs if baseline and not candidate)
    n = len(pairs)
    estimate = future_difference([only_candidate], [only_baseline], [n], [n], n, confidence)
    return estimate, mcnemar_exact(only_candidate, only_baseline)
