"""Scheduled looks: how sure each must be, so that all of them together decide wrongly no more often
than one interval would."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics.distributions import normal_cdf, normal_quantile
from evals.metrics.strata import Array

ALPHA = 0.025  # spent on each side over all the looks: a 95 % interval, looked at once
LEAST = 1e-3  # a look with less new information than this part of the plan's cannot decide
NODES = 8  # of Gauss and Legendre, in panels no wider than one step's standard deviation
REACH = 9.0  # standard deviations below the mean beyond which nothing is left: 1e-19
HALVINGS = 60


@dataclass(frozen=True)
class Look:
    """One scheduled look. fraction: its information in parts of the plan's, 0 to 1.

    spent: the part of alpha that may be used up to here, on one side. z: the boundary; None where
    the look cannot decide (too little is known yet, or nothing new is). confidence: the level at
    which the interval is taken, 1 - 2(1 - Phi(z)); None with z, and where it is so near to 1 that
    no number below 1 tells them apart: such a look cannot decide either.
    """

    fraction: float
    spent: float
    z: float | None
    confidence: float | None


def information(labelled: float, size: float) -> float:
    """n / (1 - n/M): what n labels of a window of M comparisons say, in labels of an endless one.

    A census (n = M) says everything of the window: infinite. For traffic like the window's, of
    which the window is a sample itself, n labels say about n: give an infinite size.
    ValueError unless 0 <= labelled <= size.
    """
    if not 0 <= labelled <= size:
        raise ValueError(f"{labelled:g} labelled of {size:g}: it lies between none and all of them")
    return labelled / (1 - labelled / size) if labelled < size else math.inf


def scheduled_looks(reached: Sequence[float], planned: float, alpha: float = ALPHA) -> list[Look]:
    """The looks taken so far, each with its boundary, of a plan that ends at `planned`.

    reached: the information at each look, rising, as `information` gives it; planned: that of the
    label budget, n_max. No look's boundary depends on later ones, so the schedule may change as
    long as results do not change it. With an infinite plan (a census of the window) only infinite
    information decides.
    Boundaries are those of Lan and DeMets (1983) for the spending of O'Brien and Fleming,
    `spent_by`; sides are bounded separately, alpha on each.
    ValueError where information falls, is negative, or passes the plan: beyond the budget only a
    confidence sequence decides (`sequence.py`).
    """
    if not planned > 0:
        raise ValueError(f"the plan's information is {planned:g}: it must be above 0")
    fractions = []
    for at, one in enumerate(reached):
        if not 0 <= one <= planned or (at and one < reached[at - 1]):
            raise ValueError(
                f"reached[{at}] is {one:g}: information is zero or more, does not fall from one"
                f" look to the next, and ends at the plan's {planned:g}"
            )
        fractions.append(1.0 if one == planned else one / planned)
    looks = []
    for fraction, z in zip(fractions, boundaries(fractions, alpha), strict=True):
        level = None if z is None else 1 - 2 * float(normal_cdf(-z))
        looks.append(Look(fraction, spent_by(fraction, alpha), z, level if level != 1 else None))
    return looks


def spent_by(fraction: float, alpha: float = ALPHA) -> float:
    """2 - 2 Phi(z / sqrt(t)), z = Phi^-1(1 - alpha/2): one-sided, all of alpha at t = 1."""
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}: it must lie between 0 and 0.5, as 0.025 does")
    if math.isnan(fraction):
        raise ValueError("fraction is nan: information in parts of the plan's is a number")
    if fraction <= 0:
        return 0.0
    return 2 * float(normal_cdf(normal_quantile(alpha / 2) / math.sqrt(min(fraction, 1.0))))


def boundaries(fractions: Sequence[float], alpha: float = ALPHA) -> list[float | None]:
    """z_k such that P(first above a boundary at look k) is what look k may spend, with no effect.

    fractions: information in parts of the plan's, rising, at most 1. The sum S at fraction t is a
    Wiener process; its density below all boundaries so far is carried from look to look by
    integration (Armitage, McPherson and Rowe 1969), here by Gauss and Legendre's rule in panels.
    None: that look cannot decide, and what it would have spent is left to the next.
    """
    found: list[float | None] = []
    nodes, mass = np.zeros(1), np.ones(1)  # S at the last look that could decide: 0 before any
    before = used = 0.0
    for t in fractions:
        spend = spent_by(t, alpha) - used
        if t - before < LEAST or spend < 1e-290:
            found.append(None)
            continue
        step = math.sqrt(t - before)
        low, high = -REACH * math.sqrt(t), 40 * math.sqrt(t)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            above = float(mass @ normal_cdf((nodes - middle) / step))
            low, high = (middle, high) if above > spend else (low, middle)
        found.append(high / math.sqrt(t))
        nodes, mass = _carried(nodes, mass, step, -REACH * math.sqrt(t), high)
        before, used = t, used + spend
    return found


def _carried(
    nodes: Array, mass: Array, step: float, low: float, high: float
) -> tuple[Array, Array]:
    """Points between low and the boundary, with the probability that S is at each."""
    panels = math.ceil((high - low) / step)
    edges = np.linspace(low, high, panels + 1)
    x, weight = np.polynomial.legendre.leggauss(NODES)
    half = (edges[1] - edges[0]) / 2
    points = (edges[:-1, None] + half * (x + 1)).ravel()
    kernel = np.exp(-(((points[:, None] - nodes[None, :]) / step) ** 2) / 2)
    density = kernel @ mass / (step * math.sqrt(2 * math.pi))
    return points, density * np.tile(half * weight, panels)
