"""How much more often the candidate has a finding than the baseline, over the same requests.

Arguments that the three functions share; the first four have one entry a stratum, whole numbers:
worse: labelled items with d = +1 (the candidate has the finding, the baseline has not);
better: labelled items with d = -1; sampled: all labelled items; sizes: all comparisons of the
stratum. Identical pairs are in no stratum, d = 0 there. population: all compared requests, N.
unknown: items that were drawn and have no label (skipped), not counted in `sampled`; the low end
takes them all as d = -1, the high end as d = +1, the value leaves them out.
averaged: several raters judged an item and their mean counts, so that d is a fraction between -1
and 1: worse is then the sum of d where it is above 0, better that of -d where it is below. The
interval treats a sum of shares as it treats as many whole hits. It is on the wide side, never the
narrow one: of all values between 0 and 1 with a given mean, those that are 0 or 1 vary the most.
ValueError for counts that contradict each other, naming the entry.
"""

import math

from evals.metrics.estimate import Estimate
from evals.metrics.strata import (
    Counts,
    check_confidence,
    check_design_effect,
    read_paired,
)
from evals.metrics.traffic import future_ends
from evals.metrics.window import expansion, look

SMALLEST_P = 1e-50
HALVINGS = 56  # of the 115 natural logarithms between SMALLEST_P and 1: fifteen digits of p


def paired_difference(
    worse: Counts,
    better: Counts,
    sampled: Counts,
    sizes: Counts,
    population: int,
    confidence: float = 0.95,
    unknown: Counts | None = None,
    *,
    averaged: bool = False,
) -> Estimate:
    """The difference for this window of N requests, in shares of N, with its interval.

    Clopper-Pearson on each of the two shares at its effective sample size, combined by MOVER with
    the correlation of the two, scaled by M/N, rounded outward to multiples of 1/N (`shares.py`,
    `mover.py`, `window.py`). A stratum that is a census enters as it is and adds no width; one with
    nothing sampled adds sizes/N to both sides. No strata: exactly 0.
    """
    check_confidence(confidence)
    a, b, n, size, skipped = read_paired(
        worse, better, sampled, sizes, population, unknown, averaged=averaged
    )
    alpha = 1 - confidence
    low, high = look(a, b + skipped, n + skipped, size).ends(alpha)
    if skipped.any():
        high = look(a + skipped, b, n + skipped, size).ends(alpha)[1]
    value = expansion(a, b, n, size) / population
    return Estimate(value, min(low / population, value), max(high / population, value))


def future_difference(
    worse: Counts,
    better: Counts,
    sampled: Counts,
    sizes: Counts,
    population: int,
    confidence: float = 0.95,
    design_effect: float = 1.0,
    unknown: Counts | None = None,
    *,
    averaged: bool = False,
) -> Estimate:
    """The difference for traffic like this window's, in shares of N, with its interval.

    The window is itself a sample of N / design_effect independent requests, so each share's
    variance is that of the window plus P(1-P) * design_effect / N; otherwise as
    `paired_difference`, on the scale of N, not rounded. A census keeps the width of N requests, and
    so does a window without strata. design_effect: of requests that come in groups, 1 + (mean group
    size - 1) * icc.
    """
    check_confidence(confidence)
    check_design_effect(design_effect)
    a, b, n, size, skipped = read_paired(
        worse, better, sampled, sizes, population, unknown, averaged=averaged
    )
    sample = {"population": population, "design_effect": design_effect, "alpha": 1 - confidence}
    low, high = future_ends(a, b + skipped, n + skipped, size, **sample)
    if skipped.any():
        high = future_ends(a + skipped, b, n + skipped, size, **sample)[1]
    value = expansion(a, b, n, size) / population
    return Estimate(value, min(low, value), max(high, value))


def paired_p_value(
    worse: Counts,
    better: Counts,
    sampled: Counts,
    sizes: Counts,
    population: int,
    unknown: Counts | None = None,
    *,
    averaged: bool = False,
) -> float:
    """Two-sided p: the smallest alpha at which the interval of `paired_difference` excludes 0.

    The ends move one way with alpha, so it is found by halving. It is 1 where no alpha excludes 0
    and 0 where every one down to 1e-50 does: a census with any difference is certain.
    """
    a, b, n, size, skipped = read_paired(
        worse, better, sampled, sizes, population, unknown, averaged=averaged
    )
    lower = look(a, b + skipped, n + skipped, size)
    upper = look(a + skipped, b, n + skipped, size) if skipped.any() else lower

    def excludes_zero(alpha: float) -> bool:
        return lower.ends(alpha)[0] > 0 or upper.ends(alpha)[1] < 0

    if not excludes_zero(1.0):
        return 1.0
    if excludes_zero(SMALLEST_P):
        return 0.0
    within, outside = math.log(SMALLEST_P), 0.0
    for _ in range(HALVINGS):
        middle = (within + outside) / 2
        if excludes_zero(math.exp(middle)):
            outside = middle
        else:
            within = middle
    return math.exp(outside)
