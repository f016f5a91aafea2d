"""One thing that is asked for of items, by rows that stand for it: found by their own index, or
looked up for one item after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import BooleanField, OuterRef, Q, QuerySet, Subquery, Value

from reviewapp.among import among


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
        rows = self.rows.filter(among(self.rows.model, "item_id", few)).order_by()
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
