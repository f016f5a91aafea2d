"""How far the reviewers of a project agree, over all its runs: category by category first, since
that is where the taxonomy is unclear, and only then by pairs of people; week by week.

Computed in a worker into one row (reviewapp/actions/agreement.py); pages read that row.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import Any

from django.db.models import Count, Max

from evals.metrics.agreement import alpha_interval, cohen_kappa, krippendorff_alpha
from evals.models import Project
from reviewapp.labelling.labels import Label
from reviewapp.labelling.reading import Reader, as_label
from reviewapp.models import Finding, Rater, Review, ReviewItem
from reviewapp.reports.measured import plain
from taxonomy.models import Category
from taxonomy.translation import Untranslatable

#: Items that are looked at, the newest; weeks, the last ones; pairs and confusions that are shown.
MOST, WEEKS, PAIRS, CONFUSIONS = 4_000, 8, 20, 15
#: Of the bootstrap, over all errors and for each category; units that it is over at most.
RESAMPLES, RESAMPLES_A_CATEGORY, UNITS = 400, 100, 4_000
SIDES = ("baseline", "candidate")
NOTHING = "nothing"

Has = Callable[[Label, str], bool | None]


@dataclass(frozen=True)
class Item:
    """One item that several people judged blind: their labels by rater, in the project's version,
    and the Monday of the week in which the last of them was made."""

    pk: int
    week: date
    said: dict[int, Label]


def compute(project: Project) -> dict[str, Any] | None:
    """Plain JSON values, or None where no item was judged blind by several people.

    Nominal, on whether a side has an error (or the category): each side of an item is a unit.
    """
    rated = _rated(project)
    if not rated:
        return None
    leaves = list(project.taxonomy_version.leaves())
    raters = {rater for item in rated for rater in item.said}
    names = dict(Rater.objects.filter(pk__in=raters).values_list("pk", "name"))
    weeks = sorted({item.week for item in rated})[-WEEKS:]
    return {
        "taxonomy": str(project.taxonomy_version),
        "items": len(rated),
        "raters": len(raters),
        "overall": _coefficient(rated, _error, RESAMPLES),
        "weeks": [_week(rated, week) for week in weeks],
        "categories": _categories(rated, leaves, weeks),
        "confusions": _confusions(rated, leaves),
        "pairs": _pairs(rated, names, weeks),
    }


def _rated(project: Project) -> list[Item]:
    """The newest items with several live blind reviews; adjudications are no ratings. None on which
    somebody may still be working: what is computed must not tell them what others said."""
    blind = {"reviews__live": True, "reviews__blind": True, "reviews__authoritative": False}
    shared = (
        ReviewItem.objects.filter(project=project, **blind)
        .exclude(state=ReviewItem.State.PENDING)
        .annotate(raters=Count("reviews__rater", distinct=True), last=Max("reviews__created_at"))
        .filter(raters__gt=1)
        .order_by("-last", "-pk")
        .values_list("pk", "last")[:MOST]
    )
    at = dict(shared)
    reviews = Review.objects.filter(item__in=at, live=True, blind=True, authoritative=False)
    reviews = reviews.defer("corrected_output", "note")
    findings: dict[int, list[Finding]] = defaultdict(list)
    for finding in Finding.objects.filter(review__in=reviews.values("pk")).defer("note"):
        findings[finding.review_id].append(finding)
    reader = Reader(project.taxonomy_version)
    said: dict[int, dict[int, Label]] = defaultdict(dict)
    for review in reviews.order_by("item_id", "rater_id"):
        try:
            label = reader.read(as_label(review, findings[review.pk]))
        except Untranslatable:  # of a taxonomy that the project had before
            continue
        said[review.item_id][review.rater_id] = label
    return [
        Item(pk, _monday(at[pk].date()), labels) for pk, labels in said.items() if len(labels) > 1
    ]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _error(label: Label, side: str) -> bool:
    return bool(getattr(label, side) == Review.Verdict.ERROR)


def _has(category: int) -> Has:
    return lambda label, side: label.has(side, category)


def _ratings(rated: Iterable[Item], has: Has) -> dict[int, list[int | None]]:
    """One row a rater, an entry a side of an item; None where that rater did not say."""
    items = list(rated)
    rows: dict[int, list[int | None]] = {}
    for at, item in enumerate(items):
        for rater, label in item.said.items():
            row = rows.setdefault(rater, [None] * (2 * len(items)))
            for k, side in enumerate(SIDES):
                said = has(label, side) if getattr(label, side) else None
                row[2 * at + k] = None if said is None else int(said)
    return rows


def _coefficient(rated: list[Item], has: Has, resamples: int) -> dict[str, float | None] | None:
    """Krippendorff's alpha with its bootstrap interval; None where nobody ever said so."""
    ratings = list(_ratings(rated[: UNITS // 2], has).values())
    interval = alpha_interval(ratings, resamples=resamples)
    return plain(interval) if interval else None


def _week(rated: list[Item], week: date) -> dict[str, Any]:
    those = [item for item in rated if item.week == week]
    alpha = _coefficient(those, _error, RESAMPLES_A_CATEGORY)
    return {"week": week.isoformat(), "items": len(those), "alpha": alpha}


def _by_week(rated: list[Item], weeks: list[date], has: Has) -> list[float | None]:
    of: dict[date, list[Item]] = defaultdict(list)
    for item in rated:
        of[item.week].append(item)
    return [krippendorff_alpha(list(_ratings(of[week], has).values())) for week in weeks]


def _categories(
    rated: list[Item], leaves: list[Category], weeks: list[date]
) -> list[dict[str, Any]]:
    """The least agreed first; those that nobody used last."""
    rows = []
    for category in leaves:
        has = _has(category.pk)
        used = sum(
            any(has(one, side) for one in item.said.values()) for item in rated for side in SIDES
        )
        row: dict[str, Any] = {"key": category.key, "name": category.name, "used": used}
        row["alpha"] = _coefficient(rated, has, RESAMPLES_A_CATEGORY) if used else None
        row["weeks"] = _by_week(rated, weeks, has) if used else []
        rows.append(row)
    rows.sort(
        key=lambda row: (row["alpha"] is None, row["alpha"] and row["alpha"]["value"], -row["used"])
    )
    return rows


def _confusions(rated: list[Item], leaves: list[Category]) -> list[dict[str, Any]]:
    """What one person called a side where another called it something else: pairs of categories,
    or a category and nothing, with how many pairs of judgements; the most frequent first."""
    names = {one.pk: (one.key, one.name) for one in leaves}
    counts: Counter[tuple[int, int]] = Counter()  # 0 stands for nothing
    for item in rated:
        for a, b in combinations(item.said.values(), 2):
            for side in SIDES:
                if getattr(a, side) and getattr(b, side):
                    counts.update(_confused(a, b, side, names.keys()))
    rows = []
    for (one, other), count in counts.most_common(CONFUSIONS):
        key, name = names.get(one, ("", NOTHING))
        rows.append(
            {
                "a": {"key": key, "name": name},
                "b": dict(zip(("key", "name"), names[other], strict=True)),
                "count": count,
            }
        )
    return rows


def _confused(a: Label, b: Label, side: str, known: Iterable[int]) -> set[tuple[int, int]]:
    only_a = {c for c in known if a.has(side, c) is True and b.has(side, c) is False}
    only_b = {c for c in known if b.has(side, c) is True and a.has(side, c) is False}
    if only_a and only_b:
        return {(min(x, y), max(x, y)) for x in only_a for y in only_b}
    return {(0, one) for one in only_a | only_b}


def _pairs(rated: list[Item], names: dict[int, str], weeks: list[date]) -> list[dict[str, Any]]:
    """Cohen's kappa of each pair, those with the most items in common first."""
    together: dict[tuple[int, int], list[Item]] = defaultdict(list)
    for item in rated:
        for pair in combinations(sorted(item.said), 2):
            together[pair].append(item)
    rows = []
    for (a, b), items in sorted(together.items(), key=lambda one: -len(one[1]))[:PAIRS]:
        by_week: dict[date, list[Item]] = defaultdict(list)
        for item in items:
            by_week[item.week].append(item)
        rows.append(
            {
                "a": names[a],
                "b": names[b],
                "items": len(items),
                "kappa": _kappa(items, a, b),
                "weeks": [_kappa(by_week[week], a, b) for week in weeks],
            }
        )
    return rows


def _kappa(items: list[Item], a: int, b: int) -> float | None:
    ratings = _ratings(items, _error)
    return cohen_kappa(ratings[a], ratings[b]) if items else None
