"""Who is at which item: claiming, fetching ahead, giving back.

A reviewer holds the item they are at and at most one fetched ahead; the database has no room for
more. Each is taken by one statement, and a lease that ran out counts as open.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from evals import sampling
from evals.models import Project
from reviewapp.actions import places
from reviewapp.models import Rater, ReviewItem, Slot
from reviewapp.prepared import Statement

#: How long an item stays ahead that nobody looks at yet; the page asks again each minute.
AHEAD = timedelta(minutes=2)


@dataclass(frozen=True)
class Claim:
    item_id: int
    lease_until: datetime
    ahead: bool = False


_GIVEN_BACK: dict[str, Any] = {
    "state": "open",
    "rater": None,
    "lease_until": None,
    "claimed_at": None,
    "ahead": False,
}
_RENEW = Statement("""
UPDATE reviewapp_slot SET lease_until = now() + %(lease)s
WHERE rater_id = %(rater)s AND state = 'claimed' AND ahead = %(ahead)s
RETURNING item_id, lease_until
""")
_MAY = """
      s.state IN ('open', 'claimed') AND (s.state = 'open' OR s.lease_until < now())
      AND (SELECT 1 FROM reviewapp_slot o
           WHERE o.item_id = s.item_id AND o.rater_id = %(rater)s LIMIT 1) IS NULL
"""
# Whoever has reviewed an item finds it in the line only where it is that review that is to be said
# again. With LIMIT, and not as NOT EXISTS, so that PostgreSQL looks up the one item instead of
# reading all that the reviewer ever did.
_IN_LINE = f"""
    s.project_id = %(project)s AND s.reserved_for_id IS NULL AND NOT s.gold AND {_MAY}
      AND (SELECT 1 FROM reviewapp_review v
           WHERE v.item_id = s.item_id AND v.rater_id = %(rater)s AND v.live
             AND v.id IS DISTINCT FROM s.relabels_id LIMIT 1) IS NULL
"""  # noqa: S608 (put together of constants)
# What is kept for the rater to relabel comes first; then the line.
_CLAIM = Statement(f"""
UPDATE reviewapp_slot
SET state = 'claimed', rater_id = %(rater)s, claimed_at = now(), ahead = %(ahead)s,
    lease_until = now() + %(lease)s
WHERE id = coalesce((
    SELECT s.id FROM reviewapp_slot s
    WHERE s.reserved_for_id = %(rater)s AND {_MAY}
    ORDER BY s.rank, s.id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
), (
    SELECT s.id FROM reviewapp_slot s
    WHERE {_IN_LINE}
    ORDER BY s.rank, s.id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
))
RETURNING item_id, lease_until
""")  # noqa: S608 (put together of constants)
# A gold item that the reviewer has neither judged nor been shown. Never at the end of the line,
# where nobody would take it for one of the others.
_CLAIM_GOLD = Statement(f"""
INSERT INTO reviewapp_slot (item_id, number, project_id, rank, state, rater_id, ahead, claimed_at,
    lease_until, skip_kind, skip_reason, gold)
SELECT i.id, 0, i.project_id, i.rank, 'claimed', %(rater)s, %(ahead)s, now(), now() + %(lease)s,
    '', '', true
FROM reviewapp_golditem g JOIN reviewapp_reviewitem i ON i.id = g.item_id
JOIN reviewapp_rater me ON me.id = %(rater)s
JOIN reviewapp_membership m ON m.project_id = i.project_id AND m.user_id = me.user_id
WHERE g.retired_at IS NULL AND i.project_id = %(project)s AND i.state = 'resolved'
  AND m.role = 'reviewer'
  AND NOT EXISTS (SELECT FROM reviewapp_slot o WHERE o.item_id = i.id AND o.rater_id = me.id)
  AND NOT EXISTS (SELECT FROM reviewapp_review v WHERE v.item_id = i.id AND v.rater_id = me.id)
  AND NOT EXISTS (SELECT FROM reviewapp_exposure x
                  WHERE x.item_id = i.id AND x.user_id = me.user_id)
  AND EXISTS (SELECT FROM reviewapp_slot s WHERE {_IN_LINE})
ORDER BY random()
LIMIT 1
RETURNING item_id, lease_until
""")  # noqa: S608 (put together of constants)
_HOLDS = Statement("""
SELECT item_id, lease_until FROM reviewapp_slot
WHERE rater_id = %(rater)s AND state = 'claimed' AND NOT ahead
""")
# Not one that somebody is taking at this moment, since its lease ran out.
_PROMOTE = Statement("""
UPDATE reviewapp_slot SET ahead = false, claimed_at = now(), lease_until = now() + %(lease)s
WHERE id = (SELECT id FROM reviewapp_slot
            WHERE rater_id = %(rater)s AND state = 'claimed' AND ahead FOR UPDATE SKIP LOCKED)
