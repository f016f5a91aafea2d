"""Coincidences of ratings, which Krippendorff's alpha is computed from."""

import math
from collections.abc import Hashable, Sequence
from typing import Literal, TypeGuard

import numpy as np

from evals.metrics.strata import Array

Level = Literal["nominal", "ordinal", "interval", "ratio"]
Ratings = Sequence[Sequence[Hashable | None]]


def tally(ratings: Ratings, level: Level) -> tuple[Array, Array]:
    """Items x values, how many raters gave which value, for items with two ratings or more."""
    if level not in ("nominal", "ordinal", "interval", "ratio"):
        raise ValueError(f"level is {level!r}: it is nominal, ordinal, interval or ratio")
    lengths = {len(row) for row in ratings}
    if len(lengths) > 1:
        raise ValueError(f"every rater needs one entry an item, got rows of {sorted(lengths)}")
    given = [(item, value) for row in ratings for item, value in enumerate(row) if is_rated(value)]
    kinds = {value: None for _, value in given}
    numbers = np.zeros(len(kinds))
    if level != "nominal":
        kinds = dict.fromkeys(sorted(kinds, key=_number))
        numbers = np.array([_number(value) for value in kinds])
        if level == "ratio" and (numbers < 0).any():
            raise ValueError(f"{numbers.min():g} is negative: a ratio scale starts at zero")
    column = {value: at for at, value in enumerate(kinds)}
    counts = np.zeros((max(lengths, default=0), len(kinds)))
    for item, value in given:
        counts[item, column[value]] += 1
    return counts[counts.sum(axis=1) >= 2], numbers


def is_rated(value: Hashable | None) -> TypeGuard[Hashable]:
    """None and nan stand for "not rated"."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _number(value: Hashable) -> float:
    if isinstance(value, (int, float, np.number)) and math.isfinite(value):
        return float(value)
    raise ValueError(f"{value!r} is not a number: only the nominal level takes it")


def alpha_of(counts: Array, values: Array, level: Level) -> float | None:
    """1 - (n - 1) sum o_ck d_ck / sum n_c n_k d_ck, o the coincidences, d the squared distance."""
    totals = counts.sum(axis=0)
    n = float(totals.sum())
    if np.count_nonzero(totals) < 2:
        return None
    weighted = counts / (counts.sum(axis=1, keepdims=True) - 1)
    coincidences = weighted.T @ counts - np.diag(weighted.sum(axis=0))
    distance = _distance(totals, values, level)
    expected = float(totals @ distance @ totals)
    return 1 - (n - 1) * float((coincidences * distance).sum()) / expected


def _distance(totals: Array, values: Array, level: Level) -> Array:
    if level == "nominal":
        return 1 - np.eye(len(totals))
    if level == "ordinal":
        values = np.cumsum(totals) - totals / 2  # the ranks' midpoints
    values = np.where(totals > 0, values, 0.0)
    values = values / np.abs(values).max()  # alpha is of no unit, and squares have to fit
    difference = values[:, None] - values[None, :]
    if level == "ratio":
        total = values[:, None] + values[None, :]
        difference = np.divide(difference, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(difference**2)
