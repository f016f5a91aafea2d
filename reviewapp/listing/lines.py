"""Indexes along which a list can be walked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from reviewapp.listing.having import Having, Stretch, in_order_of_id
from reviewapp.models import Finding, ReviewItem


@dataclass(frozen=True)
class Line:
    """The items that have these values, in an order that an index has: by id.

    Said as a range from the values to the same values, of which PostgreSQL does not see that they
    are constant, so that only that index has the order. Else it may walk by id over all that comes
    before the first of them, thinking that they lie everywhere.
    """

    columns: tuple[str, ...]
    values: tuple[Any, ...]
    found: None = None  # nothing that is asked for is looked up by walking along it

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
