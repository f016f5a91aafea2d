"""How far reviewers agree, on the items that several of them judged blind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from typing import Any

from django.db.models import Count

from evals.metrics.agreement import alpha_interval, cohen_kappa, krippendorff_alpha
from evals.models import Run
from reviewapp.labelling import elsewhere
from reviewapp.labelling.labels import Label
from reviewapp.labelling.reading import Reader, as_label
from reviewapp.models import Finding, Rater, Review, ReviewItem
from reviewapp.reports.measured import plain
from reviewapp.reports.parts.base import Nothing, Part

#: Items that are looked at, the first of their lines, which are random ones.
MOST = 5_000
#: Of the bootstrap: over all errors, and for each category.
RESAMPLES, RESAMPLES_A_CATEGORY = 1_000, 200
#: Pairs of raters, those with the most items in common.
PAIRS = 20
NONE = "No item was judged blind by several reviewers, so how far they agree is not known."
SIDES = ("baseline", "candidate")

Rated = dict[int, dict[int, Label]]
Ratings = dict[int, list[int | None]]


def compute(run: Run) -> dict[str, Any]:
    """Nominal, on whether a side has an error (or the category): each side of an item is a unit."""
    rated = _rated(run)
    if not rated:
        raise Nothing(NONE)
    ratings = _ratings(rated, _has_error)
    names = dict(Rater.objects.filter(pk__in=ratings).values_list("pk", "name"))
    interval = alpha_interval(list(ratings.values()), resamples=RESAMPLES)
    return {
        "items": len(rated),
        "raters": len(ratings),
        "alpha": krippendorff_alpha(list(ratings.values())),
        "interval": plain(interval) if interval else None,
        "categories": _categories(run, rated),
        "pairs": _pairs(ratings, names),
    }


def _rated(run: Run) -> Rated:
    """Live blind labels by item and rater, adjudications left out, read in the run's version."""
    if (said := elsewhere.of(run)) is not None:
        return elsewhere.rated(said, run.taxonomy_version, MOST)
    shared = (
        ReviewItem.objects.filter(
            run=run, reviews__live=True, reviews__blind=True, reviews__authoritative=False
        )
        .annotate(count=Count("reviews__rater", distinct=True))
        .filter(count__gt=1)
        .order_by("position", "pk")
        .values_list("pk", flat=True)[:MOST]
    )
    reviews = Review.objects.filter(
        item__in=list(shared), live=True, blind=True, authoritative=False
    ).defer("corrected_output", "note")
    findings: dict[int, list[Finding]] = defaultdict(list)
    for finding in Finding.objects.filter(review__in=reviews).defer("note"):
        findings[finding.review_id].append(finding)
    reader = Reader(run.taxonomy_version)
    rated: Rated = defaultdict(dict)
    for review in reviews.order_by("item_id", "rater_id"):
        label = reader.read(as_label(review, findings[review.pk]))
        rated[review.item_id][review.rater_id] = label
    return rated


def _ratings(rated: Rated, has: Callable[[Label, str], bool | None]) -> Ratings:
    """One row a rater, an entry a side of an item; None where that rater did not say."""
    rows: Ratings = {}
    for at, labels in enumerate(rated.values()):
        for rater, label in labels.items():
            row = rows.setdefault(rater, [None] * (2 * len(rated)))
            for k, side in enumerate(SIDES):
                said = has(label, side) if getattr(label, side) else None
                row[2 * at + k] = None if said is None else int(said)
    return rows


def _has_error(label: Label, side: str) -> bool:
    return bool(getattr(label, side) == Review.Verdict.ERROR)


def _has(category: int) -> Callable[[Label, str], bool | None]:
    return lambda label, side: label.has(side, category)


def _categories(run: Run, rated: Rated) -> list[dict[str, Any]]:
    """Undefined, null, where no reviewer ever used it: there is nothing to disagree about."""
    rows = []
    for category in run.taxonomy_version.leaves():
        ratings = list(_ratings(rated, _has(category.pk)).values())
        interval = alpha_interval(ratings, resamples=RESAMPLES_A_CATEGORY)
        rows.append(
            {
                "key": category.key,
                "name": category.name,
                "critical": category.critical,
                "alpha": interval.value if interval else None,
                "interval": plain(interval) if interval else None,
            }
        )
    return rows


def _pairs(ratings: Ratings, names: dict[int, str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for a, b in combinations(ratings, 2):
        both = [
            at // 2
            for at, (x, y) in enumerate(zip(ratings[a], ratings[b], strict=True))
            if x is not None and y is not None
        ]
        if both:
            kappa = cohen_kappa(ratings[a], ratings[b])
            rows.append({"a": names[a], "b": names[b], "items": len(set(both)), "kappa": kappa})
    rows.sort(key=lambda row: -row["items"])
    return rows[:PAIRS]


PART = Part(compute, ("states", "reviews", "taxonomy", "elsewhere"))
