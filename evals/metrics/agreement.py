"""How far raters agree, beyond what chance would do. Undefined is None, never 0 or 1."""

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np

from evals.metrics.coincidences import Level, Ratings, alpha_of, is_rated, tally
from evals.metrics.estimate import Estimate
from evals.metrics.strata import check_confidence


def krippendorff_alpha(ratings: Ratings, level: Level = "nominal") -> float | None:
    """Krippendorff's alpha, 1 - observed / expected disagreement (Krippendorff 2011).

    ratings: one row a rater, one entry an item, None (or nan) where the rater did not rate it. Any
    number of raters; an item with a single rating says nothing. Values are numbers unless the level
    is nominal; for ratio they are zero or more.
    None where no item has two ratings, or all of them are of one value.
    ValueError for rows of unequal length, an unknown level, or values that it has no use for.
    """
    counts, values = tally(ratings, level)
    return alpha_of(counts, values, level)


def alpha_interval(
    ratings: Ratings,
    level: Level = "nominal",
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Estimate | None:
    """Alpha with a percentile bootstrap interval over items; arguments as `krippendorff_alpha`.

    Items are drawn with replacement `resamples` times, reproducibly from `seed`. Resamples in which
    alpha is undefined are left out; None where alpha itself is. Costs resamples * items * values^2.
    """
    check_confidence(confidence)
    if resamples < 1:
        raise ValueError(f"resamples is {resamples}: at least one is needed")
    counts, values = tally(ratings, level)
    value = alpha_of(counts, values, level)
    if value is None:
        return None
    random = np.random.default_rng(seed)
    drawn = (
        alpha_of(counts[random.integers(0, len(counts), len(counts))], values, level)
        for _ in range(resamples)
    )
    defined = [alpha for alpha in drawn if alpha is not None] or [value]
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, min(float(low), value), max(float(high), value))


def cohen_kappa(a: Sequence[Hashable | None], b: Sequence[Hashable | None]) -> float | None:
    """Cohen's kappa of two raters over the same items, (po - pe) / (1 - pe) (Cohen 1960).

    a, b: one value an item, None (or nan) where not rated; an item needs both. None (undefined)
    where no item has both, or each rater used one and the same value throughout. ValueError for
    unequal lengths.
    """
    if len(a) != len(b):
        raise ValueError(f"both rate the same items, got {len(a)} and {len(b)}")
    pairs = [(x, y) for x, y in zip(a, b, strict=True) if is_rated(x) and is_rated(y)]
    n = len(pairs)
    first, second = Counter(x for x, _ in pairs), Counter(y for _, y in pairs)
    chance = sum(times * second[value] for value, times in first.items())
    if chance == n * n:
        return None
    observed = sum(x == y for x, y in pairs) / n
    return (observed - chance / n**2) / (1 - chance / n**2)


def fleiss_kappa(counts: Sequence[Sequence[int]]) -> float | None:
    """Fleiss' kappa (Fleiss 1971). counts: items x categories, how many raters chose which.

    Every item has the same number of raters, two or more. None (undefined) without items, or where
    one category was used throughout. ValueError for what is no count or unequal numbers of raters.
    """
    if not len(counts):
        return None
    table = np.asarray(counts, dtype=np.float64)
    if (
        table.ndim != 2
        or not (np.isfinite(table) & (table >= 0) & (table == np.floor(table))).all()
    ):
        raise ValueError("counts are items x categories, whole numbers of zero or more each")
    raters = table.sum(axis=1)
    if (raters != raters[0]).any() or raters[0] < 2:
        at = int(np.argmax(raters != raters[0]))
        raise ValueError(
            f"every item needs the same number of raters, two or more: item 0 has {raters[0]:g},"
            f" item {at} has {raters[at]:g}"
        )
    shares = table.sum(axis=0) / table.sum()
    expected = float((shares**2).sum())
    if np.count_nonzero(shares) == 1:
        return None
    observed = float(((table * (table - 1)).sum(axis=1) / (raters * (raters - 1))).mean())
    return (observed - expected) / (1 - expected)
