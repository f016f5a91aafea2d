"""The interval of the paired difference within one window of traffic, in counts of requests."""

import math
from dataclasses import dataclass

import numpy as np

from evals.metrics.mover import mover_difference
from evals.metrics.shares import Share, correlation, stratified_share
from evals.metrics.strata import Array

# Ends within this of a whole number of requests are that number: what is left is rounding error.
SLACK = 1e-7


@dataclass(frozen=True)
class Sampled:
    """The strata that are neither a census nor unseen: their two shares and how they correlate."""

    worse: Share
    better: Share
    rho: float
    total: float
    left: Array
    mean: Array

    def ends(self, alpha: float) -> tuple[float, float]:
        """Never inside what a single item may change that a sample would miss often enough.

        left: of each stratum, the part without a label; mean: its mean d. Of nine items of which
        eight are labelled, all with d = -1, the ninth may have d = +1: one such window in nine.
        """
        low, high = mover_difference(
            (self.worse.value, *self.worse.ends(alpha)),
            (self.better.value, *self.better.ends(alpha)),
            self.rho,
        )
        low, high = low * self.total, high * self.total
        hidden = self.mean[self.left > alpha / 2]
        if hidden.size:
            value = (self.worse.value - self.better.value) * self.total
            low = min(low, value - 1 - float(hidden.max()))
            high = max(high, value + 1 - float(hidden.min()))
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
        left, mean = 1 - counts[2] / counts[3], (counts[0] - counts[1]) / counts[2]
        estimated = Sampled(plus, minus, rho, total, left, mean)
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
