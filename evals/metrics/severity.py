"""The severity-weighted score of the candidate against the baseline's.

Arguments that both functions share:
weights: K weights v, 0 to 1e12, one a kind of finding (a category x severity, or a severity).
candidate, baseline: K rows of one whole number a stratum: labelled items on which that side has a
finding of kind k. Items, not findings: where one item may carry several of a kind, give the kind a
row for "at least one", a second row with the same weight for "at least two", and so on; the
weighted sum of the rows is then the sum over findings. The rows of the two sides are counted
separately: an item with the same finding on both sides is in both, and cancels.
kinds: K names, equal for such rows of one kind: what has two has one, so they rise and fall
together (nested.py). None: every row is a kind by itself, taken for independent of the others.
Where kinds go together in an item the interval is then too sure: give one number an item instead,
as rows of a single kind (`scores.py`), which is what a report does.
averaged: an entry may be a sum of shares, of each item's raters those who found it (MQM's mean over
raters, Freitag et al. 2021); the interval treats it as that many whole items, as `difference.py`.
sampled, sizes: one whole number a stratum, labelled items and all comparisons. population: N.
unknown: items that were drawn and have no label (skipped), not counted in `sampled`; the low end
takes every kind to be on the baseline's side of each, the high end on the candidate's, the value
leaves them out.
ValueError, naming the entry, for counts that contradict each other.
"""

import math
from collections.abc import Hashable, Sequence

from evals.metrics.estimate import Estimate
from evals.metrics.mover import mover_difference, square_and_add
from evals.metrics.nested import Part, added, lowest_correlation
from evals.metrics.shares import stratified_share
from evals.metrics.strata import (
    Array,
    Counts,
    check_confidence,
    check_design_effect,
    check_population,
    check_within,
    read_counts,
)
from evals.metrics.window import SLACK, expansion

Row = tuple[Array, Array]  # the candidate's counts, the baseline's
Kind = list[tuple[float, Row]]  # weight and counts of one, two, ... findings an item

# Of 240 items with 200 labelled, one heavy finding stays hidden one time in six: without half a
# request more before rounding, such windows covered the truth 88 % of the time.
HALF = 0.5
HEAVIEST = 1e12


def severity_difference(
    weights: Sequence[float],
    candidate: Sequence[Counts],
    baseline: Sequence[Counts],
    sampled: Counts,
    sizes: Counts,
    population: int,
    confidence: float = 0.95,
    unknown: Counts | None = None,
    *,
    kinds: Sequence[Hashable] | None = None,
    averaged: bool = False,
) -> Estimate:
    """Sum over kinds of v * (candidate's share - baseline's share), in points a request.

    Each share has Clopper-Pearson ends at its effective size, rounded outward to multiples of 1/N
    from half a request further out. The rows of a kind are added with the correlation that nested
    ones have (nested.py); its two sides are combined by MOVER with the lowest correlation they can
    have, the kinds by square-and-add. Nothing is assumed of how the sides of a kind go together; of
    the kinds, that items with one have another no more often than by chance. A census stratum is
    exact. A stratum with nothing sampled adds (sum of all rows' weights) * sizes/N to both sides.
    No strata or no weights: exactly 0.
    """
    read = _read(weights, candidate, baseline, sampled, sizes, population, unknown, kinds, averaged)
    check_confidence(confidence)
    return _combine(*read, population, math.inf, 1 - confidence)


def future_severity_difference(
    weights: Sequence[float],
    candidate: Sequence[Counts],
    baseline: Sequence[Counts],
    sampled: Counts,
    sizes: Counts,
    population: int,
    confidence: float = 0.95,
    design_effect: float = 1.0,
    unknown: Counts | None = None,
    *,
    kinds: Sequence[Hashable] | None = None,
    averaged: bool = False,
) -> Estimate:
    """The same for traffic like this window's, which is worth N / design_effect requests of it."""
    read = _read(weights, candidate, baseline, sampled, sizes, population, unknown, kinds, averaged)
    check_confidence(confidence)
    check_design_effect(design_effect)
    return _combine(*read, population, population / design_effect, 1 - confidence)


def severity_score(
    weights: Sequence[float],
    found: Sequence[Counts],
    sampled: Counts,
    sizes: Counts,
    population: int,
    confidence: float = 0.95,
    unknown: Counts | None = None,
    *,
    kinds: Sequence[Hashable] | None = None,
    averaged: bool = False,
) -> Estimate:
    """One side's score in this window: sum over kinds of v * share, in points a request.

    found: as `candidate`. Ends as those of `severity_difference`; a stratum with nothing sampled,
    and an unknown item, adds nothing to the low end and every row once to the high one.
    """
    read = _read(weights, found, found, sampled, sizes, population, unknown, kinds, averaged)
    check_confidence(confidence)
    each, n, size, skipped = read
    alpha, all_rows = 1 - confidence, _heaviest(each)
    ends = []
    for extra in (0 * skipped, skipped):
        parts = []
        for rows in each:
            of = [(weight, hits + extra) for weight, (hits, _) in rows]
            parts.append(_counts(of, n + skipped, size, population, math.inf, alpha)[0])
        ends.append(square_and_add(parts))
    value = sum(
        weight * expansion(hits, 0 * hits, n, size) for rows in each for weight, (hits, _) in rows
    )
    high = ends[1][2] + all_rows * float(size[n + skipped == 0].sum())
    value, low, high = (one / population for one in (value, ends[0][1], high))
    return Estimate(value, min(max(low, 0.0), value), max(high, value))


