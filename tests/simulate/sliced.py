"""Slices of one sample: each by itself, and drawn towards what they have in common, where they
differ by nothing, a little and much."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.metrics.distributions import normal_quantile
from evals.metrics.slices import SliceCounts, between_variance, compare_slices, drawn, variances

from . import batched
from .batched import Array
from .grids import Cell, Result

MEAN, FEWER = 0.05, 0.05  # d = +1 more often than d = -1, and how often d = -1
#: Attributes, values of each, and labels a value.
SHAPES = [(1, 2, 60), (1, 3, 60), (1, 8, 60), (3, 3, 60), (1, 8, 200)]
#: Standard deviation of true differences between the values of an attribute.
DEVIATIONS = [0.0, 0.03, 0.06, 0.12]
ONE, RICH = "one of 8 differs", "one of 8 has findings of both signs"
SIZE = 100  # requests a label


def cells() -> Iterator[Cell]:
    for (families, values, labels), deviation in product(SHAPES, DEVIATIONS):
        about = {"families": families, "values": values, "labels": labels, "deviation": deviation}
        what = f"{families} × {values} slices of {labels} labels"
        yield Cell("slices", f"{what}, {100 * deviation:g} points apart", about)
    for name in (ONE, RICH):
        about = {"families": 1, "values": 8, "labels": 60, "deviation": 0.0, "name": name}
        yield Cell("slices", f"8 slices of 60 labels, {name}", about)


def run(cell: Cell, repeats: int, seed: list[int]) -> Result:
    """Windows, one of fifteen repeats: each has several slices. A label has a value of every
    attribute, and what it is depends on all of them."""
    random = np.random.default_rng(seed)
    windows = [_window(cell.about, random) for _ in range(max(repeats // 15, 50))]
    held: dict[str, list[Array]] = {}
    reach: dict[str, list[Array]] = {}
    furthest: dict[str, list[bool]] = {}
    for at, (slices, truth) in enumerate(windows):
        raw, values = _by_itself(slices)
        together = drawn(values, slices, 0.95)
        ends = {
            "by itself": raw,
            "drawn together": (together.low, together.high),
            "drawn together, deviation as estimated": _plugged_in(values, slices),
        }
        if at < 2:
            _check(slices, raw, together.low, together.high)
        far = int(np.argmax(np.abs(truth - truth.mean())))
        for name, (low, high) in ends.items():
            inside = (low <= truth + 1e-9) & (truth - 1e-9 <= high)
            held.setdefault(name, []).append(inside)
            reach.setdefault(name, []).append(high - low)
            furthest.setdefault(name, []).append(bool(inside[far]))
    coverage = {name: float(np.concatenate(one).mean()) for name, one in held.items()}
    width = {name: float(np.concatenate(one).mean()) for name, one in reach.items()}
    for name in ("by itself", "drawn together"):
        coverage[f"the furthest, {name}"] = float(np.mean(furthest[name]))
        width[f"the furthest, {name}"] = width[name]
    return Result(cell.grid, cell.name, coverage, width, {})


def _window(about: dict[str, Any], random: np.random.Generator) -> tuple[list[SliceCounts], Array]:
    families, values, labels = about["families"], about["values"], about["labels"]
    shift = random.normal(0, about["deviation"], (families, values))
    minus = np.full((families, values), FEWER)
    if about.get("name") == ONE:
        shift[0, 0] = 0.15
    if about.get("name") == RICH:
        minus[0, 0] = 0.35
    of = random.integers(values, size=(families, values * labels))
    rows = np.arange(families)[:, None]
    difference = np.clip(MEAN + shift[rows, of].sum(axis=0), -0.6, 0.6)
    few = minus[rows, of].max(axis=0)
    less = few + np.maximum(-difference, 0)
    more = few + np.maximum(difference, 0)
    chance = random.random(of.shape[1])
    d = np.where(chance < more, 1, np.where(chance < more + less, -1, 0))
    slices, truth = [], []
    for family in range(families):
        others = sum(shift[one].mean() for one in range(families) if one != family)
        for value in range(values):
            own: NDArray[np.int64] = d[of[family] == value]
            if len(own) < 30:
                continue
            size = len(own) * SIZE
            counts = [int((own > 0).sum())], [int((own < 0).sum())], [len(own)], [size]
            slices.append(SliceCounts(*counts, size, family=str(family)))
            truth.append(MEAN + shift[family, value] + others)
    return slices, np.array(truth)


def _by_itself(slices: list[SliceCounts]) -> tuple[tuple[Array, Array], Array]:
    worse, better, n, size = (
        np.array([getattr(one, name) for one in slices], dtype=float)
        for name in ("worse", "better", "sampled", "sizes")
    )
    low, high = batched.window_ends(worse, better, n, size)
    total = size[:, 0]
    return (low / total, high / total), ((worse - better) / n)[:, 0]


def _plugged_in(values: Array, slices: list[SliceCounts]) -> tuple[Array, Array]:
    """The rival: the deviation as it was estimated, taken for known (Efron and Morris 1975)."""
    families = [one.family for one in slices]
    v = variances(slices)[0]
    between = between_variance(values, v, families)
    w = 1 / (v + between)
    mean, keep = w @ values / w.sum(), between * w
    overlap = len(set(families))
    reach = np.sqrt(keep * v + (1 - keep) ** 2 * overlap / w.sum()) * normal_quantile(0.975)
    centre = mean + keep * (values - mean)
    return centre - reach, centre + reach


def _check(slices: list[SliceCounts], raw: tuple[Array, Array], low: Array, high: Array) -> None:
    rows = {
        row.name: row for row in compare_slices(dict(zip("abcdefghi", slices, strict=False))).ranked
    }
    ordered = [rows[name] for name in sorted(rows)]
    for ours, theirs in (
        (raw, [(row.difference.low, row.difference.high) for row in ordered]),
        ((low, high), [(row.shrunk.low, row.shrunk.high) for row in ordered]),
    ):
        if not np.allclose(np.array(ours).T, theirs, atol=1e-7):
            raise AssertionError(f"simulated {ours}, but evals.metrics gives {theirs}")
