"""Pairs behind a number of a report that stands on labels from elsewhere."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from evals.models import Comparison, Run
from reviewapp.access import Access
from reviewapp.actions import exposures
from reviewapp.among import among
from reviewapp.models import Finding, OutputFinding, ReviewItem
from taxonomy.models import Category, Severity

SIDES = ("baseline", "candidate")


@dataclass(frozen=True)
class Said:
    """A finding, by whom."""

    side: str
    category: Category | None
    severity: Severity | None
    note: str
    rater: str


def page(run: Run, pairs: list[int], access: Access, *, after: int, size: int) -> dict[str, Any]:
    """Comparisons among `pairs` after `after`, with what every rater found in their outputs. Not
    those that an item of whatever run is about which is not resolved: whoever judges it would know
    its sides. Of the others it is kept that their sides were shown."""
    chosen = Comparison.objects.filter(among(Comparison, "id", pairs)).exclude(Exists(_open(run)))
    found = list(
        chosen.filter(pk__gt=after)
        .select_related("request", "baseline_output", "candidate_output", "item")
        .order_by("pk")[: size + 1]
    )
    more = found[size - 1].pk if len(found) > size else None
    shown = found[:size]
    items = _items(run, shown)
    may_see = exposures.show(items=[pk for each in items.values() for pk in each], to=access.user)
    seen = [one for one in shown if may_see.issuperset(items[one.request_id])]
    said = _said(run, seen)
    rows = [
        {"item": getattr(one, "item", None), "of": one, "findings": said[one.pk]} for one in seen
    ]
    hidden = len(pairs) - chosen.count() + len(shown) - len(rows)
    return {
        "rows": rows,
        "more": more,
        "count": len(pairs),
        "hidden": hidden,
        "elsewhere": True,
    }


def _about(run: Run) -> QuerySet[ReviewItem]:
    """Items in which an output of either version may stand."""
    versions = [run.baseline_id, run.candidate_id]
    return ReviewItem.objects.filter(Q(run__baseline__in=versions) | Q(run__candidate__in=versions))


def _open(run: Run) -> QuerySet[ReviewItem]:
    about = _about(run).filter(comparison__request=OuterRef("request"))
    return about.exclude(state=ReviewItem.State.RESOLVED)


def _items(run: Run, shown: list[Comparison]) -> dict[int, list[int]]:
    """Items about the requests of these comparisons, by request."""
    about = _about(run).filter(comparison__request__in=[one.request_id for one in shown])
    found: dict[int, list[int]] = defaultdict(list)
    for request, item in about.values_list("comparison__request", "pk"):
        found[request].append(item)
    return found


def _said(run: Run, shown: list[Comparison]) -> dict[int, list[Said]]:
    """By comparison: findings of blind reviews that name this run, and of blind judgements of its
    outputs."""
    said: dict[int, list[Said]] = defaultdict(list)
    of_runs = Finding.objects.filter(
        review__item__comparison__in=shown, review__live=True, review__blind=True
    ).select_related("category", "severity", "review__rater", "review__item")
    for finding in of_runs.order_by("side", "pk"):
        said[finding.review.item.comparison_id].append(
            Said(
                finding.side,
                finding.category,
                finding.severity,
                finding.note,
                finding.review.rater.name,
            )
        )
    for side in SIDES:
        of_output = {getattr(one, f"{side}_output_id"): one.pk for one in shown}
        blind = Q(judgement__blind=True) | Q(
            judgement__blind=None, judgement__label_set__blind=True
        )
        rows = OutputFinding.objects.filter(
            blind, judgement__output__in=of_output, judgement__live=True
        ).select_related("category", "severity", "judgement__rater")
        for one in rows.order_by("pk"):
            said[of_output[one.judgement.output_id]].append(
                Said(side, one.category, one.severity, one.note, one.judgement.rater.name)
            )
    return said