def _combine(
    kinds: list[Kind],
    sampled: Array,
    sizes: Array,
    skipped: Array,
    population: int,
    traffic: float,
    alpha: float,
) -> Estimate:
    worst = [[(weight, (c, b + skipped)) for weight, (c, b) in rows] for rows in kinds]
    value, low, high = _ends(worst, sampled + skipped, sizes, population, traffic, alpha)
    if skipped.any():
        best = [[(weight, (c + skipped, b)) for weight, (c, b) in rows] for rows in kinds]
        high = _ends(best, sampled + skipped, sizes, population, traffic, alpha)[2]
        nets = [weight * expansion(*row, sampled, sizes) for rows in kinds for weight, row in rows]
        value = sum(nets) / population
    return Estimate(value, min(low, value), max(high, value))


def _ends(
    kinds: list[Kind],
    sampled: Array,
    sizes: Array,
    population: int,
    traffic: float,
    alpha: float,
) -> Part:
    """Value and ends of the score's difference, every item having a label."""
    parts = []
    for rows in kinds:
        (plus, more), (minus, less) = (
            _counts([(v, row[side]) for v, row in rows], sampled, sizes, population, traffic, alpha)
            for side in (0, 1)
        )
        rho = lowest_correlation(more, less, [weight for weight, _ in rows])
        parts.append((plus[0] - minus[0], *mover_difference(plus, minus, rho)))
    value, low, high = square_and_add(parts)
    unseen = float(sizes[sampled == 0].sum()) * _heaviest(kinds)
    return value / population, (low - unseen) / population, (high + unseen) / population


def _heaviest(kinds: list[Kind]) -> float:
    """What an item weighs that has all that was found of anything."""
    return sum(weight for rows in kinds for weight, _ in rows)


def _counts(
    rows: list[tuple[float, Array]],
    sampled: Array,
    sizes: Array,
    population: int,
    traffic: float,
    alpha: float,
) -> tuple[Part, list[float]]:
    """What one kind weighs: value and ends; and the shares of items with at least one, two, ..."""
    counts = [_count(hits, sampled, sizes, population, traffic, alpha) for _, hits in rows]
    total = float(sizes[sampled > 0].sum())
    shares = [value / total if total else 0.0 for value, _, _ in counts]
    parts = [
        (weight * value, weight * low, weight * high)
        for (weight, _), (value, low, high) in zip(rows, counts, strict=True)
    ]
    return added(parts, [hits for _, hits in rows], sampled, sizes), shares


def _count(
    hits: Array, sampled: Array, sizes: Array, population: int, traffic: float, alpha: float
) -> Part:
    """Requests with the finding in seen strata: value and ends, of this window or of N to come."""
    seen = sampled > 0
    value = expansion(hits, 0 * hits, sampled, sizes)
    if math.isfinite(traffic):
        part, total = seen, float(population)
    else:
        part = seen & (sampled < sizes)
        total = float(sizes[part].sum())
    if math.isinf(traffic) and not part.any():
        return value, value, value
    share = stratified_share(hits[part], sampled[part], sizes[part], total, traffic)
    low, high = (total * end for end in share.ends(alpha))
    if math.isinf(traffic):
        low, high = math.floor(low - HALF + SLACK), math.ceil(high + HALF - SLACK)
        counted = float(hits[part].sum())
        unlabelled = float((sizes - sampled)[part].sum())
        low, high = max(low, counted), min(high, counted + unlabelled)
    known = value - total * share.value
    return value, known + low, known + high


def _read(
    weights: Sequence[float],
    candidate: Sequence[Counts],
    baseline: Sequence[Counts],
    sampled: Counts,
    sizes: Counts,
    population: int,
    unknown: Counts | None,
    kinds: Sequence[Hashable] | None,
    averaged: bool,
) -> tuple[list[Kind], Array, Array, Array]:
    if not len(weights) == len(candidate) == len(baseline):
        raise ValueError(
            f"{len(weights)} weights need as many rows of counts, got {len(candidate)} of the"
            f" candidate and {len(baseline)} of the baseline"
        )
    names = range(len(weights)) if kinds is None else kinds
    if len(names) != len(weights):
        raise ValueError(f"{len(weights)} rows need as many names of their kinds, got {len(names)}")
    for at, weight in enumerate(weights):
        if not 0 <= weight <= HEAVIEST:
            raise ValueError(f"weights[{at}] is {weight}: a weight is 0 to {HEAVIEST:g}")
    n, size, skipped = read_counts(sampled=sampled, sizes=sizes, unknown=unknown)
    check_within("sampled" if unknown is None else "sampled + unknown", n + skipped, "sizes", size)
    check_population(population, size)
    found: dict[Hashable, Kind] = {}
    for at, (weight, kind) in enumerate(zip(weights, names, strict=True)):
        sides = {f"candidate[{at}]": candidate[at], f"baseline[{at}]": baseline[at]}
        plus, minus, _ = read_counts(sides if averaged else (), **sides, sampled=sampled)
        check_within(f"candidate[{at}]", plus, "sampled", n)
        check_within(f"baseline[{at}]", minus, "sampled", n)
        found.setdefault(kind, []).append((float(weight), (plus, minus)))
    return list(found.values()), n, size, skipped