RETURNING item_id, lease_until
""")


def claim(*, project: Project, rater: Rater, ahead: bool = False) -> Claim | None:
    """The item that the reviewer holds, with its lease renewed; else the one that was ahead; else
    the next one in line. `ahead`: the one to show after it, on a short lease.

    None where nothing is left for them. One statement takes the slot; two reviewers never get
    the same one, and a slot whose lease has run out counts as open. A share of them are gold items,
    where the sampling plan says so.
    """
    plan = sampling.SamplingPlan.parse(project.sampling)
    values: dict[str, Any] = {
        "project": project.pk,
        "rater": rater.pk,
        "ahead": ahead,
        "lease": AHEAD if ahead else timedelta(minutes=plan.lease_minutes),
    }
    steps = [_RENEW, *([] if ahead else [_PROMOTE])]
    if plan.gold_share and random.random() < plan.gold_share:  # noqa: S311 (no secret)
        steps.append(_CLAIM_GOLD)
    for _ in range(3):
        try:
            for step in [*steps, _CLAIM]:
                if row := step.first(values):
                    return Claim(row[0], row[1], ahead)
            return None
        except IntegrityError:
            continue  # another tab of the same person claimed in between: renew that one
    return None


def renew(*, item: ReviewItem, rater: Rater) -> Claim | None:
    """Keeps an item for its reviewer while their page is open; None where they hold it no more."""
    slot = item.slots.filter(rater=rater, state=Slot.State.CLAIMED).first()
    if slot is None:
        return None
    until = timezone.now() + (AHEAD if slot.ahead else lease_of(item.project))
    same = Slot.objects.filter(pk=slot.pk, rater=rater, state=Slot.State.CLAIMED, ahead=slot.ahead)
    return Claim(item.pk, until, slot.ahead) if same.update(lease_until=until) else None


def holds(*, rater: Rater) -> Claim | None:
    """The item that the reviewer is at, without renewing anything."""
    row = _HOLDS.first({"rater": rater.pk})
    return Claim(*row) if row else None


def is_free(*, item: ReviewItem, rater: Rater) -> bool:
    """Whether the reviewer could claim this very item now."""
    now = timezone.now()
    places = item.slots.open_to(rater).filter(_free_now(now) | Q(rater=rater))
    return places.exists()


def promote(*, project: Project, rater: Rater) -> Claim | None:
    """The item that was ahead is the one that its reviewer is at, from now on. The caller is in a
    transaction in which the one before it was closed or given back."""
    row = _PROMOTE.first({"rater": rater.pk, "lease": lease_of(project)})
    return Claim(*row) if row else None


def claim_item(*, item: ReviewItem, rater: Rater) -> Claim | None:
    """Claims this very item again (a lease that ran out), or None where no place is open. What was
    held is given back."""
    now = timezone.now()
    lease = now + lease_of(item.project)
    try:
        with transaction.atomic():
            places.locked(item)
            slot = item.slots.select_for_update().filter(rater=rater).first()
            if slot and slot.state != Slot.State.CLAIMED:
                return None
            slot = slot or _free(item, rater, now)
            if slot is None:
                return None
            others = Slot.objects.filter(rater=rater, state=Slot.State.CLAIMED, ahead=False)
            give_back(others.exclude(pk=slot.pk))
            if slot.rater_id != rater.pk:
                slot.claimed_at = now
            slot.state, slot.rater, slot.lease_until = Slot.State.CLAIMED, rater, lease
            slot.ahead = False
            slot.save()
            return Claim(item.pk, lease)
    except IntegrityError:
        return None  # another tab of the same person claimed in between


def _free(item: ReviewItem, rater: Rater, now: datetime) -> Slot | None:
    """A place that nobody holds, locked; not one that a claim is taking at this moment."""
    free = item.slots.open_to(rater).select_for_update(skip_locked=True, of=("self",))
    return free.filter(_free_now(now)).order_by("number").first()


def _free_now(now: datetime) -> Q:
    return Q(state=Slot.State.OPEN) | Q(state=Slot.State.CLAIMED, lease_until__lt=now)


@transaction.atomic
def release(*, rater: Rater) -> None:
    """Gives back what the reviewer holds, also what is ahead."""
    give_back(Slot.objects.filter(rater=rater, state=Slot.State.CLAIMED))


@transaction.atomic
def release_ahead(*, rater: Rater, item_id: int | None = None) -> None:
    """Gives back what was fetched ahead (where it is still that item), and never what the reviewer
    is at: a page that is being left may say so after its item was shown."""
    ahead = Slot.objects.filter(rater=rater, state=Slot.State.CLAIMED, ahead=True)
    give_back(ahead.filter(item_id=item_id) if item_id else ahead)


def give_back(slots: QuerySet[Slot]) -> int:
    """Opens these places, which are claimed, to others; those of gold items go, being their
    rater's alone. Gives how many. The caller is in a transaction."""
    gone, _ = slots.filter(gold=True, state=Slot.State.CLAIMED).delete()
    return gone + slots.filter(gold=False, state=Slot.State.CLAIMED).update(**_GIVEN_BACK)


def lease_of(project: Project) -> timedelta:
    """How long an item is kept for whoever is at it."""
    return timedelta(minutes=sampling.SamplingPlan.parse(project.sampling).lease_minutes)
