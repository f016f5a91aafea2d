"""What waits for an adjudicator, and the reviews of an item laid side by side without names."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import Exists, OuterRef, QuerySet
from redis.exceptions import RedisError

from evals.models import Project, Run
from reviewapp.actions.claims import lease_of
from reviewapp.desk import carrying
from reviewapp.desk.judgement import sides_of, text_at
from reviewapp.disagreement import disputes
from reviewapp.labelling.reading import Reader, as_label
from reviewapp.models import Finding, Rater, Review, ReviewItem
from taxonomy.models import Category

#: Items that are looked at for one that nobody else is at, and where counting stops.
NEXT, MOST = 50, 1_000


def waiting(project: Project, rater: Rater) -> QuerySet[ReviewItem]:
    """Disputed items that this person may adjudicate: none that they have judged themselves."""
    own = Review.objects.barring().filter(item=OuterRef("pk"), rater=rater)
    disputed = ReviewItem.objects.filter(project=project, state=ReviewItem.State.DISPUTED)
    return disputed.exclude(run__state=Run.State.CANCELLED).filter(~Exists(own))


def count(items: QuerySet[ReviewItem]) -> tuple[int, bool]:
    """How many, at most MOST, and whether there are more."""
    found = items.order_by().values("pk")[: MOST + 1].count()
    return min(found, MOST), found > MOST


def following(project: Project, rater: Rater, passed: Iterable[int]) -> int | None:
    """The id of the next item in line that nobody else is at, kept for this person for as long as
    a lease. None where none is left. Two who meet at one item all the same, since the cache was
    lost, lose nothing: the first word counts, and the second is told so."""
    line = waiting(project, rater).exclude(pk__in=list(passed)).order_by("rank", "pk")
    ids = line.values_list("pk", flat=True)[:NEXT]
    seconds = lease_of(project).total_seconds()
    return next((pk for pk in ids if _keep(pk, rater, seconds)), None)


def keep(project: Project, rater: Rater, item: int) -> bool:
    """Keeps this very item for the person. False where it waits for nobody, or not for them, or
    somebody else is at it."""
    if not waiting(project, rater).filter(pk=item).exists():
        return False
    return _keep(item, rater, lease_of(project).total_seconds())


def _keep(item: int, rater: Rater, seconds: float) -> bool:
    try:
        if cache.add(_key(item), rater.pk, seconds):
            return True
        mine = bool(cache.get(_key(item)) == rater.pk)
        if mine:
            cache.touch(_key(item), seconds)
        return mine
    except RedisError:
        return True


def let_go(item: int) -> None:
    """Somebody else may have it now."""
    with contextlib.suppress(RedisError):
        cache.delete(_key(item))


def _key(item: int) -> str:
    return f"adjudicating-{item}"


@dataclass(frozen=True)
class Shown:
    """One review without its author, in the adjudicator's A and B. `sides`: {"A": "ok", …}."""

    number: int
    review: Review
    sides: dict[str, str]
    note: str
    corrected_output: Any
    findings: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Beside:
    """The reviews of an item side by side. `rows`: what each says of every side and category, as
    disputes.py has it, with `letter` and `name` for the page; `same`: they agree, and the item is
    one of the share that is looked over all the same."""

    reviews: list[Shown]
    rows: list[dict[str, Any]]
    same: bool


def beside(item: ReviewItem, rater: Rater) -> Beside:
    """In an order that says nothing of who came first. A constant number of queries a review."""
    said = list(
        item.reviews.filter(live=True)
        .select_related("item__run", "taxonomy_version__taxonomy")
        .prefetch_related("findings__category", "findings__severity")
    )
    said.sort(key=lambda one: _place(item, rater, one))
    version = item.run.taxonomy_version
    reader = Reader(version)
    labels = [reader.read(as_label(one, one.findings.all())) for one in said]
    letters = {real: letter for letter, real in sides_of(item, rater).items()}
    names = dict(Category.objects.filter(version=version).values_list("pk", "name"))
    heavy = dict(version.severities.values_list("pk", "name"))
    rows = [
        {
            "letter": letters[row.side],
            "name": "verdict" if row.category is None else names.get(row.category, "?"),
            "said": row.said,
            "differs": row.differs,
        }
        for row in disputes.rows(labels, version, heavy)
    ]
    rows.sort(key=lambda row: str(row["letter"]))
    shown = [_shown(number, one, letters, item) for number, one in enumerate(said, start=1)]
    return Beside(shown, rows, same=not any(row["differs"] for row in rows))


def _place(item: ReviewItem, rater: Rater, review: Review) -> bytes:
    secret = f"{item.run.seed}\x1fbeside\x1f{item.pk}\x1f{rater.pk}\x1f{review.pk}"
    return hashlib.sha256(secret.encode()).digest()


def _shown(number: int, review: Review, letters: dict[str, str], item: ReviewItem) -> Shown:
    findings = [
        {
            "letter": letters[one.side],
            "name": one.category.name if one.category else "no category",
            "severity": one.severity.name if one.severity else "",
            "note": one.note,
            "evidence": evidence(one, item),
            "where": one.where,
            "path": one.path,
            "span": "" if one.span_end is None else f"{one.span_start} {one.span_end}",
        }
        for one in review.findings.all()
    ]
    findings.sort(key=lambda one: one["letter"])
    sides = {letter: getattr(review, real) for real, letter in letters.items()}
    return Shown(
        number, review, dict(sorted(sides.items())), review.note, review.corrected_output, findings
    )


def evidence(finding: Finding, item: ReviewItem) -> str:
    """The stretch of text that the finding points to."""
    if finding.span_end is None:
        return finding.path
    if finding.where == Finding.Where.INPUT:
        text = text_at(item.comparison.request.input, finding.path)
    else:
        output = getattr(item.comparison, f"{finding.side}_output")
        text = text_at(output.value, finding.path) if finding.path else output.text
    return (text or "")[finding.span_start : finding.span_end][:300]


def as_draft(review: Review, item: ReviewItem, rater: Rater) -> dict[str, Any]:
    """What a review says, as it would be sent in the words of the item's run."""
    said: dict[str, Any] = carrying.carried(
        carrying.as_sent(review, rater), review.taxonomy_version, item.run.taxonomy_version
    )
    return said
