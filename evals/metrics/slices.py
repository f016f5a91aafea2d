"""Where the candidate may do harm: the paired difference inside slices of the traffic, such as the
values of a segment. Exploratory: it says where to look next and decides nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.benjamini_hochberg import benjamini_hochberg
from evals.metrics.difference import paired_difference, paired_p_value
from evals.metrics.estimate import Estimate
from evals.metrics.shrinkage import Drawn, drawn_together
from evals.metrics.strata import Array, Counts, check_confidence, read_counts

FEWEST = 30  # labels, below which a slice is named and not estimated
BORROWED = 6  # labels, for the variance of a slice by itself
RATE = 0.1  # of false discoveries among the slices that are flagged


@dataclass(frozen=True)
class SliceCounts:
    """One slice: counts a stratum as in `difference.py`, of the slice's own comparisons.

    The labelled ones of a stratum that fall into the slice are a random sample of all that do, so
    the weights are the slice's own sizes. population: its compared requests, identical pairs too.
    assumed: of `sampled`, those that count without a label (pairs of one text), which are no
    labels. family: what it is a value of. Slices of one family share no request; those of two may.
    """

    worse: Counts
    better: Counts
    sampled: Counts
    sizes: Counts
    population: int
    unknown: Counts | None = None
    averaged: bool = False
    family: str = ""
    assumed: int = 0

    @property
    def labels(self) -> int:
        """That somebody made."""
        return int(np.sum(self.sampled)) - self.assumed


@dataclass(frozen=True)
class Slice:
    """difference: the slice by itself, in shares of its requests. shrunk: drawn towards the slices'
    common mean. p_harm: one-sided, small where it got worse; q_harm: adjusted over the slices.
    flagged: q_harm is at most the rate of false discoveries."""

    name: str
    labels: int
    population: int
    difference: Estimate
    shrunk: Estimate
    p_harm: float
    q_harm: float
    flagged: bool


@dataclass(frozen=True)
class Slices:
    """ranked: by evidence of harm, the strongest first. too_few: slices with fewer than `FEWEST`
    labels, with how many they have. mean: common to the slices, in shares; between: the standard
    deviation of their true differences about it. Both None without a slice."""

    ranked: list[Slice]
    too_few: dict[str, int]
    mean: float | None
    between: float | None


def compare_slices(
    slices: Mapping[str, SliceCounts],
    confidence: float = 0.95,
    fewest: int = FEWEST,
    rate: float = RATE,
) -> Slices:
    """Every slice with enough labels, by evidence of harm.

    difference and p are those of `paired_difference` (p_harm = p/2 where the candidate is worse,
    else 1 - p/2), adjusted by Benjamini and Hochberg (1995). The interval of `difference` holds for
    each slice by itself. `shrunk` is the better guess for most of them, and its interval holds for
    the slices on average; the one that differs most from the others it holds less often, the mean
    pulling it back (docs/simulations.md): look there by `difference`. Shrinkage is normal-normal,
    averaged over how far slices may differ (`shrinkage.py`), with v a slice's variance
    (`variances`). A slice in which all is labelled (v = 0) stays where it is. A request is in a
    slice of every family, and its label is one label all the same: how far slices differ is about
    the mean of their family, and the variance of the mean that of one family. `between` is by
    moments (DerSimonian and Laird 1986).
    """
    check_confidence(confidence)
    for one in slices.values():
        read_counts(sampled=one.sampled)
    labels = {name: one.labels for name, one in slices.items()}
    kept = {name: one for name, one in slices.items() if labels[name] >= max(fewest, 1)}
    too_few = {name: n for name, n in labels.items() if name not in kept}
    if not kept:
        return Slices([], too_few, None, None)
    raw, p_harm = [], []
    for one in kept.values():
        arguments = (one.worse, one.better, one.sampled, one.sizes, one.population)
        estimate = paired_difference(
            *arguments, confidence, unknown=one.unknown, averaged=one.averaged
        )
        p = paired_p_value(*arguments, unknown=one.unknown, averaged=one.averaged)
        raw.append(estimate)
        p_harm.append(p / 2 if estimate.value > 0 else 1 - p / 2)
    shrunk, mean, between = _shrunk(raw, list(kept.values()), confidence)
    adjusted = benjamini_hochberg(p_harm)
    rows = [
        Slice(name, labels[name], one.population, raw[at], shrunk[at], p_harm[at], q, q <= rate)
        for at, ((name, one), q) in enumerate(zip(kept.items(), adjusted, strict=True))
    ]
    rows.sort(key=lambda row: (row.p_harm, -row.shrunk.value, row.name))
    return Slices(rows, too_few, mean, between)


def between_variance(values: Array, variances: Array, families: Sequence[str] = ()) -> float:
    """max(0, (Q - (k - m)) / sum over families of (sum w - sum w^2 / sum w)), w = 1/v, of k slices
    in m families, Q about the mean of each family (DerSimonian and Laird 1986, where m = 1).
    families: one name a value; none: they are of one."""
    names = np.array(families or [""] * len(values))
    excess, weight = 0.0, 0.0
    for name in np.unique(names):
        y, w = values[names == name], 1 / variances[names == name]
        mean = float(w @ y / w.sum())
        excess += float(w @ (y - mean) ** 2) - (len(y) - 1)
        weight += float(w.sum() - (w**2).sum() / w.sum()) if len(y) > 1 else 0.0
    return max(0.0, excess / weight) if weight else 0.0


def drawn(values: Array, slices: Sequence[SliceCounts], confidence: float) -> Drawn:
    """The slices' values towards what they have in common; at least one."""
    own, reach = variances(slices)
    families = [one.family for one in slices]
    return drawn_together(values, own, reach, families, _overlap(slices, families), confidence)


