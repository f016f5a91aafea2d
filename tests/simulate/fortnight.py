"""A fortnight of traffic: drift, uneven reviewing, weekends, slow, disputed and skipped items.

The closed-prefix lines that the report takes, against putting all answers together.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics.difference import paired_difference

from . import batched
from .batched import Array
from .grids import Cell, Result, result

DAYS = 14
KINDS = 3  # far and near discrepancies, equivalent pairs
SIZES = np.array([45, 25, 60])
PLUS, MINUS = np.array([0.2, 0.06, 0.01]), np.array([0.06, 0.04, 0.01])
WEEKEND = np.arange(DAYS) % 7 >= 5


@dataclass(frozen=True)
class Plan:
    """drift: d = +1 is this many times as frequent on the last day as on the first.
    weekend: how many times as frequent on weekends. first, later: labels a kind and day in the
    first four days, and after. rest: two labels only of a weekend's batches. slow: mean days until
    an item with d = 0 is answered, and one with a finding. disputed, skipped: shares of items with
    d = 0, and of the others."""

    drift: float = 1.0
    weekend: float = 1.0
    first: int = 8
    later: int = 8
    rest: bool = False
    slow: tuple[float, float] = (0.0, 0.0)
    disputed: tuple[float, float] = (0.0, 0.0)
    skipped: tuple[float, float] = (0.0, 0.0)


PLANS = {
    "as it should be": Plan(),
    "drift, most labels in the first days": Plan(drift=8.0, first=24, later=2),
    "weekends without reviewers, other traffic": Plan(weekend=2.5, first=10, later=10, rest=True),
    "slow and disputed items": Plan(slow=(0.3, 1.5), disputed=(0.03, 0.4)),
    "all of it": Plan(8.0, 2.5, 20, 4, True, (0.3, 1.5), (0.03, 0.3), (0.01, 0.03)),
}


def cells() -> Iterator[Cell]:
    for name in PLANS:
        yield Cell("fortnight", name, {"plan": name})


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """One fixed fortnight; what is repeated is the draw, and how long reviewers take."""
    random, plan = np.random.default_rng(seed), PLANS[cell.about["plan"]]
    trend = np.linspace(2 / (1 + plan.drift), 2 * plan.drift / (1 + plan.drift), DAYS)
    trend = trend * np.where(WEEKEND, plan.weekend, 1.0)
    lines = np.zeros((5, repeats, KINDS, DAYS))  # worse, better, sampled, unknown, size
    careful = lines.copy()  # disputed items unknown, not with their provisional label
    naive = np.zeros((3, repeats, KINDS))  # worse, better, sampled, whatever the day
    truth = 0
    for kind in range(KINDS):
        for day in range(DAYS):
            size = int(SIZES[kind] * (0.7 if WEEKEND[day] else 1.0))
            plus = min(round(size * PLUS[kind] * trend[day]), size)
            minus = min(round(size * MINUS[kind]), size - plus)
            truth += plus - minus
            d = np.repeat([1, -1, 0], [plus, minus, size - plus - minus]).astype(np.int8)
            labels = plan.first if day < 4 else plan.later
            labels = min(2 if plan.rest and WEEKEND[day] else labels, size)
            drawn = random.permuted(np.tile(d, (repeats, 1)), axis=1)[:, :labels]
            line, withheld, answers = _answered(drawn, day, plan, random)
            lines[:, :, kind, day], careful[:, :, kind, day] = line, withheld
            lines[4, :, kind, day] = careful[4, :, kind, day] = size
            naive[:, :, kind] += answers
    a, b, n, skipped, size = _together(careful)
    sizes = np.broadcast_to(lines[4, 0].sum(axis=1), (repeats, KINDS)).astype(float)
    intervals = {
        "lines": _bounds(*_together(lines)),
        "lines, disputed items unknown": _bounds(a, b, n, skipped, size),
        "all answers together": batched.window_ends(naive[0], naive[1], naive[2], sizes),
    }
    population = 3000

    def shipped(at: int) -> tuple[float, float]:
        row = [x[at].astype(int) for x in (a, b, n, size, skipped)]
        e = paired_difference(*row[:4], population, unknown=row[4])
        return e.low * population, e.high * population

    # The shipped ends are widened to hold the value, which leaves the unknown items out.
    held = _holding(intervals["lines, disputed items unknown"], a, b, n, size)
    batched.check(held, shipped)
    return result(cell, intervals, float(truth), population)


def _together(lines: Array) -> Array:
    return np.concatenate([merged(lines[:, :, kind]) for kind in range(KINDS)], axis=2)


def _bounds(a: Array, b: Array, n: Array, unknown: Array, size: Array) -> batched.Ends:
    low = batched.window_ends(a, b + unknown, n + unknown, size)[0]
    return low, batched.window_ends(a + unknown, b, n + unknown, size)[1]


def _answered(
    drawn: NDArray[np.int8], day: int, plan: Plan, random: np.random.Generator
) -> tuple[Array, Array, Array]:
    """(worse, better, sampled, unknown, 0) of the closed prefix, twice, and (worse, better,
    sampled) of all answers. Reviewers take a batch's items one after the other on the next day, and
    the look is one day after the last batch closed. A disputed item enters the first line with its
    provisional label (which is right), the second as unknown, and is missing from the answers."""
    shape = drawn.shape
    found = drawn != 0

    def happens(chances: tuple[float, float]) -> NDArray[np.bool_]:
        return np.asarray(random.random(shape) < np.where(found, chances[1], chances[0]))

    begun = day + 1 + np.arange(shape[1]) / shape[1] * 0.9
    took = random.exponential(1.0, shape) * np.where(found, plan.slow[1], plan.slow[0])
    answered = begun + took <= DAYS + 1
    skipped, disputed = happens(plan.skipped), happens(plan.disputed)
    prefix = np.logical_and.accumulate(answered, axis=1)
    lines = []
    for labelled in (prefix & ~skipped, prefix & ~skipped & ~disputed):
        line = [(labelled & (drawn == sign)).sum(axis=1) for sign in (1, -1)]
        n, reached = labelled.sum(axis=1), prefix.sum(axis=1)
        lines.append(np.array([*line, n, reached - n, np.zeros(shape[0])]))
    plain = answered & ~skipped & ~disputed
    answers = [(plain & (drawn == sign)).sum(axis=1) for sign in (1, -1)]
    return lines[0], lines[1], np.array([*answers, plain.sum(axis=1)])


def merged(lines: Array) -> Array:
    """Columns x samples x batches, a batch with fewer than two labels put together with its
    neighbour, as reviewapp.reports.lines.merged does; what was taken away is left as zeros."""
    _, samples, batches = lines.shape
    rows = np.arange(samples)
    out = np.zeros_like(lines)
    last = np.full(samples, -1)
    for batch in range(batches):
        join = (last >= 0) & _thin(out[:, rows, np.maximum(last, 0)])
        last = np.where(join, last, last + 1)
        out[:, rows, last] += lines[:, :, batch]
    while (ends := (last > 0) & _thin(out[:, rows, last])).any():
        where = rows[ends]
        out[:, where, last[ends] - 1] += out[:, where, last[ends]]
        out[:, where, last[ends]] = 0
        last = np.where(ends, last - 1, last)
    return out


def _thin(line: Array) -> NDArray[np.bool_]:
    return np.asarray(line[2] < np.minimum(2, line[4]))


def _holding(ends: batched.Ends, a: Array, b: Array, n: Array, size: Array) -> batched.Ends:
    value = np.where(n > 0, (a - b) * size / np.maximum(n, 1), 0).sum(axis=1)
    return np.minimum(ends[0], value), np.maximum(ends[1], value)
