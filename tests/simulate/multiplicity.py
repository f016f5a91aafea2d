"""The severity-weighted score where an item has several findings of one kind: rows for at least
one, two, ... rise and fall together, and a sum that takes them for independent is too sure. What is
shipped adds up what an item weighs before anything is estimated."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from evals.metrics.severity import severity_difference

from . import batched
from .grids import WEIGHTS, Cell, Result, result

Integers = NDArray[np.int64]
#: Findings of weight 1, 5 and 25: shares of pairs with one at least.
RATES = (0.2, 0.06, 0.04)
SIDES = {"on both sides": (RATES, (0.2, 0.05, 0.03)), "on one side": (RATES, (0.0, 0.0, 0.0))}
#: 1: as in the grid above. Clumped: Poisson with a gamma mean, as MQM's are.
TIMES = ("1", "2", "3", "5", "clumped")
THINLY = "1 beside 5 in thinly labelled ones,"
SPREAD = 0.1  # the gamma's shape


#: Parts of the pairs that differ, and of the labels, and how many findings a pair has there.
THIN = [(0.5, 0.7, "1"), (0.5, 0.3, "5")]


def cells() -> Iterator[Cell]:
    samples = [*product([(2000, 300), (50_000, 100)], TIMES), ((2000, 300), THINLY)]
    for ((population, labels), times), sides in product(samples, SIDES):
        strata = THIN if times == THINLY else [(1.0, 1.0, times)]
        about = {"population": population, "labels": labels, "strata": strata, "sides": sides}
        yield Cell("multiplicity", f"N={population} n={labels} {times} each {sides}", about)


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """One population of pairs that differ; what is repeated is which of them are labelled."""
    random, about = np.random.default_rng(seed), cell.about
    population, truth, samples = about["population"], 0.0, []
    sizes, sampled = (
        [round(of * strata[at]) for strata in about["strata"]]
        for at, of in ((0, population * 0.37), (1, about["labels"]))
    )
    for size, n, (_, _, times) in zip(sizes, sampled, about["strata"], strict=True):
        sides = [_findings(size, rates, times, random) for rates in SIDES[about["sides"]]]
        truth += float((sides[0] - sides[1]).sum(axis=0) @ WEIGHTS)
        items, counts = np.unique(np.hstack(sides), axis=0, return_counts=True)
        drawn = random.multivariate_hypergeometric(counts, n, repeats, method="marginals")
        samples.append((items, drawn))
    every = np.vstack([items for items, _ in samples])
    most = np.maximum(every[:, :3], every[:, 3:]).max(axis=0)
    kinds = [k for k in range(3) for _ in range(max(most[k], 1))]
    least = [j for k in range(3) for j in range(1, max(most[k], 1) + 1)]
    rows = [
        [
            np.stack([drawn @ (items[:, 3 * side + k] >= j) for items, drawn in samples], axis=1)
            for k, j in zip(kinds, least, strict=True)
        ]
        for side in (0, 1)
    ]
    there = [(c + b).sum(axis=1) + (j == 1) > 0 for c, b, j in zip(*rows, least, strict=True)]
    weights = [WEIGHTS[k] for k in kinds]
    wide = [np.broadcast_to(x, rows[0][0].shape).astype(float) for x in (sampled, sizes)]
    columns = (weights, *rows, *wide)
    net, heaviest = [], np.full(repeats, WEIGHTS[-1])
    for items, drawn in samples:
        own = items[:, :3] @ WEIGHTS, items[:, 3:] @ WEIGHTS
        net.append(own[0] - own[1])
        heaviest = np.maximum(heaviest, (np.maximum(*own) * (drawn > 0)).max(axis=1))
    tables, counts = [drawn for _, drawn in samples], np.array(sizes)
    intervals = {
        "shipped": batched.score_ends(net, tables, counts, heaviest),
        "kind by kind": batched.severity_ends(*columns, kinds=kinds, there=there),
        "rows as if independent": batched.severity_ends(*columns, there=there),
    }
    batched.check_score(intervals["shipped"], net, tables, counts, population, heaviest)

    def by_kind(at: int) -> tuple[float, float]:
        has = [i for i, one in enumerate(there) if one[at]]
        found = [[side[i][at].astype(int) for i in has] for side in rows]
        e = severity_difference(
            [weights[i] for i in has],
            *found,
            sampled,
            sizes,
            population,
            kinds=[kinds[i] for i in has],
        )
        return e.low * population, e.high * population

    batched.check(intervals["kind by kind"], by_kind)
    return result(cell, intervals, truth, population)


def _findings(
    size: int, rates: tuple[float, ...], times: str, random: np.random.Generator
) -> Integers:
    """Pairs x kinds: how many findings of each."""
    found = np.zeros((size, len(rates)), dtype=np.int64)
    for k, rate in enumerate(rates):
        if times == "clumped":
            # Of P(X > 0) = 1 - (1 + mean / shape)^-shape = rate.
            mean = SPREAD * ((1 - rate) ** (-1 / SPREAD) - 1)
            found[:, k] = random.poisson(random.gamma(SPREAD, mean / SPREAD, size))
        else:
            hit = random.permutation(size) < round(size * rate)
            found[:, k] = int(times) * hit
    return found
