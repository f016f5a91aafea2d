"""One number an item, such as what all its findings weigh together, as rows for `severity.py`.

Findings of several kinds go together: an output that is wrong in one way often is in another.
Added up item by item before anything is estimated, that is in the number's own variance, and
nothing need be assumed of the kinds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.strata import Array

MOST = 100  # rows; of more different numbers, items between two rows count in part
DIGITS = 9  # after which two sums of weights are the same


@dataclass(frozen=True)
class ScoreRows:
    """weights, plus, minus: `weights`, `candidate` and `baseline` of `severity_difference`, all
    rows of one kind; plus alone is `found` of `severity_score`. up_to: the sum of the weights."""

    weights: list[float]
    plus: list[list[float]]
    minus: list[list[float]]
    up_to: float

    @property
    def kinds(self) -> list[str]:
        """Of one kind, so that no two rows are taken for independent."""
        return ["score"] * len(self.weights)


def score_rows(numbers: Sequence[Sequence[float]], heaviest: float) -> ScoreRows:
    """Rows whose weighted sum is the sum of the numbers, positive and negative ones apart.

    numbers: a stratum, one a labelled item; those that are 0 may be left out. With t_1 < t_2 < ...
    the different sizes that occur, a row each: how many items have t_j or more, weighing
    t_j - t_(j-1). A number's mean is the sum of these shares, being the integral of its tail, and
    each has ends that hold where an item in a hundred weighs 25 times the others, as those from
    the numbers' variance do not (docs/simulations.md).
    heaviest: up to which an item may weigh though no label does. There is a row up to it, of
    nothing found, so that the interval holds what a sample of this size may have missed: of none in
    n labels, up to 3.7/n (the rule of three of Hanley and Lippman-Hand 1983, at 2.5 %). Of items
    beyond that and the heaviest number nothing is known.
    """
    values = [np.round(np.asarray(row, dtype=float), DIGITS) for row in numbers]
    every = np.abs(np.concatenate([*values, [round(heaviest, DIGITS)]]))
    steps = _thinned(np.unique(every[every > 0]))
    starts = np.concatenate([[0.0], steps[:-1]]) if len(steps) else steps
    return ScoreRows(
        (steps - starts).tolist(),
        _at_least(values, starts, steps, 1),
        _at_least(values, starts, steps, -1),
        float(steps[-1]) if len(steps) else 0.0,
    )


def _thinned(steps: Array) -> Array:
    """At most MOST of them, the largest among them, evenly."""
    if len(steps) <= MOST:
        return steps
    kept = np.round(np.linspace(0, len(steps) - 1, MOST)).astype(int)
    return np.asarray(steps[np.unique(kept)])


def _at_least(values: list[Array], starts: Array, steps: Array, sign: int) -> list[list[float]]:
    """Rows x strata: items of that sign which reach a step, in part where they lie below it."""
    columns = []
    for row in values:
        reached = (sign * row[:, None] - starts) / (steps - starts)
        columns.append(np.clip(reached, 0.0, 1.0).sum(axis=0))
    found = np.array(columns).reshape(len(values), len(steps))
    return found.T.tolist()
