"""Labels that are means over two or three raters: fractions in the intervals of whole counts,
against Student's interval on the linearised variance."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from evals.metrics.difference import paired_difference

from . import batched
from .batched import Array, Ends
from .grids import Cell, Result, result, split

#: Shares of items that some rater finds worse, and better, within the discrepancies.
RATES = [(0.3, 0.2), (0.06, 0.03), (0.02, 0.0)]
FINDS = 0.6  # how likely each rater is to find what one of them does
SHAPE = [0.6, 0.3, 0.1]


def cells() -> Iterator[Cell]:
    for population, labels, raters, rates in product([2000, 50_000], [30, 60, 200], [2, 3], RATES):
        about = {"population": population, "labels": labels, "raters": raters, "rates": rates}
        name = f"N={population} n={labels} {raters} raters {rates[0]:g}/{rates[1]:g}"
        yield Cell("averaged", name, about)


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """One population; what is repeated is which items are drawn."""
    random, about = np.random.default_rng(seed), cell.about
    sizes = split(round(about["population"] * 0.3), SHAPE)
    sampled = np.maximum(np.round(about["labels"] * sizes / sizes.sum()).astype(int), 2)
    truth, columns = 0.0, []
    for size, n in zip(sizes, sampled, strict=True):
        d = _values(int(size), about["rates"], about["raters"], random)
        truth += float(d.sum())
        drawn = d[_without_replacement(int(size), int(n), repeats, random)]
        columns.append((np.maximum(drawn, 0).sum(1), np.maximum(-drawn, 0).sum(1), drawn.var(1)))
    worse, better, variance = (np.stack(x, axis=1) for x in zip(*columns, strict=True))
    wide = [np.broadcast_to(x, worse.shape).astype(float) for x in (sampled, sizes)]
    ends = batched.window_ends(worse, better, *wide)

    def shipped(at: int) -> tuple[float, float]:
        total = int(sizes.sum())
        e = paired_difference(worse[at], better[at], sampled, sizes, total, averaged=True)
        return e.low * total, e.high * total

    batched.check(ends, shipped)
    intervals = {"shipped": ends, "linearised": _linearised(worse - better, variance, *wide)}
    return result(cell, intervals, truth, about["population"])


def _values(
    size: int, rates: tuple[float, float], raters: int, random: np.random.Generator
) -> Array:
    """d of each item: the share of its raters that find it, one at least, with its sign."""
    values = np.zeros(size)
    plus, minus = (round(size * rate) for rate in rates)
    found = np.maximum(random.binomial(raters, FINDS, plus + minus), 1) / raters
    values[: plus + minus] = found * np.repeat([1, -1], [plus, minus])
    return random.permutation(values)


def _without_replacement(
    size: int, n: int, repeats: int, random: np.random.Generator
) -> NDArray[np.intp]:
    """Floyd's, all samples at once: the j-th is a new one below j, or j itself where that is in."""
    drawn = np.empty((repeats, n), dtype=np.intp)
    for at in range(n):
        last = size - n + at
        one = random.integers(0, last + 1, repeats)
        seen = (drawn[:, :at] == one[:, None]).any(axis=1)
        drawn[:, at] = np.where(seen, last, one)
    return drawn


def _linearised(sums: Array, variance: Array, sampled: Array, sizes: Array) -> Ends:
    """Student's, with Satterthwaite's degrees of freedom (Cochran 1977, 5.4)."""
    own = variance * sampled / (sampled - 1)
    each = sizes**2 * (1 - sampled / sizes) * own / sampled
    value, total = (sizes * sums / sampled).sum(1), each.sum(1)
    spread = (each**2 / (sampled - 1)).sum(1)
    freedom = np.where(spread > 0, total**2 / np.maximum(spread, 1e-300), 1e9)
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(total)
    return value - reach, value + reach