def _shrunk(
    raw: list[Estimate], slices: list[SliceCounts], confidence: float
) -> tuple[list[Estimate], float, float]:
    values = np.array([one.value for one in raw])
    own = variances(slices)[0]
    least = max(float(own.max()) * 1e-6, 1e-18)  # a census has no weight of its own: 1/0
    families = [one.family for one in slices]
    between = between_variance(values, np.maximum(own, least), families)
    found = drawn(values, slices, confidence)
    ends = zip(found.centre.tolist(), found.low.tolist(), found.high.tolist(), strict=True)
    shrunk = [Estimate(c, max(min(low, c), -1.0), min(max(high, c), 1.0)) for c, low, high in ends]
    return shrunk, found.mean, float(between**0.5)


def _overlap(slices: Sequence[SliceCounts], families: list[str]) -> float:
    """In how many slices a label is, as the family with the most labels counts them."""
    by_family: dict[str, float] = defaultdict(float)
    for one, family in zip(slices, families, strict=True):
        by_family[family] += one.labels
    return sum(by_family.values()) / max(by_family.values())


def variances(slices: Sequence[SliceCounts]) -> tuple[Array, Array]:
    """u sum W^2 (1-f)/n of each slice, u the variance of d over the labels of all of them; and the
    same with a slice's own u where that is larger, for the interval.

    With a variance of its own a slice in which nothing was found would count as the surest, and one
    with much harm as the least sure: in a simulation shrinking then made the errors larger. But one
    with more findings than the others is less sure than they are: its own u is that of its labels
    and BORROWED more like those of all.
    """
    found = np.array(
        [[one.labels, float(np.sum(one.worse)), float(np.sum(one.better))] for one in slices]
    )
    labels, plus, minus = found.sum(axis=0)
    common, mean = (plus + minus + 1) / (labels + 2), (plus - minus) / (labels + 2)
    pooled = common - mean**2  # > 0
    parts, reach = [], []
    for one, (n_all, up, down) in zip(slices, found, strict=True):
        n, size = np.asarray(one.sampled, dtype=float), np.asarray(one.sizes, dtype=float)
        left = np.divide(size - n, size, out=np.zeros_like(size), where=size > 0)
        plain = float(((size / one.population) ** 2 * left / np.maximum(n, 1)).sum())
        some = n_all + BORROWED
        net = (up - down + BORROWED * mean) / some
        u = (up + down + BORROWED * common) / some - net**2
        parts.append(pooled * plain)
        reach.append(max(pooled, u) * plain)
    return np.array(parts), np.array(reach)
