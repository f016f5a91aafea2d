"""How many findings of one kind an item has, from the items with at least one, with two, ... of
them: rows that are nested, since what has two has one."""

import math
from collections.abc import Sequence

import numpy as np

from evals.metrics.strata import Array

Part = tuple[float, float, float]


def added(parts: Sequence[Part], hits: Sequence[Array], sampled: Array, sizes: Array) -> Part:
    """The sum of the rows of one kind, each (value, low, high), in one unit: what they weigh is in.

    low = sum(value) - sqrt(sum over rows i, j of r_ij (value - low)_i (value - low)_j), high
    likewise: MOVER (Zou and Donner 2008), r the correlation of two nested rows. Where each item of
    a kind has five, r is 1: taken for independent, such rows covered 67 %.
    hits, sampled, sizes: what the rows are of, arrays over strata; without a label a stratum counts
    for nothing here.
    """
    seen = sampled > 0
    r = _correlations(np.array([one[seen] for one in hits]), sampled[seen], sizes[seen])
    value, low, high = (np.array(column) for column in zip(*parts, strict=True))
    down, up = value - low, high - value
    total = float(value.sum())
    return total, total - math.sqrt(down @ r @ down), total + math.sqrt(up @ r @ up)


def lowest_correlation(
    plus: Sequence[float], minus: Sequence[float], weights: Sequence[float] | None = None
) -> float:
    """That two sums of what an item has can have: their items overlap least. plus, minus: shares of
    items with at least one, two, ... of them, p and q; weights: of each, u; 1, if None.

    (sum over both of u u' max(0, p + q - 1) - E E') / sqrt(V V'), E = sum u p, V = sum u u'
    min(p, p') - E^2, between -1 and 0: the bound of Frechet, at which Hoeffding's covariance is
    least. With a row each it is (max(0, p + q - 1) - pq) / sqrt(p(1-p) q(1-q)).
    """
    p, q = np.asarray(plus, dtype=float), np.asarray(minus, dtype=float)
    u = np.ones(max(len(p), len(q))) if weights is None else np.asarray(weights, dtype=float)
    largest = float(u.max(initial=0.0))
    if largest <= 0:
        return 0.0
    u = u / largest
    up, uq = u[: len(p)], u[: len(q)]
    mean = float(up @ p), float(uq @ q)
    variance = _variance(p, up, mean[0]) * _variance(q, uq, mean[1])
    if variance <= 0:
        return 0.0
    together = float(up @ np.maximum(p[:, None] + q - 1, 0.0) @ uq)
    return min(max((together - mean[0] * mean[1]) / math.sqrt(variance), -1.0), 0.0)


def _correlations(hits: Array, sampled: Array, sizes: Array) -> Array:
    """Rows x rows, of nested shares p >= q, by strata: the larger of sqrt(q(1-p) / (p(1-q))), of
    all strata together, and of the same summed stratum by stratum, which sees a stratum with few
    labels that has what both have in common. 1 where nothing tells."""
    shares = hits / sampled
    weights = sizes / sizes.sum()
    spread = weights**2 * (1 - sampled / sizes) / sampled
    p = np.maximum(shares[:, None], shares)  # rows x rows x strata
    q = np.minimum(shares[:, None], shares)
    more, less = p @ weights, q @ weights
    pooled = _ratio(less * (1 - more), more * (1 - more) * less * (1 - less), 1.0)
    both = (p * (1 - p)) @ spread * ((q * (1 - q)) @ spread)
    apart = _ratio((q * (1 - p)) @ spread, both, 0.0)
    found = np.clip(np.maximum(pooled, apart), 0.0, 1.0)
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def _ratio(covariance: Array, variances: Array, otherwise: float) -> Array:
    """covariance / sqrt(variances), or `otherwise` where these are 0."""
    known = variances > 0
    return np.where(known, covariance / np.sqrt(np.where(known, variances, 1.0)), otherwise)


def _variance(shares: Array, weights: Array, mean: float) -> float:
    """Of what an item has, from the shares of items with at least one, two, ..."""
    square = float(weights @ np.minimum(shares[:, None], shares) @ weights)
    return max(square - mean**2, 0.0)
