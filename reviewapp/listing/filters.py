"""Items by what is asked for. Each filter is a condition that an index answers, in either of two
ways: item by item along the list, or all items at once (`Wanted.of`).

What somebody said of an item is told of resolved items only, and of none that whoever asks is to
judge as gold: a list must not tell a reviewer what others said of an item that may be before them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    BooleanField,
    Case,
    Exists,
    Model,
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


# Found as a whole and then put in order: an order that the database may use to find them makes it
# walk over everything else.
_IN_ORDER = "WITH found (id) AS MATERIALIZED ({}) SELECT id FROM found ORDER BY id {} LIMIT {}"


def in_order_of_id(ids: QuerySet[Any, int], upwards: bool, most: int) -> list[int]:
    try:
        inner, values = ids.order_by().query.sql_with_params()
    except EmptyResultSet:  # Django sees that nothing can be found
        return []
    with connection.cursor() as cursor:
        cursor.execute(_IN_ORDER.format(inner, "ASC" if upwards else "DESC", most), values)
        return [pk for (pk,) in cursor.fetchall()]


def one_of(rows: type[Model], column: str, ids: list[int]) -> Q:
    """As one value: Django takes longer to write down a list of thousands than it takes to find
    them."""
    sql = f'"{rows._meta.db_table}"."{column}" = ANY(%s)'
    return Q(RawSQL(sql, [ids], output_field=BooleanField()))  # noqa: S611 (names only)


@dataclass(frozen=True)
class Having:
    """Of which there is a row among `rows`, whose `item` it is."""

    rows: QuerySet[Any]

    def of_all(self, stretch: Stretch) -> Q:
        """Found by the rows' own index, all at once."""
        return Q(pk__in=self._items(stretch))

    def of_each(self) -> Q:
        """Looked up for one item after the other. With a limit, which PostgreSQL makes no join
        of: what it thinks is rare and is not (a word, a stale statistic) would cost a whole index.
        """
        return Q(self.looked_up())

    def of_these(self, few: list[int]) -> list[int]:
        """Those of some items of which there is one."""
        rows = self.rows.filter(one_of(self.rows.model, "item_id", few)).order_by()
        return list(rows.values_list("item", flat=True))

    def some(self, stretch: Stretch, most: int) -> list[int]:
        """Ids of items, in no order: of all where there are fewer than so many."""
        return list(self._items(stretch)[:most])

    def nearest(self, stretch: Stretch, upwards: bool, most: int) -> list[int]:
        return in_order_of_id(self._items(stretch), upwards, most)

    def _items(self, stretch: Stretch) -> QuerySet[Any, int]:
        rows = self.rows.filter(stretch.of("item")).order_by()
        return rows.values_list("item", flat=True)

    def looked_up(self) -> Subquery:
        rows = self.rows.filter(item=OuterRef("pk")).order_by()
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

    def end(self, stretch: Stretch, upwards: bool, size: int) -> int | None:
        """Id of the item at that place of a stretch, None where it is not so long."""
        items = ReviewItem.objects.filter(self._within(stretch)).order_by(*self._order(upwards))
        return next(iter(items.values_list("pk", flat=True)[size : size + 1]), None)

    def first(
        self, items: QuerySet[ReviewItem], stretch: Stretch, upwards: bool, most: int
    ) -> list[int]:
        """Ids of those of `items` that lie on a stretch of it."""
        there = items.filter(self._within(stretch)).order_by(*self._order(upwards))
        return list(there.values_list("pk", flat=True)[:most])

    def _within(self, stretch: Stretch) -> Q:
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

    def _order(self, upwards: bool) -> list[str]:
        return [name if upwards else f"-{name}" for name in (*self.columns, "pk")]


@dataclass(frozen=True)
class LineOfFindings:
    """The items with findings of some categories: where these are rare, a walk along all items
    would look at many for each. The index has the findings of each category in order of items.
    """

    categories: tuple[int, ...]
    found: Having

    def end(self, stretch: Stretch, upwards: bool, size: int) -> int | None:
        """Of the categories' items at that place the nearest: no more than so many of each."""
        nearest, order = ("min", "ASC") if upwards else ("max", "DESC")
        above, below = (end if end is not None else 0 for end in (stretch.above, stretch.below))
        sql = f"""
            SELECT {nearest}(there.item_id)
            FROM unnest(%s::bigint[]) AS one CROSS JOIN LATERAL (
                SELECT f.item_id FROM {Finding._meta.db_table} f
                WHERE f.category_id = one AND f.item_id > %s AND (%s = 0 OR f.item_id < %s)
                ORDER BY f.item_id {order} OFFSET %s LIMIT 1) there
        """  # noqa: S608 (names only)
        with connection.cursor() as cursor:
            cursor.execute(sql, [list(self.categories), above, below, below, size])
            end: int | None = cursor.fetchone()[0]
        return end

    def first(
        self, items: QuerySet[ReviewItem], stretch: Stretch, upwards: bool, most: int
    ) -> list[int]:
        there = items.filter(self.found.of_all(stretch)).values_list("pk", flat=True)
        return in_order_of_id(there, upwards, most)


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

    def of(self, stretch: Stretch = Stretch()) -> QuerySet[ReviewItem]:
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
        others = [one for one in self.having if one is not getattr(self.line, "found", None)]
        items = ReviewItem.objects.filter(self.beside).filter(self._each(others))
        return self.line.first(items, stretch, upwards, most)

    def among(self, few: list[int], upwards: bool, most: int) -> list[int]:
        """Of these."""
        if self.nothing:
            return []
        items = ReviewItem.objects.filter(
            self.plain, one_of(ReviewItem, "id", few), project=self.project
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
    return wanted(access, asked, list(gold.masked(access.user))).of()


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
