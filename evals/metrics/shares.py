"""One share of a stratified sample, as a value and the size of the simple sample it is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from evals.metrics.distributions import clopper_pearson, upper_ends
from evals.metrics.strata import Array

PRIOR = 1.5  # items added to each stratum before its variance is taken
TARGET = 0.4  # of the cube root of the overall share is what those items have found
CAP = 4.0  # no stratified sample is worth more than four times what its weights alone say
ALONE = 2.5  # times alpha: how often the upper end of a single stratum may miss
ENOUGH = 15  # labels from which a stratum has such an end of its own


@dataclass(frozen=True)
class Share:
    """A share, its variance (smoothed, so never 0 short of a census) and its effective size."""

    value: float
    variance: float
    effective: float
    alone: Alone | None = None

    def ends(self, alpha: float) -> tuple[float, float]:
        """Clopper-Pearson on (value * effective, effective), widened to hold the value, and above
        it what the worst known single stratum may hide."""
        low, high = clopper_pearson(self.value * self.effective, self.effective, alpha)
        hidden = self.alone.hidden(alpha) if self.alone else 0.0
        return min(low, self.value), max(high, min(self.value + hidden, 1.0))


@dataclass(frozen=True)
class Alone:
    """Strata by themselves: hits, sampled, and how far each moves the share."""

    hits: Array
    sampled: Array
    reach: Array

    def hidden(self, alpha: float) -> float:
        """By how much the one that could move it most may be richer than was found, >= 0.

        A large stratum with a few labels and no hit, beside a small one with many of both, has a
        variance near 0 and an effective size that the small one lends it: without this the share
        covered 83 % where the thinly labelled stratum was the richer.
        """
        high = upper_ends(self.hits, self.sampled, min(ALONE * alpha, 0.5))
        return max(float((self.reach * (high - self.hits / self.sampled)).max()), 0.0)


def stratified_share(
    hits: Array, sampled: Array, sizes: Array, total: float, traffic: float = math.inf
) -> Share:
    """The share of `total` requests that are hits, from strata of which each has a sample.

    With W = sizes/total, f = sampled/sizes, s the smoothed share of each stratum and S = sum W s:
    value = sum W hits/sampled; v = sum W^2 (1-f) s(1-s)/sampled + S(1-S)/traffic;
    effective = min(S(1-S)/v, 4 / sum W^2 (1-f)/sampled). This is Korn and Graubard (1998) with a
    variance that cannot vanish when nothing was found. `traffic` is how many independent requests
    the window is worth as a sample of the traffic to come; infinite when the window is the
    question. hits, sampled, sizes: arrays over strata, 0 < sampled <= sizes; no strata are a share
    of 0. Where every stratum is a census, `traffic` has to be finite.
    """
    if not len(sizes):
        return Share(0.0, 0.0, traffic)
    weights = sizes / total
    spread = _spread(weights, sampled, sizes)
    raw = hits / sampled
    smooth = _smooth(hits, sampled, float(sizes @ raw / sizes.sum()))
    pooled = float(weights @ smooth)
    own = pooled * (1 - pooled)
    variance = float(spread @ (smooth * (1 - smooth))) + own / traffic
    plain = float(spread.sum())
    effective = own / variance
    if plain > 0:
        effective = min(effective, CAP / plain)
    enough = (sampled >= ENOUGH) & (sampled < sizes)
    alone = None
    if len(sizes) > 1 and enough.any():
        reach = weights * np.sqrt(1 - sampled / sizes)
        alone = Alone(hits[enough], sampled[enough], reach[enough])
    return Share(min(float(weights @ raw), 1.0), variance, effective, alone)


def correlation(
    worse: Share,
    better: Share,
    counts: tuple[Array, Array, Array, Array],
    total: float,
    traffic: float = math.inf,
) -> float:
    """The correlation of the two shares of one sample, between -1 and 0.

    The smaller of -sqrt(pq / ((1-p)(1-q))), shares taken within the strata (Newcombe 1998), and of
    -(sum W^2 (1-f)/n * ab/n^2 + pq/traffic) / sqrt(v_p v_q). For one stratum they are the same; the
    second sees strata in which nearly every request is d = +1 or -1.
    counts: worse, better, sampled, sizes, each an array over strata.
    """
    plus, minus, sampled, sizes = counts
    if not len(sizes):
        return 0.0
    within = total / float(sizes.sum())
    p, q = worse.value * within, better.value * within
    rest = (1 - p) * (1 - q)
    pooled = -math.sqrt(p * q / rest) if rest > 1e-12 else -1.0
    together = _spread(sizes / total, sampled, sizes) @ (plus * minus / sampled**2)
    covariance = float(together) + worse.value * better.value / traffic
    return max(min(pooled, -covariance / math.sqrt(worse.variance * better.variance)), -1.0)


def _smooth(hits: Array, sampled: Array, overall: float) -> Array:
    """Each stratum's share with PRIOR more items at TARGET times overall^(1/3), overall never 0.

    With half an item at 1/2 instead, a stratum in which little is sampled because findings are rare
    there dominates the variance, and Neyman allocation came out wider than proportional, by a tenth
    on average; drawn all the way to the overall share, lopsided samples fell to 92.5 % coverage,
    and at half its square root the worst of 661 cells to 93.4 %.
    """
    items = float(sampled.sum())
    target = TARGET * ((overall * items + 0.5) / (items + 1)) ** (1 / 3)
    return np.asarray((hits + PRIOR * target) / (sampled + PRIOR))


def _spread(weights: Array, sampled: Array, sizes: Array) -> Array:
    return np.asarray(weights**2 * (1 - sampled / sizes) / sampled)
