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
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from redis.exceptions import RedisError

from reviewapp.access import Access
from reviewapp.listing.asked import Asked
from reviewapp.listing.filters import Stretch, Wanted, wanted
from reviewapp.listing.rows import Row, shown
from reviewapp.models import ReviewItem

ROWS = 50
#: Items that are looked at first, and that are looked at next at most.
NEAR, FAR = 600, 6_000
#: Items that are looked at to say how many there are: where more than a page is among them, that
#: many "and more", else all are counted. Never beyond MOST. Kept for HOLDS seconds.
COUNTED, MOST, HOLDS = 3_000, 1_000, 20
#: Up to so many items are looked at one by one for words, whatever is known of these.
FEW = 2_000

# Found as a whole and then put in order: an order that the database may use to find them makes it
# walk over everything else.
_ALL = "WITH found (id) AS MATERIALIZED ({}) SELECT id FROM found ORDER BY id {} LIMIT {}"


@dataclass(frozen=True)
class Page:
    """`items` in the list's order. `after` and `before`: what stands in the address of the next
    page and of the one before, None where there is none."""

    items: list[Row] = field(default_factory=list)
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
    known: list[int] | None = None,
) -> Page:
    """A few queries, however long the list is: where the near ones end and which of them are asked
    for, which of all, and what is shown of them. `masked`: see reviewapp/desk/gold.py; `known`:
    ids of all that are asked for, where they are known."""
    backwards = bool(before)
    upwards = (asked.order == "newest") == backwards
    at = (after or before) or None
    if known is None:
        found = _ids(wanted(access, asked, masked), asked.in_order, at, upwards, rows + 1)
    else:
        beyond = [pk for pk in known if at is None or (pk > at if upwards else pk < at)]
        found = sorted(beyond, reverse=not upwards)[: rows + 1]
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


def _ids(asked: Wanted, in_order: bool, at: int | None, upwards: bool, most: int) -> list[int]:
    """Ids of the items beyond `at`, the nearest first."""
    if in_order:
        return _walked(asked, _beyond(at, upwards), upwards, most)
    found, rest = _nearest(asked, at, upwards, NEAR, most, most)
    if rest is None or len(found) == most:
        return found
    wanting = most - len(found)
    return found + _whole(asked, rest, upwards, wanting, wanting)[0]


def _nearest(
    asked: Wanted, at: int | None, upwards: bool, first: int, most: int, enough: int
) -> tuple[list[int], Stretch | None]:
    """Items beyond `at`, at most so many, looked for among the `first` ones, and then among more
    as long as, at the rate of the last ones, there will be `enough` of them; and where to look on,
    None where the list ends."""
    found: list[int] = []
    seen, size = 0, first
    while True:
        end = _end(asked, at, upwards, size)
        near = Stretch(at, end) if upwards else Stretch(end, at)
        new = _walked(asked, near, upwards, most - len(found))
        found += new
        if end is None:
            return found, None
        at = end - 1 if upwards else end + 1  # the one at the end was not among them
        seen, before, size = seen + size, size, min(4 * (seen + size), FAR)
        if len(found) >= enough or len(found) + len(new) * size / before < enough:
            return found, _beyond(at, upwards)


def _beyond(at: int | None, upwards: bool) -> Stretch:
    return Stretch(above=at) if upwards else Stretch(below=at)


def _end(asked: Wanted, at: int | None, upwards: bool, size: int) -> int | None:
    """Id of the item that many places beyond `at`, in the line along which is looked."""
    line = asked.in_line(_beyond(at, upwards), upwards).values_list("pk", flat=True)
    return next(iter(line[size : size + 1]), None)


def _walked(asked: Wanted, stretch: Stretch, upwards: bool, most: int) -> list[int]:
    return list(asked.along(stretch, upwards).values_list("pk", flat=True)[:most])


