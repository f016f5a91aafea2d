"""The gate over a fortnight, looked at after every day, with the truth exactly on the margin:
whatever is decided is decided wrongly. And with the truth off it: how often anything is decided."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from evals.metrics.difference import future_difference
from evals.metrics.looks import information, scheduled_looks

from . import batched
from .batched import Array
from .fortnight import DAYS, merged
from .grids import Cell, Result

#: Sizes, shares of d = +1 and of d = -1, and labels a day: of each kind of discrepancy.
DESIGNS = {
    "one stratum a day": ([90], [0.12], [0.06], [20]),
    "three strata a day": ([60, 40, 60], [0.2, 0.08, 0.01], [0.08, 0.06, 0.01], [12, 6, 4]),
    "three strata a day, rare": ([60, 40, 60], [0.03, 0.01, 0.003], [0.01, 0.01, 0.0], [12, 6, 4]),
    "three strata a day, lopsided": (
        [90, 30, 40],
        [0.1, 0.1, 0.05],
        [0.05, 0.05, 0.05],
        [4, 4, 12],
    ),
    "nearly all labelled": ([30, 20], [0.15, 0.1], [0.1, 0.05], [27, 18]),
}
PER_DAY = 250  # requests
#: d = +1 on the first and the last day, in times its mean: what early looks see is not the whole.
DRIFTS = {"": (1.0, 1.0), "getting worse": (0.5, 1.5), "getting better": (1.5, 0.5)}


def cells() -> Iterator[Cell]:
    for name in DESIGNS:
        yield Cell("looks", name, {"design": name, "off": 0.0, "drift": ""})
    one = "one batch, its labels over fourteen days"
    yield Cell("looks", one, {"design": "", "off": 0.0, "drift": ""})
    for drift in ("getting worse", "getting better"):
        name = "three strata a day"
        about = {"design": name, "off": 0.0, "drift": drift}
        yield Cell("looks under drift", f"{name}, {drift}", about)
    for name in ("one stratum a day", "three strata a day"):
        for off in (-3.0, 4.0):
            kind = "pass" if off < 0 else "fail"
            yield Cell(
                "power", f"{name}, a {kind} is right", {"design": name, "off": off, "drift": ""}
            )


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """coverage holds shares of fortnights in which anything was decided; width their mean looks."""
    random = np.random.default_rng(seed)
    batch = not cell.about["design"]
    ends, plan, margin, error = (_one_batch if batch else _fortnight)(cell, repeats, random)
    margin -= cell.about["off"] * error
    decided, when = {}, {}
    for name, levels, early_pass in (
        ("scheduled", plan, False),
        ("scheduled, passes early too", plan, True),
        ("95 % at every look", [0.95] * DAYS, True),
    ):
        passes = np.zeros((repeats, DAYS), dtype=bool)
        fails = passes.copy()
        for day, level in enumerate(levels):
            if level is None:
                continue
            low, high = ends(day, 1 - level)
            fails[:, day] = low > margin + 1e-12
            if early_pass or day == DAYS - 1:
                passes[:, day] = high <= margin + 1e-12
        any_look = (passes | fails).any(axis=1)
        decided[name] = float(any_look.mean())
        first = np.argmax(passes | fails, axis=1)[any_look]
        when[name] = float(first.mean() + 1) if len(first) else math.nan
    return Result(cell.grid, cell.name, decided, when, {})


def _fortnight(cell: Cell, repeats: int, random: np.random.Generator):  # type: ignore[no-untyped-def]
    sizes, p, q, labels = (np.array(x) for x in DESIGNS[cell.about["design"]])
    kinds = len(sizes)
    days = []
    for trend in np.linspace(*DRIFTS[cell.about["drift"]], DAYS):
        up = p * trend
        shares = np.concatenate([sizes * up, sizes * q, sizes * (1 - up - q)]) / PER_DAY
        days.append(random.multinomial(PER_DAY, [*shares, 1 - shares.sum()], repeats))
    counts = np.stack(days, axis=1)
    plus, minus, none = (counts[..., i * kinds : (i + 1) * kinds] for i in range(3))
    size = plus + minus + none
    n = np.minimum(labels, size)
    a = random.hypergeometric(plus, minus + none, n)
    b = random.hypergeometric(minus, none, n - a)
    columns = np.stack([a, b, n, 0 * n, size]).astype(float)  # as in fortnight.merged
    total, budget = float(sizes.sum() * DAYS), float(labels.sum() * DAYS)
    reached = [information(budget * (day + 1) / DAYS, total) for day in range(DAYS)]
    plan = [look.confidence for look in scheduled_looks(reached, information(budget, total))]

    def ends(day: int, alpha: float) -> batched.Ends:
        lines = [merged(columns[:, :, : day + 1, kind]) for kind in range(kinds)]
        a, b, n, _, size = np.concatenate(lines, axis=2)
        population = PER_DAY * (day + 1)
        found = batched.future_ends(a, b, n, size, float(population), alpha)

        def shipped(at: int) -> tuple[float, float]:
            row = [x[at].astype(int) for x in (a, b, n, size)]
            e = future_difference(*row, population, 1 - alpha)
            return e.low, e.high

        if day == DAYS - 1:
            batched.check(found, shipped, slack=1e-9)
        return found

    margin = float(sizes @ (p - q)) / PER_DAY
    error = _error(sizes / PER_DAY, p, q, labels)
    return ends, plan, margin, error


def _error(weights: Array, p: Array, q: Array, labels: Array) -> float:
    """Near the standard error of the whole fortnight's difference."""
    each = weights**2 * (p + q - (p - q) ** 2) / (labels * DAYS)
    return float(np.sqrt(each.sum()))


def _one_batch(cell: Cell, repeats: int, random: np.random.Generator):  # type: ignore[no-untyped-def]
    """A window of 1,000 discrepancies and the difference in it; 40 labels a day in order of u."""
    d = np.repeat([1, -1, 0], [60, 40, 900]).astype(np.int8)
    drawn = random.permuted(np.tile(d, (repeats, 1)), axis=1)[:, : 40 * DAYS]
    worse, better = (np.cumsum(drawn == sign, axis=1)[:, 39::40] for sign in (1, -1))
    reached = [information(40 * (day + 1), 1000) for day in range(DAYS)]
    plan = [look.confidence for look in scheduled_looks(reached, reached[-1])]

    def column(values: NDArray[np.int64] | float) -> Array:
        return np.broadcast_to(np.asarray(values, dtype=float), (repeats,))[:, None]

    def ends(day: int, alpha: float) -> batched.Ends:
        low, high = batched.window_ends(
            column(worse[:, day]),
            column(better[:, day]),
            column(40.0 * (day + 1)),
            column(1000.0),
            alpha,
        )
        return low / 3000, high / 3000

    return ends, plan, 20 / 3000, 0.0
