"""The grids of one sample of one window: the difference, traffic like it, rates, severity."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.metrics.difference import future_difference, paired_difference
from evals.metrics.rates import stratified_rate
from evals.metrics.severity import severity_difference

from . import batched
from .batched import Array, Ends

Integers = NDArray[np.int64]
SHAPES = {1: [1.0], 4: [0.45, 0.3, 0.15, 0.1], 6: [0.3, 0.25, 0.2, 0.12, 0.08, 0.05]}
#: Within the discrepancies, shares with d = +1 and with d = -1, from common to rare.
RATES = [(0.3, 0.2), (0.12, 0.1), (0.05, 0.02), (0.02, 0.02), (0.008, 0.003), (0.002, 0.0)]


@dataclass(frozen=True)
class Cell:
    """One cell of a grid, and what makes it: `run(cell, repeats, seed)` in `RUN[cell.grid]`."""

    grid: str
    name: str
    about: dict[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Result:
    """coverage and mean width (points) of each interval; what else the cell is there to tell."""

    grid: str
    name: str
    coverage: dict[str, float]
    width: dict[str, float]
    about: dict[str, Any]


def window_cells() -> Iterator[Cell]:
    """N x share of discrepancies x labels x strata x rates x allocation; a census is left out."""
    grid = product([2000, 3000, 50_000, 80_000], [0.12, 0.37], [60, 200, 600], SHAPES, RATES)
    for population, part, labels, strata, (p, q) in grid:
        total = round(population * part)
        if labels >= 0.9 * total:
            continue
        sizes = split(total, SHAPES[strata])
        slope = np.linspace(1.8, 0.2, strata) if strata > 1 else np.ones(1)
        plus = np.minimum(np.round(sizes * p * slope).astype(int), sizes)
        minus = np.minimum(np.round(sizes * q * slope).astype(int), sizes - plus)
        for allocation in ("proportional", "lopsided")[: min(strata, 2)]:
            yield Cell(
                "window",
                f"N={population} M={total} n={labels} H={strata} {p:g}/{q:g} {allocation}",
                {
                    "population": population,
                    "sizes": sizes,
                    "plus": plus,
                    "minus": minus,
                    "sampled": allocate(labels, allocation, sizes, plus, minus),
                    "allocation": allocation,
                },
            )
    one = {"population": 2000, "allocation": "proportional"} | {
        name: np.array([value])
        for name, value in {"sizes": 240, "plus": 0, "minus": 1, "sampled": 200}.items()
    }
    yield Cell("window", "N=2000 M=240 n=200, one item with d = −1", one)


def allocation_cells() -> Iterator[Cell]:
    """Strata that differ, the smaller the richer: Neyman's allocation has something to gain."""
    grid = product([3000, 80_000], [60, 200, 600], RATES)
    for population, labels, (p, q) in grid:
        sizes = split(round(population * 0.37), SHAPES[4])
        slope = np.array([0.1, 0.5, 2.0, 4.0]) / 1.5
        plus = np.minimum(np.round(sizes * p * slope).astype(int), sizes)
        minus = np.minimum(np.round(sizes * q * slope).astype(int), sizes - plus)
        for how in ("proportional", "Neyman"):
            about = {"population": population, "sizes": sizes, "plus": plus, "minus": minus}
            about |= {"sampled": allocate(labels, how, sizes, plus, minus), "allocation": how}
            yield Cell("allocation", f"N={population} n={labels} {p:g}/{q:g} {how}", about)


