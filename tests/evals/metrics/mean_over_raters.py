"""MQM's score by its definition, finding by finding: what the product's own, which PostgreSQL adds
up (reviewapp/labelling/label_sets.py), and the estimators of averaged labels are held against."""

import math
from collections.abc import Hashable, Sequence


def mean_over_raters(
    items: Sequence[Hashable], raters: Sequence[Hashable], points: Sequence[float]
) -> dict[Hashable, float]:
    """Each item's score, in order of appearance: the mean over its raters of the sum of points.

    One entry a finding; a rater who found nothing has an entry with 0 points, for that is a rating
    too. This is MQM's score of a segment (Freitag et al. 2021), and a system's is the mean over its
    segments; with points of 1 for at most one finding an item it is the share of raters that have
    it.
    ValueError for unequal lengths or points that are not finite.
    """
    if not len(items) == len(raters) == len(points):
        raise ValueError(
            f"one entry a finding, got {len(items)} items, {len(raters)} raters and {len(points)}"
            " points"
        )
    sums: dict[Hashable, dict[Hashable, float]] = {}
    for at, (item, rater, one) in enumerate(zip(items, raters, points, strict=True)):
        if not math.isfinite(one):
            raise ValueError(f"points[{at}] is {one}: a number is needed")
        row = sums.setdefault(item, {})
        row[rater] = row.get(rater, 0.0) + one
    return {item: math.fsum(row.values()) / len(row) for item, row in sums.items()}
