"""Samples drawn from populations whose difference is known, for tests of coverage."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evals.metrics.estimate import Estimate

Interval = Callable[..., Estimate]
Integers = NDArray[np.int64]


def draws(
    plus: list[int], minus: list[int], sampled: list[int], sizes: list[int], repeats: int, seed: int
) -> tuple[Integers, Integers]:
    """Counts of d = +1 and of d = -1 in `repeats` samples without replacement, a row a sample."""
    random = np.random.default_rng(seed)
    up, down, n, size = (np.array(x) for x in (plus, minus, sampled, sizes))
    shape = (repeats, len(size))
    worse = random.hypergeometric(up, size - up, n, shape)
    better = random.hypergeometric(
        np.broadcast_to(down, shape), np.broadcast_to(size - up - down, shape), n - worse
    )
    return worse, better


def coverage(
    interval: Interval,
    plus: list[int],
    minus: list[int],
    sampled: list[int],
    sizes: list[int],
    population: int,
    repeats: int = 1500,
    seed: int = 11,
) -> tuple[float, float]:
    """How often the interval holds the window's true difference, and its mean width."""
    worse, better = draws(plus, minus, sampled, sizes, repeats, seed)
    rows, times = np.unique(np.hstack([worse, better]), axis=0, return_counts=True)
    truth = (sum(plus) - sum(minus)) / population
    held = width = 0.0
    for row, often in zip(rows, times, strict=True):
        a, b = row[: len(sizes)], row[len(sizes) :]
        estimate = interval(a, b, sampled, sizes, population)
        held += often * (estimate.low - 1e-12 <= truth <= estimate.high + 1e-12)
        width += often * (estimate.high - estimate.low)
    return held / repeats, width / repeats


def wald(worse, better, sampled, sizes, population, confidence=0.95):  # type: ignore[no-untyped-def]
    """The textbook rival: normal, with the plug-in variance of the stratified mean."""
    a, b, n, size = (np.asarray(x, dtype=float) for x in (worse, better, sampled, sizes))
    mean = (a - b) / n
    variance = ((size / population) ** 2 * (1 - n / size) * ((a + b) / n - mean**2) / n).sum()
    value = float((size * mean).sum() / population)
    reach = stats.norm.ppf((1 + confidence) / 2) * variance**0.5
    return Estimate(value, value - reach, value + reach)


def plain_korn_graubard(worse, better, sampled, sizes, population, confidence=0.95):  # type: ignore[no-untyped-def]
    """The other rival: the same intervals for both shares, without outward rounding of the ends.

    Written on its own, with scipy.stats, for one stratum.
    """
    (a,), (b,), (n,), (size,) = worse, better, sampled, sizes
    tail = (1 - confidence) / 2
    effective = n / (1 - n / size)

    def ends(hits: float) -> tuple[float, float]:
        x = hits / n * effective
        low = stats.beta.ppf(tail, x, effective - x + 1) if x > 0 else 0.0
        return low, stats.beta.isf(tail, x + 1, effective - x)

    p, q = a / n, b / n
    rho = -((p * q / ((1 - p) * (1 - q))) ** 0.5)
    (low_p, high_p), (low_q, high_q) = ends(a), ends(b)
    down, up = (p - low_p, high_q - q), (high_p - p, q - low_q)
    scale = size / population
    reach = [(x * x + y * y - 2 * rho * x * y) ** 0.5 * scale for x, y in (down, up)]
    value = (p - q) * scale
    return Estimate(value, value - reach[0], value + reach[1])
