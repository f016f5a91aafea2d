"""Items by what is asked for. Each filter is a condition that an index answers.

What somebody said of an item is told of resolved items only, and of none that whoever asks is to
judge as gold: a list must not tell a reviewer what others said of an item that may be before them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from evals.models import Project
from reviewapp.access import Access, Action
from reviewapp.desk import gold
from reviewapp.listing import categories, words
from reviewapp.listing.asked import Asked
from reviewapp.models import Finding, Flag, GoldItem, ItemIndex, ItemWords, Review, ReviewItem, Slot

RESOLVED = ReviewItem.State.RESOLVED


@dataclass(frozen=True)
class Stretch:
    """A part of a list: the items with ids above `above` and below `below`; None: no end."""

    above: int | None = None
    below: int | None = None

    def of(self, field: str) -> Q:
        """On a field that holds the id of an item."""
        held = Q()
        if self.above is not None:
            held &= Q(**{f"{field}__gt": self.above})
        if self.below is not None:
            held &= Q(**{f"{field}__lt": self.below})
        return held


def chosen(
    access: Access,
    asked: Asked,
    *,
    masked: Collection[int] | None = None,
    stretch: Stretch = Stretch(),
) -> QuerySet[ReviewItem]:
    """The items that are asked for, in no order. `masked`: ids of those that look to this person
    as if they waited (reviewapp/desk/gold.py); looked up where they are not given."""
    project = access.project
    items = ReviewItem.objects.filter(stretch.of("pk"), project=project)
    items = _by_state(items, asked, gold.masked(access.user) if masked is None else masked)
    if asked.run:
        items = items.filter(run__in=list(project.runs.filter(name=asked.run)))
    if asked.stratum:
        items = items.filter(stratum=asked.stratum)
    if asked.mark:
        items = _marked(items, asked.mark, access)
    if asked.category:
        items = items.filter(_category(project, asked.category))
    if asked.reviewer:
        raters = list(project.raters.filter(name=asked.reviewer))
        own = Review.objects.filter(item=OuterRef("pk"), live=True, rater__in=raters)
        items = items.filter(Exists(own)) if raters else items.none()
    if asked.request or asked.segment:
        items = items.filter(pk__in=_indexed(project, asked, stretch).values("item"))
    if asked.q:
        query = words.search(asked.q)
        found = ItemWords.objects.filter(stretch.of("item"), words=query)
        items = items.filter(pk__in=found.values("item")) if query else items.none()
    return items


def _by_state(
    items: QuerySet[ReviewItem], asked: Asked, masked: Collection[int] | QuerySet[Any]
) -> QuerySet[ReviewItem]:
    state = RESOLVED if asked.of_resolved and not asked.state else asked.state
    if asked.of_resolved and state != RESOLVED:
        return items.none()
    ids = list(masked)
    if state == ReviewItem.State.PENDING and ids:
        items = items.filter(Q(state=state) | Q(pk__in=ids))
    elif state:
        items = items.filter(state=state)
    if state == RESOLVED and ids:
        items = items.exclude(pk__in=ids)
    if asked.disagreement == "waits":
        items = items.filter(state=ReviewItem.State.DISPUTED)
    elif asked.disagreement == "adjudicated":
        word = Review.objects.filter(item=OuterRef("pk"), live=True, authoritative=True)
        items = items.filter(Exists(word))
    return items


def _marked(items: QuerySet[ReviewItem], mark: str, access: Access) -> QuerySet[ReviewItem]:
    if mark == "flagged":
        flags = Flag.objects.filter(item=OuterRef("pk"), settled_at=None)
        return items.filter(Exists(flags))
    if mark == "relabelling":
        return items.filter(Exists(Slot.objects.relabelling().filter(item=OuterRef("pk"))))
    if mark == "held":
        now = timezone.now()
        held = Slot.objects.filter(state=Slot.State.CLAIMED, lease_until__gt=now, gold=False)
        return items.filter(Exists(held.filter(item=OuterRef("pk"))))
    if not access.may(Action.CONFIGURE):  # which ones are gold is for leads to know
        return items.none()
    return items.filter(Exists(GoldItem.objects.filter(item=OuterRef("pk"), retired_at=None)))


def _category(project: Project, key: str) -> Exists:
    """With a finding of that category in the word that counts: the adjudicator's where there is
    one, else any reviewer's."""
    meant = categories.meant(project, key)
    word = Review.objects.filter(
        item=OuterRef("review__item"), live=True, authoritative=True
    ).order_by()
    found = Finding.objects.filter(
        Q(review__authoritative=True) | ~Exists(word),
        review__item=OuterRef("pk"),
        review__live=True,
        category__in=meant,
    )
    return Exists(found)


def _indexed(project: Project, asked: Asked, stretch: Stretch) -> QuerySet[ItemIndex]:
    rows = ItemIndex.objects.filter(stretch.of("item"), project=project)
    if asked.request:
        rows = rows.filter(request__startswith=asked.request)
    if asked.segment:
        rows = rows.filter(segment__contains=[asked.segment])
    return rows