def _whole(
    asked: Wanted, stretch: Stretch, upwards: bool, most: int, enough: int
) -> tuple[list[int], bool]:
    """All at once, and whether these are all or at least `most`; where there are `enough` of them,
    perhaps not.

    A word that is everywhere costs what all items cost, whatever PostgreSQL thinks of it: so words
    are looked up in the few items that are asked for beside them, or the rest in the few that have
    the words; where both are many, in the nearest.
    """
    order = "ASC" if upwards else "DESC"
    if asked.said is None:
        return _found(asked.of(stretch), order, most), True
    beside, words = asked.whatever_said, asked.said.rows
    if asked.having:
        few = beside.of(stretch).order_by().values_list("pk", flat=True)[: FEW + 1]
        if len(few) <= FEW:
            found = words.filter(item__in=list(few)).values_list("item", flat=True)
            return sorted(found, reverse=not upwards)[:most], True
    said = words.filter(stretch.of("item")).values_list("item", flat=True)[: FEW + 1]
    if len(said) <= FEW:
        return _among(list(said), beside, upwards, most), True
    if asked.having or asked.plain:
        near = _found(beside.of(stretch), order, FEW)
        rows = words.filter(item__in=near).values_list("item", flat=True)
        if len(rows) >= enough:
            return sorted(rows, reverse=not upwards)[:most], False
    return _found(asked.of(stretch), order, most), True


def _among(few: list[int], asked: Wanted, upwards: bool, most: int) -> list[int]:
    items = asked.among(few).order_by("pk" if upwards else "-pk")
    return list(items.values_list("pk", flat=True)[:most])


def _found(items: QuerySet[ReviewItem], order: str, most: int) -> list[int]:
    query = items.order_by().values("pk").query
    try:
        inner, values = query.sql_with_params()
    except EmptyResultSet:  # Django sees that nothing can be found
        return []
    with connection.cursor() as cursor:
        cursor.execute(_ALL.format(inner, order, most), values)
        return [pk for (pk,) in cursor.fetchall()]


@dataclass(frozen=True)
class Count:
    """`number` of items, as far as they are counted; `more`: whether there may be more. `ids`: all
    of them, where they are few and either what is asked for never changes or they are of now."""

    number: int
    more: bool
    ids: list[int] | None = None


def how_many(access: Access, asked: Asked, masked: Collection[int] = ()) -> Count:
    """How many items are asked for. Kept for some seconds, so that going through pages does not
    count again, or search again for words that are rare."""
    theirs = masked or asked.mark == "gold"  # what others may not see is not counted for them
    who = access.user.pk if theirs else 0
    digest = hashlib.sha256(asked.query().encode()).hexdigest()
    key = f"listed-{access.project.pk}-{who}-{digest}"
    with contextlib.suppress(RedisError):
        if kept := cache.get(key):
            return Count(*kept)
    told = _count(access, asked, masked)
    if told.ids is None or asked.for_good:
        with contextlib.suppress(RedisError):
            cache.set(key, (told.number, told.more, told.ids), HOLDS)
    return told


def _count(access: Access, asked: Asked, masked: Collection[int]) -> Count:
    them = wanted(access, asked, masked)
    if asked.in_order:
        count = len(_walked(them, Stretch(), True, MOST + 1))
        return Count(min(count, MOST), count > MOST)
    found, rest = _nearest(them, None, True, COUNTED, MOST + 1, ROWS + 1)
    if rest and len(found) > ROWS:
        return Count(min(len(found), MOST), True)
    all_of_them = True
    if rest and asked.q and not asked.for_good:
        lasting = how_many(access, asked.lasting)
        if lasting.ids is not None:
            ids = _among(lasting.ids, them.whatever_said, True, MOST)
            return Count(len(ids), False, ids)
    if rest:
        further, all_of_them = _whole(them, rest, True, MOST + 1, ROWS + 1)
        found += further
    if len(found) > MOST or not all_of_them:
        return Count(min(len(found), MOST), True)
    return Count(len(found), False, found)