def thin_cells() -> Iterator[Cell]:
    """A large stratum with few labels beside a small one with many: as rich, richer, poorer."""
    rates = [(0.04, 0.01), (0.03, 0.0), (0.02, 0.02), (0.1, 0.01), (0.05, 0.05), (0.01, 0.1)]
    labels = [(0.7, [40, 400]), (0.7, [60, 200]), (0.5, [20, 180]), (0.9, [60, 60])]
    for population, (part, sampled), rate in product([2100, 50_000], labels, rates):
        sizes = split(population, [part, 1 - part])
        plus = np.round(sizes * np.array(rate)).astype(int)
        about = {"population": population, "sizes": sizes, "plus": plus, "minus": plus // 3}
        about |= {"sampled": np.array(sampled), "allocation": "thin"}
        yield Cell(
            "thin",
            f"N={population} {part:.0%} has {sampled[0]} of {sum(sampled)} "
            f"labels, {rate[0]:g} beside {rate[1]:g}",
            about,
        )


def split(total: int, shape: list[float]) -> Integers:
    sizes = np.maximum(np.round(total * np.array(shape)).astype(int), 1)
    sizes[0] += total - sizes.sum()
    return np.asarray(sizes)


def allocate(labels: int, how: str, sizes: Integers, plus: Integers, minus: Integers) -> Integers:
    """Labels a stratum, at least two (or all): by size, against it, or by size times deviation."""
    weight = sizes.astype(float)
    if how == "lopsided":
        weight = weight[::-1] ** 0.5
    elif how == "Neyman":
        p, q = plus / sizes, minus / sizes
        weight = weight * np.sqrt(np.maximum(p + q - (p - q) ** 2, 1e-3))
    wanted = np.maximum(np.round(labels * weight / weight.sum()).astype(int), 2)
    return np.minimum(wanted, sizes)


def draw(cell: dict[str, Any], repeats: int, seed: list[int]) -> tuple[Array, Array, Array, Array]:
    random = np.random.default_rng(seed)
    plus, minus, n, size = (cell[name] for name in ("plus", "minus", "sampled", "sizes"))
    shape = (repeats, len(size))
    worse = random.hypergeometric(plus, size - plus, n, shape)
    better = random.hypergeometric(
        np.broadcast_to(minus, shape), np.broadcast_to(size - plus - minus, shape), n - worse
    )
    wide = [np.broadcast_to(x, shape).astype(float) for x in (n, size)]
    return worse.astype(float), better.astype(float), *wide


def run_window(cell: Cell, repeats: int, seed: list[int]) -> Result:
    about = cell.about
    sample = draw(about, repeats, seed)
    intervals = {
        "shipped": batched.window_ends(*sample),
        "as specified": batched.window_ends(*sample, variant=batched.SPECIFIED),
        "Wald": batched.wald_ends(*sample),
        "plain Korn–Graubard": batched.plain_korn_graubard_ends(*sample),
    }
    population = about["population"]

    def shipped(at: int) -> tuple[float, float]:
        e = paired_difference(*(x[at].astype(int) for x in sample), population)
        return e.low * population, e.high * population

    batched.check(intervals["shipped"], shipped)
    truth = float((about["plus"] - about["minus"]).sum())
    return result(cell, intervals, truth, population)


def result(cell: Cell, intervals: dict[str, Ends], truth: Any, scale: float) -> Result:
    held = {
        name: float(((low <= truth + 1e-9) & (truth - 1e-9 <= high)).mean())
        for name, (low, high) in intervals.items()
    }
    width = {name: float((high - low).mean()) / scale for name, (low, high) in intervals.items()}
    kept = {key: value for key, value in cell.about.items() if isinstance(value, (str, int, float))}
    return Result(cell.grid, cell.name, held, width, kept)


def future_cells() -> Iterator[Cell]:
    shares = [(p * 0.37, q * 0.37) for p, q in RATES]
    for population, (p, q), fraction in product([3000, 20_000, 80_000], shares, [0.05, 0.5, 1.0]):
        yield Cell(
            "future",
            f"N={population} {100 * p:.3g}/{100 * q:.3g} %, {100 * fraction:g} % labelled",
            {"population": population, "plus": p, "minus": q, "fraction": fraction},
        )


def run_future(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """Each window is drawn from the traffic, then its labels from the window."""
    random, about = np.random.default_rng(seed), cell.about
    population, p, q = about["population"], about["plus"], about["minus"]
    strata, slope = np.array(SHAPES[4]) * 0.37, np.linspace(1.8, 0.2, 4)
    slope = slope * 0.37 / (strata @ slope)
    cells = np.concatenate([strata * slope * p / 0.37, strata * slope * q / 0.37])
    none = strata - cells[:4] - cells[4:]
    counts = random.multinomial(population, [*cells, *none, 1 - strata.sum()], repeats)
    plus, minus, sizes = counts[:, :4], counts[:, 4:8], counts[:, :12].reshape(-1, 3, 4).sum(axis=1)
    sampled = np.minimum(np.maximum(np.round(about["fraction"] * sizes), 2), sizes).astype(int)
    worse = random.hypergeometric(plus, sizes - plus, sampled)
    better = random.hypergeometric(minus, sizes - plus - minus, sampled - worse)
    sample = tuple(x.astype(float) for x in (worse, better, sampled, sizes))
    window = batched.window_ends(*sample)
    intervals = {
        "shipped": batched.future_ends(*sample, float(population)),
        "this window's": (window[0] / population, window[1] / population),
    }

    def shipped(at: int) -> tuple[float, float]:
        e = future_difference(*(x[at].astype(int) for x in sample), population)
        return e.low, e.high

    batched.check(intervals["shipped"], shipped, slack=1e-9)
    return result(cell, intervals, p - q, 1.0)


def rate_cells() -> Iterator[Cell]:
    """Blocks of discrepancies, equivalent and identical pairs, with hits in each; and batches."""
    designs = [(200, 60, 60), (600, 60, 100), (60, 40, 40)]
    # In the last two a comparator hides errors: nearly all of them are among the pairs that match.
    hits = [
        (0.5, 0.05, 0.01),
        (0.1, 0.02, 0.004),
        (0.02, 0.0, 0.0),
        (0.02, 0.0, 0.01),
        (0, 0.1, 0.01),
    ]
    for population, sampled, shares in product([3000, 50_000], designs, hits):
        sizes = split(population, [0.37, 0.13, 0.5])
        yield Cell(
            "rates",
            f"N={population} n={'+'.join(map(str, sampled))} "
            + "/".join(f"{100 * share:g} %" for share in shares),
            {
                "population": population,
                "sizes": sizes,
                "sampled": np.minimum(sampled, sizes),
                "plus": np.round(sizes * shares).astype(int),
            },
        )
    sizes = np.repeat([80, 40, 90], 14)
    yield Cell(
        "rates",
        "a fortnight of 42 batches, 2 to 4 labels in each",
        {
            "population": 3000,
            "sizes": sizes,
            "sampled": np.repeat([4, 2, 2], 14),
            "plus": np.repeat([22, 1, 1], 14),
        },
    )


def run_rates(cell: Cell, repeats: int, seed: list[int]) -> Result:
    about = cell.about
    found, _, sampled, sizes = draw(about | {"minus": 0 * about["sizes"]}, repeats, seed)
    population = about["population"]
    intervals = {
        "shipped": batched.rate_ends(found, sampled, sizes),
        "one pooled interval": batched.pooled_rate_ends(found, sampled, sizes),
    }

    def shipped(at: int) -> tuple[float, float]:
        e = stratified_rate(*(x[at].astype(int) for x in (found, sampled, sizes)), population)
        return e.low * population, e.high * population

    batched.check(intervals["shipped"], shipped)
    return result(cell, intervals, float(about["plus"].sum()), population)


WEIGHTS = [1.0, 5.0, 25.0]
#: Of the discrepancies, the candidate's and the baseline's findings of weight 1, 5 and 25.
KINDS = [
    ((0.2, 0.06, 0.01), (0.2, 0.05, 0.005)),
    ((0.06, 0.012, 0.004), (0.06, 0.012, 0.0)),
    ((0.3, 0.1, 0.05), (0.1, 0.02, 0.0)),
]


def severity_cells() -> Iterator[Cell]:
    for population, labels, strata, (c, b) in product(
        [2000, 50_000], [60, 200, 600], [1, 4], KINDS
    ):
        sizes = split(round(population * 0.37), SHAPES[strata])
        if labels < sizes.sum():
            sampled = allocate(labels, "proportional", sizes, 0 * sizes, 0 * sizes)
            yield Cell(
                "severity",
                f"N={population} n={labels} H={strata} {c} against {b}",
                {"population": population, "sizes": sizes, "sampled": sampled, "kinds": (c, b)},
            )


def run_severity(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """Each side's finding of an item is drawn on its own, once, for a fixed window; then labels."""
    random, about = np.random.default_rng(seed), cell.about
    sizes, population, truth = about["sizes"], about["population"], 0.0
    points = np.array([0.0, *WEIGHTS])
    c, b = np.repeat(points, 4), np.tile(points, 4)
    samples = []
    for size, n in zip(sizes, about["sampled"], strict=True):
        sides = [
            random.permutation(np.repeat(np.arange(4), split(size, [1 - sum(side), *side])))
            for side in about["kinds"]
        ]
        table = np.bincount(4 * sides[0] + sides[1], minlength=16)
        truth += float(table @ (c - b))
        samples.append(random.multivariate_hypergeometric(table, n, repeats, method="marginals"))
    net = [c - b] * len(samples)
    rows = [
        [np.stack([n @ (side == v) for n in samples], axis=1) for v in WEIGHTS] for side in (c, b)
    ]
    wide = [np.broadcast_to(x, rows[0][0].shape).astype(float) for x in (about["sampled"], sizes)]
    intervals = {
        "shipped": batched.score_ends(net, samples, sizes, WEIGHTS[-1]),
        "kind by kind": batched.severity_ends(WEIGHTS, *rows, *wide),
        "linearised variance": linearised(net, samples, sizes),
    }
    batched.check_score(intervals["shipped"], net, samples, sizes, population, WEIGHTS[-1])

    def by_kind(at: int) -> tuple[float, float]:
        counts = [[side[k][at].astype(int) for k in range(3)] for side in rows]
        e = severity_difference(WEIGHTS, *counts, about["sampled"], sizes, population)
        return e.low * population, e.high * population

    batched.check(intervals["kind by kind"], by_kind)
    return result(cell, intervals, truth, population)


def linearised(items: list[Array], drawn: list[Array], sizes: Any) -> Ends:
    """The rival: normal, with the variance of the numbers in the sample."""
    value = square = np.zeros(len(drawn[0]))
    for x, n, size in zip(items, drawn, sizes, strict=True):
        labels = n.sum(axis=1)
        mean = n @ x / labels
        value = value + size * mean
        own = (n @ x**2 - labels * mean**2) / np.maximum(labels - 1, 1)
        square = square + size**2 * (1 - labels / size) / labels * own
    reach = 1.96 * np.sqrt(np.maximum(square, 0))
    return value - reach, value + reach
