"""How well reviewers find what is known to be there: what they said of gold items, as such, against
the answer that was pinned when the item was marked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from evals.metrics.gold import AgainstGold, accuracy_by_reviewer, against_gold
from evals.models import Project
from reviewapp.actions.exposures import masked as masked
from reviewapp.labelling.labels import Label
from reviewapp.labelling.reading import Reader, agree, as_label
from reviewapp.models import Finding, GoldItem, Review, ReviewItem, Slot, User
from taxonomy.models import Category
from taxonomy.translation import Untranslatable

SIDES = ("baseline", "candidate")


@dataclass(frozen=True)
class Tried:
    """One review of a gold item and the known answer, both in the project's taxonomy version."""

    reviewer: str
    item: int
    said: Label
    known: Label


def per_category(project: Project) -> dict[str, AgainstGold]:
    """Sensitivity, false-positive rate and J of each category, by its key, over all reviewers of
    gold items; empty where nobody has judged one. Each side of an item is an item of its own."""
    tried = _tried(project)
    leaves = list(project.taxonomy_version.leaves())
    return {category.key: _against(tried, category) for category in leaves} if tried else {}


def per_reviewer(project: Project) -> list[dict[str, Any]]:
    """For leads, a row for each reviewer of gold items: `sides` judged, `right` (the share whose
    verdict and categories are those known, an Estimate), and `categories`: [(category,
    AgainstGold)] of those that are there or were found."""
    rows: dict[str, list[Tried]] = defaultdict(list)
    for one in _tried(project):
        rows[one.reviewer].append(one)
    leaves = list(project.taxonomy_version.leaves())
    table = []
    for reviewer, tried in sorted(rows.items()):
        right = [_right(one, side) for one in tried for side in _sides(one)]
        told = accuracy_by_reviewer([reviewer] * len(right), right)
        if not told:
            continue
        count, share = told[reviewer]
        used = {c for one in tried for label in (one.said, one.known) for _, c, _ in label.findings}
        categories = [(one, _against(tried, one)) for one in leaves if one.pk in used]
        table.append(
            {"reviewer": reviewer, "sides": count, "right": share, "categories": categories}
        )
    return table


def places_of(item: ReviewItem, user: User) -> list[Slot]:
    """The item's places as this person may see them: those of gold items belong to nobody's eyes,
    and to whoever is at one it is the only place of an item like any other."""
    if item.pk in set(masked(user)):
        own = Slot.objects.filter(item=item, rater__user=user).select_related("rater").get()
        own.number = 1
        return [own]
    return list(item.slots.filter(gold=False).select_related("rater").order_by("number"))


def _tried(project: Project) -> list[Tried]:
    reviews = list(
        Review.objects.filter(item__project=project, gold=True, withdrawn_at=None)
        .select_related("rater")
        .defer("corrected_output", "note")
        .order_by("id")
    )
    marks: dict[int, list[GoldItem]] = defaultdict(list)
    rows = GoldItem.objects.filter(item__in={review.item_id for review in reviews})
    for mark in rows.select_related("review").order_by("marked_at"):
        marks[mark.item_id].append(mark)
    answers = {review.pk: _answer(review, marks[review.item_id]) for review in reviews}
    found = _findings([*reviews, *answers.values()])
    reader, tried = Reader(project.taxonomy_version), []
    for review in reviews:
        answer = answers[review.pk]
        try:
            said = reader.read(as_label(review, found[review.pk]))
            known = reader.read(as_label(answer, found[answer.pk]))
        except Untranslatable:
            continue  # labels of another taxonomy, which this one knows nothing about
        tried.append(Tried(review.rater.name, review.item_id, said, known))
    return tried


def _answer(review: Review, marks: list[GoldItem]) -> Review:
    """The answer that was pinned when the review was made."""
    before = [mark for mark in marks if mark.marked_at <= review.created_at]
    return (before or marks)[-1].review


def _findings(reviews: Iterable[Review]) -> dict[int, list[Finding]]:
    found: dict[int, list[Finding]] = defaultdict(list)
    rows = Finding.objects.filter(review__in={review.pk for review in reviews}).defer("note")
    for finding in rows:
        found[finding.review_id].append(finding)
    return found


def _against(tried: Iterable[Tried], category: Category) -> AgainstGold:
    rows = []
    for one in tried:
        for side in _sides(one):
            said, known = one.said.has(side, category.pk), one.known.has(side, category.pk)
            if said is not None and known is not None:
                rows.append((said, known, (one.item, side)))
    return against_gold([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])


def _sides(one: Tried) -> list[str]:
    return [side for side in SIDES if getattr(one.said, side) and getattr(one.known, side)]


def _right(one: Tried, side: str) -> bool:
    return agree([_of_side(one.said, side), _of_side(one.known, side)])


def _of_side(label: Label, side: str) -> Label:
    """What the label says of that side alone."""
    other = next(one for one in SIDES if one != side)
    return Label(
        **{side: getattr(label, side), other: ""},
        rater_id=label.rater_id,
        findings=frozenset(one for one in label.findings if one[0] == side),
        version_id=label.version_id,
        possible=frozenset(one for one in label.possible if one[0] == side),
        lost=frozenset(one for one in label.lost if one[0] == side),
        unasked=label.unasked,
    )
