"""How many labels, how fine a margin, how large an eval set: questions asked before the answer."""

import math
from collections.abc import Sequence

import numpy as np

from evals.metrics.distributions import normal_quantile
from evals.metrics.strata import (
    Array,
    Counts,
    check_confidence,
    check_design_effect,
    read_paired,
)
from evals.metrics.traffic import future_ends


def labels_needed(
    worse: Counts,
    better: Counts,
    sampled: Counts,
    sizes: Counts,
    population: int,
    *,
    margin: float,
    budget: int,
    allocation: Sequence[float] | None = None,
    confidence: float = 0.95,
    power: float = 0.8,
    design_effect: float = 1.0,
    averaged: bool = False,
) -> int | None:
    """The fewest further labels that decide "difference <= margin" with probability `power`.

    Counts as in `difference.py`; margin in shares of N. 0: decided now. None: not within `budget`
    further labels, or no label to estimate from yet. allocation: one weight a stratum for how
    further labels are spread, by default what is unlabelled in each; a stratum that is full passes
    its part on. With k more, at the present shares of each stratum (the pooled ones where a stratum
    has none), the interval of `future_difference` is taken at the counts expected; it decides when
    its end is on the margin's side by z_power standard deviations of what the k labels can still
    move.
    ValueError for counts that contradict each other, or a negative budget.
    """
    check_confidence(confidence)
    check_confidence(power)
    check_design_effect(design_effect)
    a, b, n, size, _ = read_paired(worse, better, sampled, sizes, population, averaged=averaged)
    if not (budget >= 0 and budget % 1 == 0):
        raise ValueError(f"budget is {budget}: it counts labels, zero or more")
    left = size - n
    weights = left if allocation is None else np.asarray(allocation, dtype=np.float64)
    if weights.shape != n.shape or (weights < 0).any():
        raise ValueError(f"allocation needs a weight of zero or more for each of {len(n)} strata")
    plus, minus = _present(a, n, size), _present(b, n, size)
    value = float(size @ (plus - minus)) / population

    def decides(k: int) -> bool:
        more = spread(k, weights, left)
        low, high = future_ends(
            a + more * plus,
            b + more * minus,
            n + more,
            size,
            population=population,
            design_effect=design_effect,
            alpha=1 - confidence,
        )
        moves = normal_quantile(power) * _movement(a, b, n, size, more) / population if k else 0.0
        return high + moves <= margin if value <= margin else low - moves > margin

    most = min(budget, int(left.sum()))
    if decides(0):
        return 0
    if not n.any() or not decides(most):
        return None
    fewest = 1
    while fewest < most:
        middle = (fewest + most) // 2
        fewest, most = (fewest, middle) if decides(middle) else (middle + 1, most)
    return fewest


def smallest_margin(
    population: int,
    worse: float,
    better: float,
    confidence: float = 0.95,
    design_effect: float = 1.0,
) -> float:
    """The smallest distance of a margin from the difference that N requests can decide, in shares.

    However many are labelled: the interval of `future_difference` reaches this far above the
    difference when all N are. worse, better: shares of requests with d = +1 and with d = -1.
    ValueError for shares that are negative or sum to more than 1, or a population below 1.
    """
    check_confidence(confidence)
    check_design_effect(design_effect)
    if not 1 <= population < math.inf:
        raise ValueError(f"population is {population}: at least one compared request is needed")
    if not (worse >= 0 and better >= 0 and worse + better <= 1):
        raise ValueError(f"shares of {worse} and {better}: zero or more, together at most 1")
    everything = np.array([float(population)])
    high = future_ends(
        worse * everything,
        better * everything,
        everything,
        everything,
        population=population,
        design_effect=design_effect,
        alpha=1 - confidence,
    )[1]
    return high - (worse - better)


def spread(k: float, weights: Array, room: Array) -> Array:
    """k labels over strata in proportion to weights, none getting more than its room."""
    given = np.zeros_like(room)
    weights = np.where(room > 0, weights, 0.0)
    while k > 1e-9 and weights.sum() > 0:
        step = np.minimum(k * weights / weights.sum(), room - given)
        given = given + step
        k -= float(step.sum())
        weights = np.where(room - given > 1e-9, weights, 0.0)
    return given


def _present(hits: Array, sampled: Array, sizes: Array) -> Array:
    """Each stratum's share of hits; where nothing is sampled, that of the others together."""
    seen = sampled > 0
    share = np.divide(hits, sampled, out=np.zeros_like(hits), where=seen)
    if seen.any():
        share[~seen] = float(sizes[seen] @ share[seen]) / float(sizes[seen].sum())
    return share


def _movement(worse: Array, better: Array, sampled: Array, sizes: Array, more: Array) -> float:
    """Standard deviation of the estimated sum of d, the present labels given and `more` to come."""
    p, q = (worse + 0.5) / (sampled + 1.5), (better + 0.5) / (sampled + 1.5)
    variance = p + q - (p - q) ** 2
    left = sizes - sampled
    part = (more > 0) & (left > 0)
    m, n, size = more[part], sampled[part], sizes[part]
    each = (size / (n + m)) ** 2 * m * (1 - m / left[part]) * variance[part]
    return float(np.sqrt(each.sum()))
