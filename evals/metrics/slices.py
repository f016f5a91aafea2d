"""Where the candidate may do harm: the paired difference inside slices of the traffic, such as the
values of a segment. Exploratory: it says where to look next and decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evals.metrics.benjamini_hochberg import benjamini_hochberg
from evals.metrics.difference import paired_difference, paired_p_value
from evals.metrics.distributions import normal_quantile
from evals.metrics.estimate import Estimate
from evals.metrics.strata import Array, Counts, check_confidence

FEWEST = 30  # labels, below which a slice is named and not estimated
RATE = 0.1  # of false discoveries among the slices that are flagged


@dataclass(frozen=True)
class SliceCounts:
    """One slice: counts a stratum as in `difference.py`, of the slice's own comparisons.

    The labelled ones of a stratum that fall into the slice are a random sample of all that do, so
    the weights are the slice's own sizes. population: its compared requests, identical pairs too.
    """

    worse: Counts
    better: Counts
    sampled: Counts
    sizes: Counts
    population: int
    unknown: Counts | None = None


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
    variance. A slice in which all is labelled (v = 0) stays where it is.
    """
    check_confidence(confidence)
    labels = {name: int(np.sum(counts.sampled)) for name, counts in slices.items()}
    kept = {name: one for name, one in slices.items() if labels[name] >= max(fewest, 1)}
    too_few = {name: n for name, n in labels.items() if name not in kept}
    if not kept:
        return Slices([], too_few, None, None)
    raw, p_harm = [], []
    for one in kept.values():
        arguments = (one.worse, one.better, one.sampled, one.sizes, one.population)
        estimate = paired_difference(*arguments, confidence, unknown=one.unknown)
        p = paired_p_value(*arguments, unknown=one.unknown)
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


def between_variance(values: Array, variances: Array) -> float:
    """max(0, (Q - (k - 1)) / (sum w - sum w^2 / sum w)), w = 1/v (DerSimonian and Laird 1986)."""
    if len(values) < 2:
        return 0.0
    w = 1 / variances
    mean = float(w @ values / w.sum())
    q = float(w @ (values - mean) ** 2)
    return max(0.0, (q - (len(values) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _shrunk(
    raw: list[Estimate], slices: list[SliceCounts], confidence: float
) -> tuple[list[Estimate], float, float]:
    z = normal_quantile((1 + confidence) / 2)
    values = np.array([one.value for one in raw])
    own = _variances(slices)
    least = max(float(own.max()) * 1e-6, 1e-18)  # a census has no weight of its own: 1/0
    variances = np.maximum(own, least)
    between = between_variance(values, variances)
    w = 1 / (variances + between)
    mean, mean_variance = float(w @ values / w.sum()), float(1 / w.sum())
    keep = np.where(own > 0, between / (between + variances), 1.0)
    centre = mean + keep * (values - mean)
    reach = z * np.sqrt(keep * own + (1 - keep) ** 2 * mean_variance)
    ends = zip(centre.tolist(), reach.tolist(), strict=True)
    return [Estimate(c, c - r, c + r) for c, r in ends], mean, float(between**0.5)


def _variances(slices: list[SliceCounts]) -> Array:
    """u sum W^2 (1-f)/n of each slice, u the variance of d over the labels of all of them.

    With a variance of its own a slice in which nothing was found would count as the surest, and one
    with much harm as the least sure: in a simulation shrinking then made the errors larger.
    """
    labels = sum(float(np.sum(one.sampled)) for one in slices)
    plus = sum(float(np.sum(one.worse)) for one in slices)
    minus = sum(float(np.sum(one.better)) for one in slices)
    u = (plus + minus + 1) / (labels + 2) - ((plus - minus) / (labels + 2)) ** 2  # > 0
    parts = []
    for one in slices:
        n, size = np.asarray(one.sampled, dtype=float), np.asarray(one.sizes, dtype=float)
        left = np.divide(size - n, size, out=np.zeros_like(size), where=size > 0)
        parts.append(u * float(((size / one.population) ** 2 * left / np.maximum(n, 1)).sum()))
    return np.array(parts)
