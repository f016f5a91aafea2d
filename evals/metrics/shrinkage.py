"""Several estimates drawn towards what they have in common, not knowing how far they differ."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.distributions import normal_cdf
from evals.metrics.strata import Array

WIDEST = 1.0  # standard deviation of true values: they lie between -1 and 1
LEAST = 0.02  # of the median standard error, the smallest deviation above 0 that is looked at
GRID = 72
HALVINGS = 40


@dataclass(frozen=True)
class Drawn:
    """centre, low, high: one a value. mean: of what they have in common."""

    centre: Array
    low: Array
    high: Array
    mean: float


def drawn_together(
    values: Array,
    variances: Array,
    reach: Array,
    families: Sequence[str],
    overlap: float,
    confidence: float,
) -> Drawn:
    """Normal-normal shrinkage, averaged over how far the true values may differ.

    Were their deviation t known, a value with variance v would keep k = t^2/(t^2 + v) of its
    distance from the common mean m, and be as uncertain as k v + (1 - k)^2 var(m) (Efron and Morris
    1975). t is not known, and three values tell little of it: with t put in as it was estimated the
    intervals hold 88 % where 95 % is said. So every t from 0 to WIDEST is taken, each as likely
    beforehand (Gelman 2006), times its restricted likelihood; centre is the mean of the mixture and
    low, high its quantiles. Two or three values are hardly drawn together then, and stay as wide
    as they are by themselves.
    values, variances: at least one; a variance of 0 (a census) stays where it is. reach: variances
    that the interval has instead, no smaller. families: what each is a value of; t is of values
    about the mean of their family. overlap: var(m) is that many times 1 / sum 1/(t^2 + v).
    """
    census = variances <= 0
    positive = variances[~census]
    usual = float(np.median(positive)) if positive.size else 1e-6
    v = np.where(census, usual * 1e-6, variances)
    deviations = _deviations(usual**0.5)
    w = 1 / (deviations[:, None] ** 2 + v)
    total = w.sum(axis=1)
    mean = w @ values / total
    likely = _likelihood(values, w, np.array(families))
    part = np.exp(likely - likely.max()) * _gaps(deviations)
    part /= part.sum()
    keep = np.where(census, 1.0, deviations[:, None] ** 2 * w)
    centres = mean[:, None] + keep * (values - mean[:, None])
    kept = keep * np.where(census, 0.0, reach)
    spreads = np.sqrt(kept + (1 - keep) ** 2 * (overlap / total)[:, None])
    tail = (1 - confidence) / 2
    low, high = (_quantile(level, part, centres, spreads) for level in (tail, 1 - tail))
    centre, low, high = (np.where(census, values, one) for one in (part @ centres, low, high))
    return Drawn(centre, low, high, float(part @ mean))


def _deviations(usual: float) -> Array:
    """0, and from far below the usual standard error to WIDEST, evenly on the logarithm."""
    return np.concatenate([[0.0], np.geomspace(min(LEAST * usual, WIDEST / 2), WIDEST, GRID - 1)])


def _gaps(points: Array) -> Array:
    """The trapezium rule's weights."""
    gaps = np.diff(points)
    return np.asarray(np.concatenate([[0.0], gaps]) + np.concatenate([gaps, [0.0]]))


def _likelihood(values: Array, w: Array, names: np.ndarray) -> Array:
    """Logarithm, restricted to how values lie about the mean of their family; one a deviation."""
    found = np.zeros(len(w))
    for name in np.unique(names):
        own, y = w[:, names == name], values[names == name]
        total = own.sum(axis=1)
        away = y - (own @ y / total)[:, None]
        found += np.log(own).sum(axis=1) - np.log(total) - (own * away**2).sum(axis=1)
    return found / 2


def _quantile(level: float, part: Array, centres: Array, spreads: Array) -> Array:
    """Of a mixture of normals, one a column."""
    below, above = (centres - 9 * spreads).min(axis=0), (centres + 9 * spreads).max(axis=0)
    scale = np.maximum(spreads, 1e-300)
    for _ in range(HALVINGS):
        middle = (below + above) / 2
        short = part @ normal_cdf((middle - centres) / scale) < level
        below, above = np.where(short, middle, below), np.where(short, above, middle)
    return np.asarray((below + above) / 2)
