"""How well reviewers find what is known to be there: their labels against gold ones."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.distributions import clopper_pearson
from evals.metrics.estimate import Estimate
from evals.metrics.mover import mover_difference
from evals.metrics.strata import Array, check_confidence


@dataclass(frozen=True)
class AgainstGold:
    """One category: labels of gold items that have the finding (`positives`) and that have not.

    sensitivity: share of positives that were found; None without one. false_positive_rate: share of
    negatives in which it was found nevertheless; None without one. j: sensitivity - false-positive
    rate, the factor by which reviewers' errors shrink a difference; None where either is.
    """

    positives: int
    negatives: int
    sensitivity: Estimate | None
    false_positive_rate: Estimate | None
    j: Estimate | None


def against_gold(
    found: Sequence[bool],
    gold: Sequence[bool],
    items: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> AgainstGold:
    """Sensitivity, false-positive rate and J of one category, with intervals.

    found, gold: one entry a label of a gold item (a side of an item is an item of its own): did the
    reviewer find the category there, is it there. items: which gold item each label is of, where
    several reviewers judged the same; labels of one item then count for what they are worth
    together (`_effective`). Rates have Clopper-Pearson ends, J = sensitivity - false-positive rate
    (Youden 1950) those of MOVER for independent parts: positives and negatives are other items.
    ValueError for unequal lengths.
    """
    check_confidence(confidence)
    _same_length(found=found, gold=gold, items=found if items is None else items)
    hit, known = np.array(found, dtype=bool), np.array(gold, dtype=bool)
    groups = range(len(found)) if items is None else items
    sensitivity = _rate(hit[known], _chosen(groups, known), 1 - confidence)
    false_positives = _rate(hit[~known], _chosen(groups, ~known), 1 - confidence)
    j = None
    if sensitivity and false_positives:
        plus, minus = ((rate.value, rate.low, rate.high) for rate in (sensitivity, false_positives))
        j = Estimate(plus[0] - minus[0], *mover_difference(plus, minus, 0.0))
    positives = int(known.sum())
    return AgainstGold(positives, len(known) - positives, sensitivity, false_positives, j)


def held_margin(margin: float, j: Estimate | None) -> float | None:
    """The margin that a difference of labels is held to: margin * the lower end of J, at least 0.

    Errors of reviewers shrink a true difference D to J * D in the labels, so "D <= margin" reads
    "labels' difference <= J * margin"; with J's lower end it is on the safe side. 0 where J may be
    nothing: then labels cannot tell. None where J is not known. ValueError for a negative margin,
    which J would turn into an easier one.
    """
    if not 0 <= margin < math.inf:
        raise ValueError(f"margin is {margin}: it is zero or more")
    return margin * max(j.low, 0.0) if j else None


def accuracy_by_reviewer(
    reviewers: Sequence[Hashable], right: Sequence[bool], confidence: float = 0.95
) -> dict[Hashable, tuple[int, Estimate]]:
    """For each reviewer, in order of appearance: gold labels given, and the share that was right.

    reviewers, right: one entry a label of a gold item. Exact (Clopper-Pearson) intervals.
    ValueError for unequal lengths.
    """
    check_confidence(confidence)
    _same_length(reviewers=reviewers, right=right)
    counts: dict[Hashable, list[int]] = {}
    for reviewer, one in zip(reviewers, right, strict=True):
        row = counts.setdefault(reviewer, [0, 0])
        row[0] += 1
        row[1] += bool(one)
    return {
        reviewer: (n, Estimate(hits / n, *clopper_pearson(hits, n, 1 - confidence)))
        for reviewer, (n, hits) in counts.items()
    }


def _rate(hits: Array, groups: list[Hashable], alpha: float) -> Estimate | None:
    if not len(hits):
        return None
    value, size = float(hits.mean()), _effective(hits, groups)
    low, high = clopper_pearson(value * size, size, alpha)
    return Estimate(value, min(low, value), max(high, value))


def _effective(hits: Array, groups: list[Hashable]) -> float:
    """Independent labels that these are worth: between the number of items and that of labels.

    p(1-p)/v with v = G/(G-1) sum over items of (sum of residuals)^2 / n^2, the variance of a mean
    of clusters (Cochran 1977, 9A); the number of items where it cannot be told, at p = 0 or 1.
    """
    index = {group: at for at, group in enumerate(dict.fromkeys(groups))}
    n, items = len(hits), len(index)
    if items == n:
        return float(n)
    p = float(hits.mean())
    residuals = np.bincount([index[g] for g in groups], weights=hits - p, minlength=items)
    if items == 1 or p in (0.0, 1.0):
        return float(items)
    variance = items / (items - 1) * float((residuals**2).sum()) / n**2
    size = p * (1 - p) / variance if variance > 0 else math.inf
    return min(max(size, float(items)), float(n))


def _chosen(groups: Sequence[Hashable], mask: Array) -> list[Hashable]:
    return [group for group, chosen in zip(groups, mask, strict=True) if chosen]


def _same_length(**columns: Sequence[object]) -> None:
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"one entry a label is needed in each of them, got lengths {lengths}")
