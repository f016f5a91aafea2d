"""One page of a list, from any place in it: by the id of the item before or after it, never by
counting those that come first.

Where many items are what is asked for, a page is found in the next few hundred; where few are, the
indexes find all of them at once. Which it is nobody can know before, so the near ones are looked
at first: that costs little, and the rest is only asked for where they were not enough.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q, QuerySet
from redis.exceptions import RedisError

from reviewapp.access import Access
from reviewapp.listing.asked import Asked
from reviewapp.listing.filters import Stretch, chosen
from reviewapp.models import ReviewItem

ROWS = 50
#: Items that are looked at first.
NEAR = 600
#: Beyond so many a list says "more than" instead of counting; and seconds for which it is kept.
COUNTED, COUNT_HOLDS = 1_000, 20

# Found as a whole and then put in order: an order that the database may use to find them makes it
# walk over everything else.
_ALL = "WITH found (id) AS MATERIALIZED ({}) SELECT id FROM found ORDER BY id {} LIMIT {}"
_HOW_MANY = "WITH found (id) AS MATERIALIZED ({}) SELECT count(*) FROM found"


@dataclass(frozen=True)
class Page:
    """`items` in the list's order. `after` and `before`: what stands in the address of the next
    page and of the one before, None where there is none."""

    items: list[ReviewItem] = field(default_factory=list)
    after: int | None = None
    before: int | None = None


def page(
    access: Access,
    asked: Asked,
    *,
    after: int = 0,
    before: int = 0,
    masked: Collection[int] = (),
    rows: int = ROWS,
) -> Page:
    """At most four queries, whichever page it is: where the near ones end, which of them are asked
    for, which of all, and what is shown of them. `masked`: see reviewapp/desk/gold.py."""
    backwards = bool(before)
    upwards = (asked.order == "newest") == backwards
    at = (after or before) or None
    found = _ids(access, asked, masked, at, upwards, rows + 1)
    further, found = len(found) > rows, found[:rows]
    if backwards:
        found.reverse()
    if not found:
        return Page()
    return Page(
        items=shown(found, masked),
        after=found[-1] if further or backwards else None,
        before=found[0] if after or (backwards and further) else None,
    )


def _ids(
    access: Access,
    asked: Asked,
    masked: Collection[int],
    at: int | None,
    upwards: bool,
    most: int,
) -> list[int]:
    """Ids of the items beyond `at`, the nearest first."""
    order = "pk" if upwards else "-pk"
    beyond = Stretch(above=at) if upwards else Stretch(below=at)
    if asked.in_order:
        items = chosen(access, asked, masked=masked, stretch=beyond)
        return list(items.order_by(order).values_list("pk", flat=True)[:most])
    line = ReviewItem.objects.filter(beyond.of("pk"), project=access.project).order_by(order)
    end = next(iter(line.values_list("pk", flat=True)[NEAR : NEAR + 1]), None)
    near = Stretch(at, end) if upwards else Stretch(end, at)
    ids = chosen(access, asked, masked=masked, stretch=near).order_by(order)
    found = list(ids.values_list("pk", flat=True)[:most])
    if len(found) == most or end is None:
        return found
    # All at once, those that were near among them.
    rest = chosen(access, asked, masked=masked, stretch=beyond)
    return [pk for (pk,) in _run(_ALL, rest, "ASC" if upwards else "DESC", str(most))]


def _run(sql: str, items: QuerySet[ReviewItem], *more: str) -> list[tuple[int, ...]]:
    query = items.order_by().values("pk").query
    if query.is_empty():
        return []
    inner, values = query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(sql.format(inner, *more), values)
        return list(cursor.fetchall())


def shown(ids: list[int], masked: Collection[int] = ()) -> list[ReviewItem]:
    """These items in this order, with all that a row of the list shows; `judged`: the reviews that
    count. Those that are masked look as if they waited."""
    rows = (
        ReviewItem.objects.filter(pk__in=ids)
        .select_related("run", "comparison__request")
        .only(
            *("state", "stratum", "position", "inclusion", "batch", "drawn_at", "resolved_at"),
            *("run__name", "comparison__request__key", "comparison__request__segment"),
        )
        .annotate(judged=Count("reviews", filter=Q(reviews__live=True)))
    )
    by_id = {one.pk: one for one in rows}
    for pk in set(masked) & by_id.keys():
        by_id[pk].state, by_id[pk].resolved_at = ReviewItem.State.PENDING, None
        by_id[pk].judged = 0
    return [by_id[pk] for pk in ids if pk in by_id]


def how_many(access: Access, asked: Asked, masked: Collection[int] = ()) -> tuple[int, bool]:
    """How many items are asked for, at most COUNTED, and whether there are more. Kept for some
    seconds, so that going through pages does not count again."""
    who = access.user.pk if masked else 0
    digest = hashlib.sha256(asked.query().encode()).hexdigest()
    key = f"listed-{access.project.pk}-{who}-{digest}"
    with contextlib.suppress(RedisError):
        if kept := cache.get(key):
            return kept[0], kept[1]
    count = _count(access, asked, masked)
    told = (min(count, COUNTED), count > COUNTED)
    with contextlib.suppress(RedisError):
        cache.set(key, told, COUNT_HOLDS)
    return told


def _count(access: Access, asked: Asked, masked: Collection[int]) -> int:
    """Up to where it stops mattering: first among the first few thousand items, then among all."""
    if asked.in_order:
        items = chosen(access, asked, masked=masked)
        return items.order_by().values("pk")[: COUNTED + 1].count()
    line = ReviewItem.objects.filter(project=access.project).order_by("pk")
    end = next(iter(line.values_list("pk", flat=True)[3 * COUNTED : 3 * COUNTED + 1]), None)
    first = chosen(access, asked, masked=masked, stretch=Stretch(below=end))
    count = first.order_by().values("pk")[: COUNTED + 1].count()
    if count > COUNTED or end is None:
        return count
    found = _run(_HOW_MANY, chosen(access, asked, masked=masked))
    return found[0][0] if found else 0
