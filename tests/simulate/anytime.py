"""The confidence sequence at every time, and whether the labels planned for decide."""

import math
from collections.abc import Iterator

import numpy as np

from evals.metrics.planning import labels_needed, spread
from evals.metrics.sequence import confidence_sequence

from . import batched
from .grids import Cell, Result, result

#: Of each stratum: d = +1, d = -1, d = 0.
POPULATIONS = {
    "common": [(60, 40, 900)],
    "rare": [(4, 1, 495)],
    "three strata": [(40, 10, 150), (6, 2, 292), (0, 1, 199)],
}
DRAWS = 200
FEWER = 10  # a sequence is computed one sample at a time: a tenth of the repeats


def sequence_cells() -> Iterator[Cell]:
    for name in POPULATIONS:
        yield Cell("sequence", f"{name}, drawn at random", {"of": name, "adaptive": False})
    adaptive = {"of": "three strata", "adaptive": True}
    yield Cell("sequence", "three strata, drawn where findings are", adaptive)


def run_sequence(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """What was left out once stays out: the truth is inside at the end only if it always was."""
    random = np.random.default_rng(seed)
    counts = POPULATIONS[cell.about["of"]]
    strata = [np.repeat([1, -1, 0], each) for each in counts]
    truth = float(sum(each.sum() for each in strata))
    low, high = np.zeros((2, max(repeats // FEWER, 1)))
    for at in range(len(low)):
        draw = _adaptive if cell.about["adaptive"] else _simple
        sizes, signs, of, chances = draw(strata, random)
        e = confidence_sequence(signs, of, sizes, sum(map(len, strata)), chances=chances)
        low[at], high[at] = e.low, e.high
    total = sum(map(len, strata))
    return result(cell, {"shipped": (low * total, high * total)}, truth, total)


def _simple(strata, random):  # type: ignore[no-untyped-def]
    together = random.permutation(np.concatenate(strata))
    return [len(together)], together[:DRAWS].tolist(), [0] * DRAWS, None


def _adaptive(strata, random):  # type: ignore[no-untyped-def]
    queues = [random.permutation(one) for one in strata]
    left, found = np.array([float(len(one)) for one in strata]), np.ones(len(strata))
    signs, of, chances = [], [], []
    for chance in random.random(DRAWS):
        q = left * found / (left @ found)
        h = min(int(np.searchsorted(np.cumsum(q), chance)), len(q) - 1)
        d = int(queues[h][int(left[h]) - 1])
        signs.append(d)
        of.append(h)
        chances.append(q)
        left[h] -= 1
        found[h] += 0.2 * abs(d)
    return [len(one) for one in strata], signs, of, chances


#: worse, better, sampled, sizes, N, margin: a pilot and the rule that it does not decide yet.
PILOTS = {
    "leans to a pass": ([3, 3], [3, 2], [30, 50], [3000, 1500], 20_000, 0.01),
    "leans to a pass, narrow margin": ([6], [5], [200], [8000], 60_000, 0.004),
    "leans to a fail": ([8], [2], [60], [900], 3000, 0.01),
    "three strata": ([9, 3, 1], [4, 3, 1], [60, 40, 40], [2000, 1000, 3000], 12_000, 0.03),
}


def planned_cells() -> Iterator[Cell]:
    for name in PILOTS:
        yield Cell("labels needed", name, {"pilot": name})


def run_planned(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """Populations at the present estimate, the pilot among them; then the labels asked for."""
    random = np.random.default_rng(seed)
    *columns, population, margin = PILOTS[cell.about["pilot"]]
    a, b, n, size = (np.array(column) for column in columns)
    needed = labels_needed(a, b, n, size, population, margin=margin, budget=int(size.sum()))
    if needed is None:
        return Result(cell.grid, cell.name, {"decided": math.nan}, {"decided": math.nan}, {})
    left = (size - n).astype(float)
    more = np.round(spread(needed, left, left)).astype(int)
    plus, minus = np.round(size * a / n).astype(int) - a, np.round(size * b / n).astype(int) - b
    rest = size - n
    up = random.hypergeometric(plus, rest - plus, more, (repeats, len(n)))
    shape = up.shape
    down = random.hypergeometric(
        np.broadcast_to(minus, shape), np.broadcast_to(rest - plus - minus, shape), more - up
    )
    wide = [np.broadcast_to(x, shape).astype(float) for x in (n + more, size)]
    low, high = batched.future_ends(a + up * 1.0, b + down * 1.0, *wide, float(population))
    decided = float(((high <= margin) | (low > margin)).mean())
    return Result(cell.grid, cell.name, {"decided": decided}, {"decided": float(needed)}, {})
