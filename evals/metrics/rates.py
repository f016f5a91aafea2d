"""How often one side has a finding: absolute rates, with the audited pairs as further strata."""

import numpy as np
from numpy.typing import NDArray

from evals.metrics.estimate import Estimate
from evals.metrics.mover import square_and_add
from evals.metrics.shares import stratified_share
from evals.metrics.strata import (
    Array,
    Counts,
    check_confidence,
    check_population,
    check_within,
    read_counts,
)
from evals.metrics.window import SLACK

SPAN = 2.0  # the fractions sampled inside one block differ by no more than this factor


def stratified_rate(
    hits: Counts,
    sampled: Counts,
    sizes: Counts,
    population: int,
    confidence: float = 0.95,
    unknown: Counts | None = None,
    *,
    averaged: bool = False,
) -> Estimate:
    """The share of N requests that are hits, in this window, with its interval.

    hits, sampled, sizes, unknown: one whole number a stratum: labelled items that are hits, all
    labelled items, all comparisons, drawn items without a label (the low end takes them as no hits,
    the high end as hits). Requests in no stratum have no hit. population: N.
    averaged: hits may be sums of shares, each of an item's raters, as in `difference.py`.
    Strata are put together into blocks of like sampling fractions (`blocks_of`); each block's share
    has Clopper-Pearson ends at its effective size, and blocks are combined by square-and-add,
    rounded outward to multiples of 1/N. A stratum that is a census is exact; one with nothing
    sampled adds nothing to the value and the low end, and sizes/N to the high end.
    Errors: ValueError, naming the entry, for counts that contradict each other.
    """
    check_confidence(confidence)
    a, n, size, skipped = read_counts(
        ("hits",) if averaged else (), hits=hits, sampled=sampled, sizes=sizes, unknown=unknown
    )
    check_within("hits", a, "sampled", n)
    check_within("sampled" if unknown is None else "sampled + unknown", n + skipped, "sizes", size)
    check_population(population, size)
    alpha = 1 - confidence
    low, high = _ends(a, n + skipped, size, alpha)
    if skipped.any():
        high = _ends(a + skipped, n + skipped, size, alpha)[1]
    seen = n > 0
    value = float((a[seen] * (size[seen] / n[seen])).sum()) / population
    return Estimate(value, min(low / population, value), max(high / population, value))


def blocks_of(fractions: Array) -> list[NDArray[np.intp]]:
    """Indices of strata, in blocks whose fractions lie within a factor of SPAN, lowest first.

    Differ, equivalent and identical strata are sampled at fractions that are far apart, and one
    pooled effective size would let the most thinly sampled speak for all; batches of one kind are
    sampled alike, and a block for each would miss the truth 12 % of the time at two labels a batch.
    """
    blocks: list[list[int]] = []
    for at in np.argsort(fractions, kind="stable").tolist():
        if blocks and fractions[at] <= SPAN * fractions[blocks[-1][0]]:
            blocks[-1].append(at)
        else:
            blocks.append([at])
    return [np.array(block) for block in blocks]


def _ends(hits: Array, sampled: Array, sizes: Array, alpha: float) -> tuple[float, float]:
    census = sampled == sizes
    part = (sampled > 0) & ~census
    a, n, size = hits[part], sampled[part], sizes[part]
    parts = []
    for block in blocks_of(n / size):
        total = float(size[block].sum())
        share = stratified_share(a[block], n[block], size[block], total)
        low, high = share.ends(alpha)
        parts.append((total * share.value, total * low, total * high))
    _, low, high = square_and_add(parts)
    known, counted = float(hits[census].sum()), float(a.sum())
    unseen = float(sizes[sampled == 0].sum())
    low = max(float(np.floor(low + SLACK)), counted)
    high = min(float(np.ceil(high - SLACK)), counted + float((size - n).sum()))
    return known + low, known + high + unseen
