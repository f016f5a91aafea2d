"""Items by what is asked for. Each filter is a condition that an index answers, in either of two
ways: item by item along the list, or all items at once (`Wanted.of`).

What somebody said of an item is told of resolved items only, and of none that whoever asks is to
judge as gold: a list must not tell a reviewer what others said of an item that may be before them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from evals.models import Project
from reviewapp.access import Access, Action
from reviewapp.among import among
from reviewapp.desk import gold
from reviewapp.listing import categories, words
from reviewapp.listing.asked import Asked
from reviewapp.listing.having import Having, Stretch, in_order_of_id
from reviewapp.listing.lines import Line, LineOfFindings
from reviewapp.models import Finding, Flag, GoldItem, ItemIndex, ItemWords, Review, ReviewItem, Slot

RESOLVED, PENDING = ReviewItem.State.RESOLVED, ReviewItem.State.PENDING


@dataclass(frozen=True)
class Wanted:
    """What is asked for, with all names looked up. `line`: what of it an index has in the list's
    order; `plain`: all that is on columns of the item; `beside`: without what the line has;
    `said`: the words that are searched."""

    project: Project
    line: Line | LineOfFindings
    plain: Q
    beside: Q
    having: tuple[Having, ...] = ()
    said: Having | None = None
    nothing: bool = False

    def of(self, stretch: Stretch) -> QuerySet[ReviewItem]:
        """The items of a stretch, in no order, found all at once."""
        items = ReviewItem.objects.filter(stretch.of("pk"), self.plain, project=self.project)
        if self.nothing:
            return items.none()
        for one in (*self.having, *([self.said] if self.said else [])):
            items = items.filter(one.of_all(stretch))
        return items

    def nearest(self, stretch: Stretch, upwards: bool, most: int) -> list[int]:
        """Ids of the same, in the list's order."""
        return in_order_of_id(self.of(stretch).values_list("pk", flat=True), upwards, most)

    def along(self, stretch: Stretch, upwards: bool, most: int) -> list[int]:
        """Ids of the same in the list's order, each item of the line looked at after the other."""
        if self.nothing:
            return []
        others = [one for one in self.having if one is not self.line.found]
        items = ReviewItem.objects.filter(self.beside).filter(self._each(others))
        return self.line.first(items, stretch, upwards, most)

    def among(self, few: list[int], upwards: bool, most: int) -> list[int]:
        """Of these."""
        if self.nothing:
            return []
        items = ReviewItem.objects.filter(
            self.plain, among(ReviewItem, "id", few), project=self.project
        )
        there = items.filter(self._each(self.having)).order_by("pk" if upwards else "-pk")
        return list(there.values_list("pk", flat=True)[:most])

    def _each(self, having: Iterable[Having]) -> Q:
        """Words last, and only of an item that has all else: they are the dearest to look up."""
        others = Q()
        for one in having:
            others &= one.of_each()
        if not self.said:
            return others
        if not others:
            return self.said.of_each()
        words = Case(When(others, then=self.said.looked_up()), default=Value(False))
        return Q(words)

    @property
    def whatever_said(self) -> Wanted:
        return replace(self, said=None)


def chosen(access: Access, asked: Asked) -> QuerySet[ReviewItem]:
    """The items that are asked for, in no order."""
    return wanted(access, asked, list(gold.masked(access.user))).of(Stretch())


def wanted(access: Access, asked: Asked, masked: Collection[int] = ()) -> Wanted:
    """`masked`: ids of items that look to this person as if they waited (reviewapp/desk/gold.py).
    At most one query for each name that is asked for."""
    project, having, nothing = access.project, [], False
    findings: LineOfFindings | None = None
    state = RESOLVED if asked.of_resolved and not asked.state else asked.state
    nothing |= asked.of_resolved and state != RESOLVED
    exact: dict[str, Any] = {}  # columns of the item, those first that an index has in order
    plain = Q()
    if asked.disagreement == "waits":
        nothing |= state not in ("", ReviewItem.State.DISPUTED)
        state = ReviewItem.State.DISPUTED
    elif asked.disagreement == "adjudicated":
        having.append(Having(Review.objects.filter(live=True, authoritative=True)))
    if state == PENDING and masked:
        plain = Q(state=PENDING) | Q(pk__in=list(masked))
    elif state:
        exact["state"] = state
        plain = ~Q(pk__in=list(masked)) if masked and state == RESOLVED else plain
    if asked.stratum:
        exact["stratum"] = asked.stratum
    if asked.run:
        run = project.runs.filter(name=asked.run).values_list("pk", flat=True).first()
        nothing |= run is None
        exact["run_id"] = run or 0
    if asked.mark:
        nothing |= asked.mark == "gold" and not access.may(Action.CONFIGURE)
        having.append(_marked(asked.mark, masked))
    if asked.category:
        meant = categories.meant(project, asked.category)
        nothing |= not meant
        findings = LineOfFindings(meant, _category(meant))
        having.append(findings.found)
    if asked.reviewer:
        raters = list(project.raters.filter(name=asked.reviewer).values_list("pk", flat=True))
        nothing |= not raters
        having.append(Having(Review.objects.filter(live=True, rater__in=raters)))
    if asked.request or asked.segment:
        having.append(_indexed(project, asked))
    query = words.search(asked.q) if asked.q else None
    nothing |= bool(asked.q) and query is None
    said = Having(ItemWords.objects.filter(words=query)) if query else None
    line, rest = _line(project, exact)
    if findings:
        line, rest = findings, Q(project=project, **exact)
    return Wanted(project, line, Q(**exact) & plain, rest & plain, tuple(having), said, nothing)


def _line(project: Project, exact: dict[str, Any]) -> tuple[Line | LineOfFindings, Q]:
    """The line by the first of these columns, and what is left of them."""
    if not exact:
        return Line(("project_id",), (project.pk,)), Q()
    (name, value), *others = exact.items()
    if name == "run_id":
        return Line((name,), (value,)), Q(**dict(others))
    return Line(("project_id", name), (project.pk, value)), Q(**dict(others))


def _marked(mark: str, masked: Collection[int]) -> Having:
    if mark == "flagged":
        return Having(Flag.objects.filter(settled_at=None))
    if mark == "relabelling":
        return Having(Slot.objects.relabelling())
    if mark == "held":
        held = Slot.objects.filter(state=Slot.State.CLAIMED, lease_until__gt=timezone.now())
        like_any = Q(gold=False)
        if masked:  # to whoever is at it, gold is an item like any other
            like_any |= Q(item__in=list(masked))
        return Having(held.filter(like_any))
    return Having(GoldItem.objects.filter(retired_at=None))


def _category(meant: Collection[int]) -> Having:
    """With a finding of that category in the word that counts: the adjudicator's where there is
    one, else any reviewer's."""
    word = Review.objects.filter(item=OuterRef("item"), live=True, authoritative=True)
    found = Finding.objects.filter(
        Q(review__authoritative=True) | ~Exists(word.order_by()),
        review__live=True,
        category__in=list(meant),
    )
    return Having(found)


def _indexed(project: Project, asked: Asked) -> Having:
    rows = ItemIndex.objects.filter(project=project)
    if asked.request:
        rows = rows.filter(request__startswith=asked.request)
    if asked.segment:
        rows = rows.filter(segment__contains=[asked.segment])
    return Having(rows)
