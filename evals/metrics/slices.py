"""Where the candidate may do harm: the paired difference inside slices of the traffic, such as the
values of a segment. Exploratory: it says where to look next and decides nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.benjamini_hochberg import benjamini_hochberg
from evals.metrics.difference import paired_difference, paired_p_value
from evals.metrics.distributions import normal_quantile
from evals.metrics.estimate import Estimate
from evals.metrics.strata import Array, Counts, check_confidence, read_counts

FEWEST = 30  # labels, below which a slice is named and not estimated
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
    else 1 - p/2), adjusted by Benjamini and Hochberg (1995). Shrinkage is parametric empirical
    Bayes, normal-normal (Efron and Morris 1975): with v a slice's variance (`_variances`) and t^2
    the variance between slices by moments (DerSimonian and Laird 1986), it keeps t^2/(t^2 + v) of
    the distance from the mean; the interval has that part of v, and the rest of the mean's own
    variance. A slice in which all is labelled (v = 0) stays where it is. A request is in a slice of
    every family, and its label is one label all the same: t^2 is of the slices about the mean of
    their family, and the variance of the mean that of one family.
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


def _shrunk(
    raw: list[Estimate], slices: list[SliceCounts], confidence: float
) -> tuple[list[Estimate], float, float]:
    z = normal_quantile((1 + confidence) / 2)
    values = np.array([one.value for one in raw])
    own = _variances(slices)
    least = max(float(own.max()) * 1e-6, 1e-18)  # a census has no weight of its own: 1/0
    variances = np.maximum(own, least)
    families = [one.family for one in slices]
    between = between_variance(values, variances, families)
    w = 1 / (variances + between)
    mean, mean_variance = float(w @ values / w.sum()), _overlap(slices, families) / float(w.sum())
    keep = np.where(own > 0, between / (between + variances), 1.0)
    centre = mean + keep * (values - mean)
    reach = z * np.sqrt(keep * own + (1 - keep) ** 2 * mean_variance)
    ends = zip(centre.tolist(), reach.tolist(), strict=True)
    return [Estimate(c, c - r, c + r) for c, r in ends], mean, float(between**0.5)


def _overlap(slices: list[SliceCounts], families: list[str]) -> float:
    """In how many slices a label is, as the family with the most labels counts them."""
    by_family: dict[str, float] = defaultdict(float)
    for one, family in zip(slices, families, strict=True):
        by_family[family] += one.labels
    return sum(by_family.values()) / max(by_family.values())


def _variances(slices: list[SliceCounts]) -> Array:
    """u sum W^2 (1-f)/n of each slice, u the variance of d over the labels of all of them.

    With a variance of its own a slice in which nothing was found would count as the surest, and one
    with much harm as the least sure: in a simulation shrinking then made the errors larger.
    """
    labels = sum(one.labels for one in slices)
    plus = sum(float(np.sum(one.worse)) for one in slices)
    minus = sum(float(np.sum(one.better)) for one in slices)
    u = (plus + minus + 1) / (labels + 2) - ((plus - minus) / (labels + 2)) ** 2  # > 0
    parts = []
    for one in slices:
        n, size = np.asarray(one.sampled, dtype=float), np.asarray(one.sizes, dtype=float)
        left = np.divide(size - n, size, out=np.zeros_like(size), where=size > 0)
        parts.append(u * float(((size / one.population) ** 2 * left / np.maximum(n, 1)).sum()))
    return np.array(parts)
