"""Labels averaged over several raters, as published label sets have them (MQM): fractions, for
which there is no exact interval. Whoever shows these numbers says so: the variance is linearised.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.distributions import student_quantile
from evals.metrics.estimate import Estimate
from evals.metrics.strata import Array, check_confidence, check_design_effect, check_population

Values = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Averaged:
    """this_window: of the N requests; traffic: of traffic like theirs. freedom: degrees of freedom
    that the variance stands on, infinite for a census; None where no stratum has two items, and
    then the ends are infinite."""

    this_window: Estimate
    traffic: Estimate
    freedom: float | None


def mean_over_raters(
    items: Sequence[Hashable], raters: Sequence[Hashable], points: Sequence[float]
) -> dict[Hashable, float]:
    """Each item's score, in order of appearance: the mean over its raters of the sum of points.

    One entry a finding; a rater who found nothing has an entry with 0 points, for that is a rating
    too. This is MQM's score of a segment (Freitag et al. 2021), and a system's is the mean over its
    segments; with points of 1 for at most one finding an item it is the share of raters that have
    it.
    ValueError for unequal lengths or points that are not finite.
    """
    if not len(items) == len(raters) == len(points):
        raise ValueError(
            f"one entry a finding, got {len(items)} items, {len(raters)} raters and {len(points)}"
            " points"
        )
    sums: dict[Hashable, dict[Hashable, float]] = {}
    for at, (item, rater, one) in enumerate(zip(items, raters, points, strict=True)):
        if not math.isfinite(one):
            raise ValueError(f"points[{at}] is {one}: a number is needed")
        row = sums.setdefault(item, {})
        row[rater] = row.get(rater, 0.0) + one
    return {item: math.fsum(row.values()) / len(row) for item, row in sums.items()}


def averaged_mean(
    values: Values,
    sizes: Sequence[int],
    population: int,
    confidence: float = 0.95,
    design_effect: float = 1.0,
) -> Averaged:
    """The mean over N requests of a value an item: a score, or candidate's - baseline's.

    values: per stratum, one number a labelled item; sizes: all comparisons of each stratum;
    requests in no stratum have 0. With W = M_h/N, f = n/M_h, s^2 the variance inside h:
    value = sum W mean, v = sum W^2 (1 - f) s^2/n, and for traffic like it, of which N /
    design_effect is the sample, the variance of an item's value over that; Student's t with
    Satterthwaite's degrees of freedom (Cochran 1977, 5.4). Items are the units, so how raters
    differ on an item is in it. A stratum with a single item takes the others' pooled variance.
    Ends are infinite where nothing bounds a weighted score: a stratum without an item, none with
    two, or items that are all alike and not all there are.
    ValueError for more items than a stratum has, values that are not finite, unequal lengths.
    """
    check_confidence(confidence)
    check_design_effect(design_effect)
    rows, size = _read(values, sizes)
    check_population(population, size)
    n = np.array([float(len(row)) for row in rows])
    seen = n > 0
    value = _weighted([row.mean() if len(row) else 0.0 for row in rows], size, population)
    inner = _inner(rows, n)
    census = bool((n == size).all())
    if (inner is None and not census) or (size[~seen] > 0).any():
        nothing = Estimate(value, -math.inf, math.inf)
        return Averaged(nothing, nothing, None)
    spread = np.zeros(len(rows)) if inner is None else inner
    part, weights = n[seen], size[seen] / population
    own = weights**2 * (1 - part / size[seen]) * spread[seen] / part
    square = _weighted([(row**2).mean() if len(row) else 0.0 for row in rows], size, population)
    traffic = max(square - value**2, 0.0) * design_effect / population
    freedom = _freedom(own, part)
    window = Estimate(value, value, value)
    if not census:
        window = _interval(value, float(own.sum()), freedom, confidence)
    later = _interval(value, float(own.sum()) + traffic, min(freedom, population - 1.0), confidence)
    return Averaged(window, later, freedom)


def _weighted(means: Sequence[float], sizes: Array, population: int) -> float:
    return math.fsum(m * mean for m, mean in zip(sizes, means, strict=True)) / population


def _interval(value: float, variance: float, freedom: float, confidence: float) -> Estimate:
    if variance <= 0 or freedom < 1:
        return Estimate(value, -math.inf, math.inf)
    reach = student_quantile((1 + confidence) / 2, freedom) * math.sqrt(variance)
    return Estimate(value, value - reach, value + reach)


def _inner(rows: list[Array], n: Array) -> Array | None:
    """Each stratum's variance; the pooled one where it has a single item; None where all have."""
    if not (n > 1).any():
        return None
    own = np.array([float(row.var(ddof=1)) if len(row) > 1 else 0.0 for row in rows])
    pooled = float((own * np.maximum(n - 1, 0)).sum() / np.maximum(n - 1, 0).sum())
    return np.where(n == 1, pooled, own)


def _freedom(own: Array, sampled: Array) -> float:
    """(sum v_h)^2 / sum v_h^2/(n_h - 1) (Satterthwaite 1946); infinite where nothing varies."""
    some = own > 0
    if not some.any():
        return math.inf
    each = own[some] ** 2 / np.maximum(sampled[some] - 1, 1)
    return float(own[some].sum()) ** 2 / float(each.sum())


def _read(values: Values, sizes: Sequence[int]) -> tuple[list[Array], Array]:
    if len(values) != len(sizes):
        raise ValueError(f"one size a stratum, got {len(values)} strata and {len(sizes)} sizes")
    rows = [np.asarray(row, dtype=np.float64) for row in values]
    for at, (row, size) in enumerate(zip(rows, sizes, strict=True)):
        if len(row) > size:
            raise ValueError(f"values[{at}] has {len(row)} items, more than sizes[{at}], {size}")
        if not np.isfinite(row).all():
            raise ValueError(f"values[{at}][{int(np.argmin(np.isfinite(row)))}] is not finite")
    return rows, np.asarray(sizes, dtype=np.float64)
