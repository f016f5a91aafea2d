"""The gate's looks as they ship: at parts of the label budget, n/n_max, with reviewers who come and
go. The truth is exactly on the margin, so whatever is decided is decided wrongly.

Batches close day by day, items are served by rank over all of them (evals/sampling.py), look k is
taken at the moment that k/K of the budget is labelled, the last one when all is (gate/looks.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics.difference import future_difference
from evals.metrics.looks import scheduled_looks
from evals.sampling import places

from . import batched
from .batched import Array
from .fortnight import DAYS, merged
from .grids import Cell, Result
from .schedule import DESIGNS, PER_DAY

LOOKS = 14
#: Of the labels of a day that is kept up with, how many are given on each day; then all the rest.
REVIEWING = {
    "as it comes": [0.0] + [1.0] * DAYS,
    "nobody on weekends": ([0.0] + [1.0] * 4 + [0.0] * 2) * 2,
    "most in the last days": [0.0, 0.2] * 5 + [0.5] * 2,
    "in two nights": [0.0] * 5 + [4.0] + [0.0] * 7,
}


#: What is simulated of each design: everything where a decision can be wrong most often.
PATTERNS = {
    "one stratum a day": list(REVIEWING),
    "three strata a day": ["as it comes", "in two nights"],
    "three strata a day, rare": ["nobody on weekends"],
    "three strata a day, lopsided": ["as it comes", "most in the last days"],
    "nearly all labelled": list(REVIEWING),
}


def cells() -> Iterator[Cell]:
    for design, patterns in PATTERNS.items():
        for reviewing in patterns:
            about = {"design": design, "reviewing": reviewing, "off": 0.0}
            yield Cell("shipped looks", f"{design}, {reviewing}", about)
    for off in (-3.0, 4.0):
        design, kind = "three strata a day", "pass" if off < 0 else "fail"
        about = {"design": design, "reviewing": "nobody on weekends", "off": off}
        yield Cell("shipped looks, power", f"{design}, a {kind} is right", about)


@dataclass(frozen=True)
class Moment:
    """When a look is taken: the days whose batches have closed, and labels a day and kind."""

    closed: int
    labels: NDArray[np.int64]


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """coverage: shares of fortnights that were passed, that were failed, and of either."""
    random = np.random.default_rng(seed)
    sizes, p, q, labels = (np.array(x) for x in DESIGNS[cell.about["design"]])
    counts, drawn = _fortnight(sizes, p, q, labels, repeats, random)
    margin = float(sizes @ (p - q)) / PER_DAY
    margin -= cell.about["off"] * _error(sizes / PER_DAY, p, q, labels)
    moments = _moments(labels, REVIEWING[cell.about["reviewing"]])
    levels = [one.confidence for one in scheduled_looks([k / LOOKS for k in range(1, 15)], 1.0)]
    open_, passed, failed = (np.full(repeats, one) for one in (True, False, False))
    for number, (moment, level) in enumerate(zip(moments, levels, strict=True), start=1):
        if level is None:
            continue
        low, high = _ends(moment, counts, drawn, 1 - level, last=number == LOOKS)
        failed |= open_ & (low > margin + 1e-12)
        if number == LOOKS:
            passed = ~failed & (high <= margin + 1e-12)
        open_ = ~failed
    shares = {
        "passed": float(passed.mean()),
        "failed": float(failed.mean()),
        "either": float((passed | failed).mean()),
    }
    return Result(cell.grid, cell.name, shares, {}, {})


def _fortnight(
    sizes: Array, p: Array, q: Array, labels: NDArray[np.int64], repeats: int, random
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:  # type: ignore[no-untyped-def]
    """Sizes of each day's kinds, and d of the items of each line in order of u (repeats x days x
    kinds x places); 2 where a line has fewer."""
    shares = np.concatenate([sizes * p, sizes * q, sizes * (1 - p - q)]) / PER_DAY
    every = random.multinomial(PER_DAY, [*shares, 1 - shares.sum()], (repeats, DAYS))
    kinds = len(sizes)
    plus, minus, none = (every[..., i * kinds : (i + 1) * kinds].copy() for i in range(3))
    total = plus + minus + none
    drawn = np.full((*total.shape, int(labels.max())), 2, dtype=np.int8)
    for place in range(int(labels.max())):
        left = plus + minus + none
        at = random.random(left.shape) * left
        is_plus, is_minus = at < plus, (at >= plus) & (at < plus + minus)
        there = (left > 0) & (place < labels)
        d = np.where(is_plus, 1, np.where(is_minus, -1, 0))
        drawn[..., place] = np.where(there, d, 2)
        plus -= there & is_plus
        minus -= there & is_minus
        none -= there & ~is_plus & ~is_minus
    return total, drawn


def _moments(labels: NDArray[np.int64], reviewing: list[float]) -> list[Moment]:
    """Serving is by rank, whatever was said: the same in every repeat."""
    ranks = [[place.rank for place in places(int(n), int(n))] for n in labels]
    budget, kinds = int(labels.sum()) * DAYS, len(labels)
    given = np.zeros((DAYS, kinds), dtype=np.int64)
    found: list[Moment] = []
    for day in range(10 * DAYS):
        closed = min(day, DAYS)
        some = reviewing[day] if day < len(reviewing) else float(budget)
        for _ in range(int(some * labels.sum())):
            waiting = [
                (ranks[kind][given[batch, kind]], batch, kind)
                for batch in range(closed)
                for kind in range(kinds)
                if given[batch, kind] < labels[kind]
            ]
            if not waiting:
                break
            _, batch, kind = min(waiting)
            given[batch, kind] += 1
            while given.sum() * LOOKS >= (len(found) + 1) * budget:
                found.append(Moment(closed, given.copy()))
    return found


def _ends(
    moment: Moment,
    counts: NDArray[np.int64],
    drawn: NDArray[np.int8],
    alpha: float,
    *,
    last: bool,
) -> batched.Ends:
    """Of all that was compared: what the days closed and the present one have brought."""
    days = min(moment.closed + 1, DAYS)
    at = np.arange(drawn.shape[-1]) < moment.labels[:days, :, None]
    labelled = at & (drawn[:, :days] != 2)
    worse, better = ((labelled & (drawn[:, :days] == sign)).sum(axis=-1) for sign in (1, -1))
    n, size = labelled.sum(axis=-1), counts[:, :days]
    columns = np.stack([worse, better, n, 0 * n, size]).astype(float)
    lines = [merged(columns[..., kind]) for kind in range(size.shape[-1])]
    a, b, n, _, size = np.concatenate(lines, axis=2)
    population = PER_DAY * days
    found = batched.future_ends(a, b, n, size, float(population), alpha)

    def shipped(at: int) -> tuple[float, float]:
        row = [x[at].astype(int) for x in (a, b, n, size)]
        e = future_difference(*row, population, 1 - alpha)
        return e.low, e.high

    if last:
        batched.check(found, shipped, slack=1e-9)
    return found


def _error(weights: Array, p: Array, q: Array, labels: Array) -> float:
    """Near the standard error of the whole fortnight's difference."""
    each = weights**2 * (p + q - (p - q) ** 2) / (labels * DAYS)
    return float(np.sqrt(each.sum()))
