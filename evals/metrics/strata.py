"""Reading per-stratum counts: the same checks, with the same words, for every estimator."""

import math
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Counts = Sequence[float] | NDArray[np.integer] | NDArray[np.floating]
Array = NDArray[np.float64]


def read_counts(shares: Collection[str] = (), /, **columns: Counts | None) -> list[Array]:
    """Columns of counts, one entry a stratum, as float arrays of one length; None reads as zeros.

    shares: names of columns that may be sums of shares, as labels averaged over raters are.
    ValueError names the column and the entry that is not a whole number, or the unequal lengths.
    """
    arrays = {
        name: _read(name, given, whole=name not in shares)
        for name, given in columns.items()
        if given is not None
    }
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"one entry a stratum is needed in each of them, got lengths {lengths}")
    strata = max(lengths.values())
    return [arrays.get(name, np.zeros(strata)) for name in columns]


def check_within(name: str, column: Array, limit_name: str, limit: Array) -> None:
    """ValueError, naming the entry, unless column <= limit in every stratum."""
    over = column > limit
    if over.any():
        at = int(np.argmax(over))
        raise ValueError(
            f"{name}[{at}] is {column[at]:g}, more than {limit_name}[{at}], {limit[at]:g}"
        )


def check_population(population: int, sizes: Array) -> None:
    """ValueError unless there is at least one request and the strata lie within them."""
    if not 1 <= population < math.inf:
        raise ValueError(f"population is {population}: at least one compared request is needed")
    if sizes.sum() > population:
        raise ValueError(f"sizes sum to {sizes.sum():g}, more than the population, {population}")


def check_confidence(confidence: float) -> None:
    """ValueError unless 0 < confidence < 1."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}: it must lie between 0 and 1, as 0.95 does")


def check_design_effect(design_effect: float) -> None:
    """ValueError unless it can be one: 1 for no groups, seldom less, at most the largest group."""
    if not 1e-3 <= design_effect <= 1e9:
        raise ValueError(
            f"design_effect is {design_effect}: it must be positive, 1 for no groups (0.001 to 1e9)"
        )


def read_paired(
    worse: Counts,
    better: Counts,
    sampled: Counts,
    sizes: Counts,
    population: int,
    unknown: Counts | None = None,
    *,
    averaged: bool = False,
) -> tuple[Array, Array, Array, Array, Array]:
    """The counts of a paired difference, checked: worse, better, sampled, sizes, unknown."""
    a, b, n, size, skipped = read_counts(
        ("worse", "better") if averaged else (),
        worse=worse,
        better=better,
        sampled=sampled,
        sizes=sizes,
        unknown=unknown,
    )
    check_within("worse + better", a + b, "sampled", n)
    check_within("sampled" if unknown is None else "sampled + unknown", n + skipped, "sizes", size)
    check_population(population, size)
    return a, b, n, size, skipped


def _read(name: str, counts: Counts, *, whole: bool = True) -> Array:
    array = np.asarray(counts, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name}: one count a stratum is needed, got {array.ndim} dimensions")
    wrong = ~((array >= 0) & np.isfinite(array) & (not whole or array == np.floor(array)))
    if wrong.any():
        at = int(np.argmax(wrong))
        kind = "a count is a whole number" if whole else "a sum of shares is a number"
        raise ValueError(f"{name}[{at}] is {array[at]:g}: {kind}, zero or more")
    # Thirds that add up to a whole number are that number.
    return array if whole else np.round(array, 9)
