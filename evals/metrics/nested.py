"""How many findings of one kind an item has, from the items with at least one, with two, ... of
them: rows that are nested, since what has two has one."""

import math
from collections.abc import Sequence

import numpy as np

from evals.metrics.strata import Array

Part = tuple[float, float, float]


def added(parts: Sequence[Part], hits: Sequence[Array], sampled: Array, sizes: Array) -> Part:
    """The sum of the rows of one kind, each (value, low, high), in one unit.

    low = sum(value) - sqrt(sum over rows i, j of r_ij (value - low)_i (value - low)_j), high
    likewise: MOVER (Zou and Donner 2008), r the correlation of two nested rows. Where each item of
    a kind has five, r is 1: taken for independent, such rows covered 67 %.
    hits, sampled, sizes: what the rows are of, arrays over strata; without a label a stratum counts
    for nothing here.
    """
    seen = sampled > 0
    n, size = sampled[seen], sizes[seen]
    rows = [one[seen] / n for one in hits]
    r = np.array([[_correlation(one, other, n, size) for other in rows] for one in rows])
    value, low, high = (np.array(column) for column in zip(*parts, strict=True))
    down, up = value - low, high - value
    total = float(value.sum())
    return total, total - math.sqrt(down @ r @ down), total + math.sqrt(up @ r @ up)


def lowest_correlation(plus: Sequence[float], minus: Sequence[float]) -> float:
    """That two numbers of findings an item can have: their items overlap least. plus, minus: shares
    of items with at least one, two, ... of them, p and q.

    (sum over both of max(0, p + q - 1) - E E') / sqrt(V V'), E = sum p, V = sum (2j - 1) p_j - E^2,
    between -1 and 0: the bound of Frechet, at which Hoeffding's covariance is least. With a row
    each it is (max(0, p + q - 1) - pq) / sqrt(p(1-p) q(1-q)).
    """
    variance = _variance(plus) * _variance(minus)
    if variance <= 0:
        return 0.0
    together = sum(max(0.0, p + q - 1) for p in plus for q in minus)
    return min(max((together - sum(plus) * sum(minus)) / math.sqrt(variance), -1.0), 0.0)


def _correlation(one: Array, other: Array, sampled: Array, sizes: Array) -> float:
    """Of two nested shares p >= q, by strata: the larger of sqrt(q(1-p) / (p(1-q))), of all strata
    together, and of the same summed stratum by stratum, which sees a stratum with few labels that
    has what both have in common. 1 where nothing tells."""
    if one is other:
        return 1.0
    p, q = np.maximum(one, other), np.minimum(one, other)
    weights = sizes / sizes.sum()
    spread = weights**2 * (1 - sampled / sizes) / sampled
    pooled = _ratio(weights @ p, weights @ q, weights @ q - (weights @ p) * (weights @ q))
    each = spread @ (q * (1 - p))
    variances = spread @ (p * (1 - p)), spread @ (q * (1 - q))
    apart = each / math.sqrt(variances[0] * variances[1]) if min(variances) > 0 else 0.0
    return min(max(pooled, float(apart)), 1.0)


def _ratio(p: float, q: float, covariance: float) -> float:
    variance = p * (1 - p) * q * (1 - q)
    return float(covariance / math.sqrt(variance)) if variance > 0 else 1.0


def _variance(shares: Sequence[float]) -> float:
    """Of a number of findings, from the shares of items with at least one, two, ..."""
    square = sum((2 * j + 1) * share for j, share in enumerate(sorted(shares, reverse=True)))
    return max(square - sum(shares) ** 2, 0.0)
