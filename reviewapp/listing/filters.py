"""Items by what is asked for. Each filter is a condition that an index answers, in either of two
ways: item by item along the list, or all items at once (`Wanted.of`).

What somebody said of an item is told of resolved items only, and of none that whoever asks is to
judge as gold: a list must not tell a reviewer what others said of an item that may be before them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Exists,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.utils import timezone

from evals.models import Project
from reviewapp.access import Access, Action
from reviewapp.desk import gold
from reviewapp.listing import categories, words
from reviewapp.listing.asked import Asked
from reviewapp.models import Finding, Flag, GoldItem, ItemIndex, ItemWords, Review, ReviewItem, Slot

RESOLVED, PENDING = ReviewItem.State.RESOLVED, ReviewItem.State.PENDING


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


@dataclass(frozen=True)
class Having:
    """Of which there is a row among `rows`, whose `field` is the item."""

    rows: QuerySet[Any]
    field: str = "item"

    def of_all(self, stretch: Stretch) -> Q:
        """Found by the rows' own index, all at once."""
        rows = self.rows.filter(stretch.of(self.field)).order_by()
        return Q(pk__in=rows.values(self.field))

    def of_each(self) -> Q:
        """Looked up for one item after the other. With a limit, which PostgreSQL makes no join
        of: what it thinks is rare and is not (a word, a stale statistic) would cost a whole index.
        """
        return Q(self.looked_up())

    def looked_up(self) -> Subquery:
        rows = self.rows.filter(**{self.field: OuterRef("pk")}).order_by()
        yes = rows.annotate(yes=Value(True)).values("yes")[:1]
        return Subquery(yes, output_field=BooleanField())


@dataclass(frozen=True)
class Line:
    """The items that have these values, in an order that an index has: by id.

    Said as a range from the values to the same values, of which PostgreSQL does not see that they
    are constant, so that only that index has the order. Else it may walk by id over all that comes
    before the first of them, thinking that they lie everywhere.
    """

    columns: tuple[str, ...]
    values: tuple[Any, ...]

    def along(self, stretch: Stretch) -> Q:
        return self._bound(">", stretch.above) & self._bound("<", stretch.below)

    def _bound(self, side: str, end: int | None) -> Q:
        names = [f'"{ReviewItem._meta.db_table}"."{name}"' for name in self.columns]
        values, sign = list(self.values), f"{side}="
        if end is not None:
            names.append(f'"{ReviewItem._meta.db_table}"."id"')
            values, sign = [*values, end], side
        places = ", ".join(["%s"] * len(values))
        sql = f"({', '.join(names)}) {sign} ({places})"
        return Q(RawSQL(sql, values, output_field=BooleanField()))  # noqa: S611 (names only)

    def order(self, upwards: bool) -> list[str]:
        return [name if upwards else f"-{name}" for name in (*self.columns, "pk")]


@dataclass(frozen=True)
class Wanted:
    """What is asked for, with all names looked up. `line`: what of it an index has in the list's
    order; `plain`: all that is on columns of the item; `beside`: without what the line has;
    `said`: the words that are searched."""

    project: Project
    line: Line
    plain: Q
    beside: Q
    having: tuple[Having, ...] = ()
    said: Having | None = None
    nothing: bool = False

    def of(self, stretch: Stretch = Stretch()) -> QuerySet[ReviewItem]:
        """The items of a stretch, in no order, found all at once."""
        items = ReviewItem.objects.filter(stretch.of("pk"), self.plain, project=self.project)
        if self.nothing:
            return items.none()
        for one in (*self.having, *([self.said] if self.said else [])):
            items = items.filter(one.of_all(stretch))
        return items

    def along(self, stretch: Stretch, upwards: bool) -> QuerySet[ReviewItem]:
        """The same in the list's order, each item looked at after the other."""
        items = self.in_line(stretch, upwards).filter(self.beside)
        return items.none() if self.nothing else items.filter(self._each())

    def among(self, few: list[int]) -> QuerySet[ReviewItem]:
        """Of these."""
        items = ReviewItem.objects.filter(self.plain, project=self.project, pk__in=few)
        return items.none() if self.nothing else items.filter(self._each())

    def in_line(self, stretch: Stretch, upwards: bool) -> QuerySet[ReviewItem]:
        """All among which it is looked for."""
        items = ReviewItem.objects.filter(self.line.along(stretch))
        return items.order_by(*self.line.order(upwards))

    def _each(self) -> Q:
        """Words last, and only of an item that has all else: they are the dearest to look up."""
        others = Q()
        for one in self.having:
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
    return wanted(access, asked, list(gold.masked(access.user))).of()


def wanted(access: Access, asked: Asked, masked: Collection[int] = ()) -> Wanted:
    """`masked`: ids of items that look to this person as if they waited (reviewapp/desk/gold.py).
    At most one query for each name that is asked for."""
    project, having, nothing = access.project, [], False
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
        having.append(_category(meant))
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
    return Wanted(project, line, Q(**exact) & plain, rest & plain, tuple(having), said, nothing)


def _line(project: Project, exact: dict[str, Any]) -> tuple[Line, Q]:
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
    word = Review.objects.filter(item=OuterRef("review__item"), live=True, authoritative=True)
    found = Finding.objects.filter(
        Q(review__authoritative=True) | ~Exists(word.order_by()),
        review__live=True,
        category__in=list(meant),
    )
    return Having(found, "review__item")


def _indexed(project: Project, asked: Asked) -> Having:
    rows = ItemIndex.objects.filter(project=project)
    if asked.request:
        rows = rows.filter(request__startswith=asked.request)
    if asked.segment:
        rows = rows.filter(segment__contains=[asked.segment])
    return Having(rows)
