"""The severity-weighted score where kinds of findings go together in an item, and where no label
has the kind that weighs most: what is shipped against intervals that are added kind by kind."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from . import batched
from .grids import Cell, Result, linearised, result

#: Of 60 labels one sample in six has no such item, and it weighs more than one finding may.
BEYOND = "nine kinds or none, on one side"
#: Twelve kinds, four of each weight, and which of a side's items have them.
WEIGHTS = np.repeat([1.0, 5.0, 25.0], 4)
RATES = np.repeat([0.05, 0.015, 0.004], 4)
HOW = {
    "kinds by chance": (1.0, 1.0),
    "kinds in one item of twelve": (0.08, 0.08),
    "kinds in one item of twelve, on one side": (0.08, 0.0),
    "nine kinds or none": (0.03, 0.03),
    BEYOND: (0.03, 0.0),
    "one heavy kind, in six of a thousand": (0.006, 0.0),
}
SAMPLES = [(2000, 100), (2000, 300), (50_000, 60), (50_000, 600)]


def cells() -> Iterator[Cell]:
    for (population, labels), how in product(SAMPLES, HOW):
        about = {"population": population, "labels": labels, "how": how}
        grid = "beyond" if labels == 60 and how == BEYOND else "together"
        yield Cell(grid, f"N={population} n={labels} {how}", about)


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """One population of pairs that differ; what is repeated is which of them are labelled."""
    random, about = np.random.default_rng(seed), cell.about
    population, n = about["population"], about["labels"]
    size = round(0.37 * population)
    sides = [_findings(size, about["how"], part, random) for part in HOW[about["how"]]]
    sorts, counts = np.unique(np.hstack(sides), axis=0, return_counts=True)
    drawn = random.multivariate_hypergeometric(counts, n, repeats, method="marginals")
    c, b = sorts[:, :12].astype(float), sorts[:, 12:].astype(float)
    rows = [[(drawn @ side[:, k])[:, None] for k in range(12)] for side in (c, b)]
    there = [(rows[0][k] + rows[1][k])[:, 0] > 0 for k in range(12)]
    wide = [np.full((repeats, 1), float(x)) for x in (n, size)]
    net, sampled = _by_number((c - b) @ WEIGHTS, drawn)
    heaviest = np.maximum(
        WEIGHTS[-1], (np.maximum(c @ WEIGHTS, b @ WEIGHTS) * (drawn > 0)).max(axis=1)
    )
    strata = [net], [sampled], np.array([size])
    intervals = {
        "shipped": batched.score_ends(*strata, heaviest),
        "kind by kind": batched.severity_ends(WEIGHTS.tolist(), *rows, *wide, there=there),
        "linearised variance": linearised(*strata),
    }
    batched.check_score(intervals["shipped"], *strata, population, heaviest)
    return result(cell, intervals, float(counts @ (c - b) @ WEIGHTS), population)


def _by_number(
    values: NDArray[np.float64], drawn: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numbers, which = np.unique(values, return_inverse=True)
    return numbers, drawn @ np.eye(len(numbers))[which]


def _findings(size: int, how: str, part: float, random: np.random.Generator) -> NDArray[np.bool_]:
    """Items x kinds: whether it has one. part: of the items, those that have any."""
    has = random.permutation(size) < round(part * size)
    if how.startswith("nine"):
        return has[:, None] & (np.arange(12) % 4 < 3)
    if how.startswith("one heavy"):
        light = (random.random((size, 12)) < RATES) & (WEIGHTS < 5)
        light[:, -1] = has
        return light
    return has[:, None] & (random.random((size, 12)) < RATES / max(part, 1e-9))
