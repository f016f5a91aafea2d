"""Who was shown which side of an item is which: kept, so that what they say of it later is known
not to be blind. These rows are their own record, so there is no audit event for each look."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from evals.models import Run
from reviewapp.models import Exposure, Slot, User

# The rows are locked against somebody who is just undoing the review that resolved one: either that
# is done, and the item is not among them, or it comes too late. In one order, so that two who lock
# many never wait for each other. A gold item that the person is at stays hidden from them.
_SHOW = """
INSERT INTO reviewapp_exposure (item_id, user_id, at)
SELECT i.id, %(user)s, now() FROM (
    SELECT id FROM reviewapp_reviewitem WHERE {which} AND state = 'resolved'
    ORDER BY id FOR SHARE
) i WHERE NOT EXISTS (
    SELECT FROM reviewapp_slot s JOIN reviewapp_rater r ON r.id = s.rater_id
    WHERE s.item_id = i.id AND s.gold AND s.state = 'claimed' AND r.user_id = %(user)s)
ON CONFLICT DO NOTHING
"""


def show(*, items: Iterable[int], to: User) -> set[int]:
    """Keeps that the person is shown the sides of these items (their ids). Call it before; what it
    gives is of which ones they may be: those that are resolved, at this moment."""
    asked = list(items)
    values: dict[str, Any] = {"user": to.pk, "asked": asked}
    with connection.cursor() as cursor:
        cursor.execute(_SHOW.format(which="id = ANY(%(asked)s)"), values)
    shown = Exposure.objects.filter(item__in=asked, user=to, item__state="resolved")
    held = masked(to)
    return set(shown.exclude(item__in=held).values_list("item", flat=True))


def knows(*, items: Iterable[int], who: User) -> None:
    """Keeps that the person knew the sides of these items anyway, whatever state they are in."""
    Exposure.objects.bulk_create(
        [Exposure(item_id=item, user=who) for item in items], ignore_conflicts=True
    )


def show_runs(*, runs: Iterable[Run], to: User) -> None:
    """The same for all resolved items of these runs, in one statement."""
    values: dict[str, Any] = {"user": to.pk, "asked": [run.pk for run in runs]}
    with connection.cursor() as cursor:
        cursor.execute(_SHOW.format(which="run_id = ANY(%(asked)s)"), values)


def masked(user: User) -> QuerySet[Slot, int]:
    """Ids of the gold items that the person is at: to them these look like any other that waits."""
    held = Slot.objects.filter(gold=True, state=Slot.State.CLAIMED, rater__user=user)
    return held.values_list("item", flat=True)
