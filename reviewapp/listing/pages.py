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
from redis.exceptions import RedisError

from reviewapp.access import Access
from reviewapp.listing.asked import Asked
from reviewapp.listing.filters import Wanted, wanted
from reviewapp.listing.having import Stretch
from reviewapp.listing.rows import Row, shown

ROWS = 50
#: Items that are looked at first, and that are looked at next at most.
NEAR, FAR = 600, 6_000
#: Items that are looked at to say how many there are: where more than a page is among them, that
#: many "and more", else all are counted. Never beyond MOST. Kept for HOLDS seconds.
COUNTED, MOST, HOLDS = 3_000, 1_000, 20
#: Up to so many items are looked at one by one, whatever is known of these; and so many first.
FEW, SOME = 2_000, 200


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
        return asked.along(_beyond(at, upwards), upwards, most)
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
        end = asked.line.end(_beyond(at, upwards), upwards, size)
        near = Stretch(at, end) if upwards else Stretch(end, at)
        new = asked.along(near, upwards, most - len(found))
        found += new
        if end is None:
            return found, None
        at = end - 1 if upwards else end + 1  # the one at the end was not among them
        seen, before, size = seen + size, size, min(4 * (seen + size), FAR)
        if len(found) >= enough or len(found) + len(new) * size / before < enough:
            return found, _beyond(at, upwards)


def _beyond(at: int | None, upwards: bool) -> Stretch:
    return Stretch(above=at) if upwards else Stretch(below=at)


def _whole(
    asked: Wanted, stretch: Stretch, upwards: bool, most: int, enough: int
) -> tuple[list[int], bool]:
    """All at once, and whether these are all or at least `most`; where there are `enough` of them,
    perhaps not.

    What is everywhere costs what all items cost, whatever PostgreSQL thinks of it, and to look
    everything up in all that one thing finds costs more. So it is asked of each thing by itself
    whether it is rare: then the rest is looked up in those few. Where all are many, in the nearest
    of one of them.
    """
    things = (*asked.having, *([asked.said] if asked.said else []))
    for one in things:
        few = one.some(stretch, FEW + 1)
        if len(few) <= FEW:
            return asked.among(few, upwards, most), True
    beside = asked.whatever_said
    first = asked.having[0] if asked.having else beside
    near = first.nearest(stretch, upwards, FEW)
    found = asked.among(near[:SOME], upwards, most)
    if len(found) < enough <= len(found) * len(near) / SOME:  # so many, at the rate of the first
        found = asked.among(near, upwards, most)
    if len(found) >= enough:
        return found, False
    if asked.said and asked.having:
        few = beside.nearest(stretch, upwards, FEW + 1)
        if len(few) <= FEW:
            return sorted(asked.said.of_these(few), reverse=not upwards)[:most], True
    return asked.nearest(stretch, upwards, most), True


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
        count = len(them.along(Stretch(), True, MOST + 1))
        return Count(min(count, MOST), count > MOST)
    found, rest = _nearest(them, None, True, COUNTED, MOST + 1, ROWS + 1)
    if rest and len(found) > ROWS:
        return Count(min(len(found), MOST), True)
    all_of_them = True
    if rest and asked.q and not asked.for_good:
        lasting = how_many(access, asked.lasting)
        if lasting.ids is not None:
            ids = them.whatever_said.among(lasting.ids, True, MOST)
            return Count(len(ids), False, ids)
    if rest:
        further, all_of_them = _whole(them, rest, True, MOST + 1, ROWS + 1)
        found += further
    if len(found) > MOST or not all_of_them:
        return Count(min(len(found), MOST), True)
    return Count(len(found), False, found)
