"""The interval of the paired difference within one window of traffic, in counts of requests."""

import math
from dataclasses import dataclass

import numpy as np

from evals.metrics.mover import mover_difference
from evals.metrics.shares import Share, correlation, stratified_share
from evals.metrics.strata import Array

# Ends within this of a whole number of requests are that number: what is left is rounding error.
SLACK = 1e-7
FEW = 48  # labels, or items without one, from which a window counts as no longer small
HIDDEN = 8  # items that a sample may all have missed, which are looked at in a small window


def small_level(alpha: float, few: float) -> float:
    """The level of each of the two shares where little is labelled or little is left: alpha/2.

    MOVER takes the two for nearly normal. Of a handful they are not: all four labels of eleven
    items are worse in 15 of 330 samples where five are, five are better and one is neither, and all
    four better in as many, so that 91 % were covered where 95 % was said. Halved, the two intervals
    hold together whatever they are of (Bonferroni; Miller 1981). It is given back as numbers grow,
    all of it from FEW on. few: labels, or items without one, whichever are fewer.
    """
    return alpha * min(max(few / FEW, 0.5), 1.0)


@dataclass(frozen=True)
class Sampled:
    """The strata that are neither a census nor unseen: their two shares and how they correlate."""

    worse: Share
    better: Share
    rho: float
    total: float
    sampled: Array
    sizes: Array
    mean: Array

    def ends(self, alpha: float) -> tuple[float, float]:
        """Never inside what a few items may change that a sample would miss often enough.

        sampled, sizes, mean: labels, items and mean d of each stratum. Of nine items of which eight
        are labelled, all with d = -1, the ninth may have d = +1: one such window in nine.
        """
        few = float(min(self.sampled.sum(), (self.sizes - self.sampled).sum()))
        alpha = small_level(alpha, few)
        low, high = mover_difference(
            (self.worse.value, *self.worse.ends(alpha)),
            (self.better.value, *self.better.ends(alpha)),
            self.rho,
        )
        low, high = low * self.total, high * self.total
        most = HIDDEN if few < FEW / 2 else 1
        hidden = unseen_items(self.sampled, self.sizes, alpha / 2, most)
        value = (self.worse.value - self.better.value) * self.total
        low = min(low, value - float((hidden * (1 + self.mean)).max()))
        high = max(high, value + float((hidden * (1 - self.mean)).max()))
        return low, high


@dataclass(frozen=True)
class Window:
    """What is certain of sum(d) over the window, and what is estimated.

    known: d summed over the strata that are a census. counted: d summed over every labelled item.
    unlabelled: items without a label in strata that have labels. unseen: items of strata that have
    none.
    """

    known: float
    counted: float
    unlabelled: float
    unseen: float
    sampled: Sampled | None

    def ends(self, alpha: float) -> tuple[float, float]:
        """Low and high end of sum(d) at confidence 1 - alpha, whole numbers, wider as alpha falls.

        sum(d) is a whole number, so the ends are rounded outward; and it cannot lie further out
        than every item without a label on one side.
        """
        low = high = self.known
        if self.sampled:
            below, above = self.sampled.ends(alpha)
            low = max(math.floor(low + below + SLACK), self.counted - self.unlabelled)
            high = min(math.ceil(high + above - SLACK), self.counted + self.unlabelled)
        return low - self.unseen, high + self.unseen


def unseen_items(sampled: Array, sizes: Array, often: float, most: int) -> Array:
    """Of each stratum, how many items (0 to `most`) all have no label in more than `often` of its
    samples: C(size - k, n) / C(size, n), the chance that k given ones are missed."""
    missed, found = np.ones(sizes.shape), np.zeros(sizes.shape)
    for k in range(most):
        missed = missed * np.maximum(sizes - sampled - k, 0) / np.maximum(sizes - k, 1)
        found += missed > often
    return found


def look(worse: Array, better: Array, sampled: Array, sizes: Array) -> Window:
    """Counts a stratum, checked, to what the window's interval is computed from."""
    seen = sampled > 0
    part = seen & (sampled < sizes)
    net = worse - better
    estimated = None
    if part.any():
        counts = (worse[part], better[part], sampled[part], sizes[part])
        total = float(sizes[part].sum())
        plus = stratified_share(counts[0], counts[2], counts[3], total)
        minus = stratified_share(counts[1], counts[2], counts[3], total)
        rho = correlation(plus, minus, counts, total)
        mean = (counts[0] - counts[1]) / counts[2]
        estimated = Sampled(plus, minus, rho, total, counts[2], counts[3], mean)
    return Window(
        # Sums of shares that cancel are exactly nothing.
        known=round(float(net[seen & ~part].sum()), 6),
        counted=round(float(net.sum()), 6),
        unlabelled=float((sizes - sampled)[part].sum()),
        unseen=float(sizes[~seen].sum()),
        sampled=estimated,
    )


def expansion(worse: Array, better: Array, sampled: Array, sizes: Array) -> float:
    """sum(d) estimated: a labelled item stands for sizes/sampled of its stratum, unseen for 0."""
    seen = sampled > 0
    return float(np.sum((worse - better)[seen] * (sizes[seen] / sampled[seen])))
