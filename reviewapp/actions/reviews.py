"""Claiming, judging, skipping: everything a reviewer does with an item.

A claim is one statement; a submission counts only while the slot is still the reviewer's, and the
same submission sent again is the same review. What is answered with success is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from evals import sampling
from evals.models import Project, Run
from reviewapp.actions import audit, items, reports
from reviewapp.actions.audit import By
from reviewapp.judgement import Judgement
from reviewapp.models import Draft, Finding, Rater, Review, ReviewItem, Slot

#: After this many people have skipped an item it waits for a lead.
SKIPS = 2


class SlotLost(Exception):
    """The item is not (or no longer) the reviewer's; what was typed is kept as their draft."""


@dataclass(frozen=True)
class Claim:
    item_id: int
    lease_until: Any


_GIVEN_BACK = {"state": "open", "rater": None, "lease_until": None, "claimed_at": None}
_RENEW = """
UPDATE reviewapp_slot SET lease_until = now() + %(lease)s
WHERE rater_id = %(rater)s AND state = 'claimed'
RETURNING item_id, lease_until
"""
_CLAIM = """
UPDATE reviewapp_slot
SET state = 'claimed', rater_id = %(rater)s, claimed_at = now(), lease_until = now() + %(lease)s
WHERE id = (
    SELECT s.id FROM reviewapp_slot s
    WHERE s.project_id = %(project)s
      AND s.state IN ('open', 'claimed') AND (s.state = 'open' OR s.lease_until < now())
      AND NOT EXISTS (SELECT FROM reviewapp_slot o
                      WHERE o.item_id = s.item_id AND o.rater_id = %(rater)s)
    ORDER BY s.rank, s.id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING item_id, lease_until
"""


def claim(*, project: Project, rater: Rater) -> Claim | None:
    """The item that the reviewer holds, with its lease renewed, or the next one in line.

    None where nothing is left for them. One statement takes the slot; two reviewers never get
    the same one, and a slot whose lease has run out counts as open.
    """
    plan = sampling.SamplingPlan.parse(project.sampling)
    values: dict[str, Any] = {
        "project": project.pk,
        "rater": rater.pk,
        "lease": timedelta(minutes=plan.lease_minutes),
    }
    for _ in range(3):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(_RENEW, values)
                row = cursor.fetchone()
                if row is None:
                    cursor.execute(_CLAIM, values)
                    row = cursor.fetchone()
        except IntegrityError:
            continue  # another tab of the same person claimed in between: renew that one
        return Claim(*row) if row else None
    return None


def claim_item(*, item: ReviewItem, rater: Rater) -> Claim | None:
    """Claims this very item again (a lease that ran out), or None where no place is open."""
    plan = sampling.SamplingPlan.parse(item.project.sampling)
    now = timezone.now()
    lease = now + timedelta(minutes=plan.lease_minutes)
    try:
        with transaction.atomic():
            _locked(item)
            slot = item.slots.select_for_update().filter(rater=rater).first()
            if slot and slot.state != Slot.State.CLAIMED:
                return None
            slot = slot or _free(item, now)
            if slot is None:
                return None
            others = Slot.objects.filter(rater=rater, state=Slot.State.CLAIMED)
            others.exclude(pk=slot.pk).update(**_GIVEN_BACK)
            if slot.rater_id != rater.pk:
                slot.claimed_at = now
            slot.state, slot.rater, slot.lease_until = Slot.State.CLAIMED, rater, lease
            slot.save()
            return Claim(item.pk, lease)
    except IntegrityError:
        return None  # another tab of the same person claimed in between


def _free(item: ReviewItem, now: datetime) -> Slot | None:
    """A place that nobody holds, locked; not one that a claim is taking at this moment."""
    ran_out = Q(state=Slot.State.CLAIMED, lease_until__lt=now)
    places = item.slots.select_for_update(skip_locked=True)
    return places.filter(Q(state=Slot.State.OPEN) | ran_out).order_by("number").first()


def release(*, rater: Rater) -> None:
    """Gives back what the reviewer holds."""
    Slot.objects.filter(rater=rater, state=Slot.State.CLAIMED).update(**_GIVEN_BACK)


@transaction.atomic
def skip(*, item: ReviewItem, rater: Rater, reason: str, by: By) -> None:
    """Leaves an item to somebody else; after two have skipped it, to a lead."""
    item = _locked(item)
    slot = _held(item, rater)
    slot.state, slot.lease_until, slot.closed_at = Slot.State.SKIPPED, None, timezone.now()
    slot.skip_reason = reason[:300]
    slot.save()
    if item.slots.filter(state=Slot.State.SKIPPED).count() < SKIPS:
        items.open_slot(item)
    Draft.objects.filter(item=item, rater=rater).delete()
    items.resolve(item=item)
    audit.record(
        project=item.project, by=by, verb="skipped", subject=item, data={"reason": reason[:300]}
    )


@transaction.atomic
def submit(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """Stores a judgement as the reviewer's review of an item they hold.

    Raises SlotLost where the slot is no longer theirs. The same `submission` again gives the
    review that it made.
    """
    item = _locked(item)
    if done := _same_submission(item, rater, submission):
        return done
    slot = _held(item, rater)
    review = _store(item, rater, judgement, submission)
    slot.state, slot.lease_until, slot.closed_at = Slot.State.SUBMITTED, None, timezone.now()
    slot.save()
    items.resolve(item=item)
    audit.record(project=item.project, by=by, verb="reviewed", subject=item)
    reports.refresh_soon(item.run_id)
    return review


@transaction.atomic
def revise(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """A new revision of the reviewer's own review; the old one is kept. Not blind once the
    item's sides were visible."""
    item = _locked(item)
    if done := _same_submission(item, rater, submission):
        return done
    old = Review.objects.filter(item=item, rater=rater, live=True).first()
    if old is None:
        raise SlotLost("There is no review of yours to revise on this item.")
    old.live = False
    old.save(update_fields=["live"])
    review = _store(
        item,
        rater,
        judgement,
        submission,
        revision=old.revision + 1,
        authoritative=old.authoritative,
    )
    items.resolve(item=item)
    audit.record(
        project=item.project,
        by=by,
        verb="revised",
        subject=item,
        data={"revision": review.revision, "blind": review.blind},
    )
    reports.refresh_soon(item.run_id)
    return review


@transaction.atomic
def adjudicate(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """The authoritative review of a disputed item, by somebody who is not one of its raters."""
    item = _locked(item)
    if done := _same_submission(item, rater, submission):
        return done
    if item.state != ReviewItem.State.DISPUTED:
        raise SlotLost(f"This item is {item.state}: there is nothing to adjudicate.")
    if item.reviews.filter(rater=rater).exists():
        raise SlotLost("You reviewed this item: somebody else has to adjudicate it.")
    review = _store(item, rater, judgement, submission, authoritative=True)
    items.resolve(item=item)
    audit.record(project=item.project, by=by, verb="adjudicated", subject=item)
    reports.refresh_soon(item.run_id)
    return review


def save_draft(*, item: ReviewItem, rater: Rater, body: object) -> None:
    """Keeps what was typed so far; it comes back after a reload, on any machine."""
    Draft.objects.update_or_create(item=item, rater=rater, defaults={"body": body})


def _locked(item: ReviewItem) -> ReviewItem:
    """The item as it is now, locked until the end of the transaction: who judges, skips or
    adjudicates it does so one after the other."""
    locked = ReviewItem.objects.select_for_update(of=("self",), no_key=True)
    return locked.select_related("project", "run").get(pk=item.pk)


def _held(item: ReviewItem, rater: Rater) -> Slot:
    """The reviewer's place, locked: a claim of somebody else cannot take it from now on."""
    slot = item.slots.select_for_update().filter(rater=rater).first()
    if slot and slot.state == Slot.State.CLAIMED:
        return slot
    if slot:
        raise SlotLost(f"You have {slot.state} this item already.")
    if item.run.state == Run.State.CANCELLED:
        raise SlotLost("The run was cancelled: its items are not reviewed any more.")
    raise SlotLost("Your lease on this item ran out and somebody else has taken it.")


def _same_submission(item: ReviewItem, rater: Rater, submission: UUID) -> Review | None:
    """What this submission made before. The caller holds the item's lock, so the same one sent
    twice at once is found here by the later."""
    found = Review.objects.filter(submission=submission).first()
    if found and (found.item_id, found.rater_id) != (item.pk, rater.pk):
        raise SlotLost("This submission was used for another judgement: make a new one.")
    return found


def _unseen(item: ReviewItem) -> bool:
    """Whether nobody can have seen which side is which: the sides show once an item is resolved,
    and only a review made after that, which is not blind, opens a resolved item again."""
    seen = item.state == ReviewItem.State.RESOLVED or item.reviews.filter(blind=False).exists()
    return not seen


def _store(
    item: ReviewItem,
    rater: Rater,
    judgement: Judgement,
    submission: UUID,
    *,
    revision: int = 1,
    authoritative: bool = False,
) -> Review:
    review = Review.objects.create(
        item=item,
        rater=rater,
        revision=revision,
        blind=_unseen(item),
        authoritative=authoritative,
        baseline=judgement.baseline,
        candidate=judgement.candidate,
        corrected_output=judgement.corrected_output,
        note=judgement.note,
        duration_s=judgement.duration_s,
        submission=submission,
    )
    Finding.objects.bulk_create(
        [
            Finding(
                review=review,
                side=finding.side,
                category=finding.category,
                severity=finding.severity,
                where=finding.where,
                path=finding.path,
                span_start=finding.span[0] if finding.span else None,
                span_end=finding.span[1] if finding.span else None,
                note=finding.note,
            )
            for finding in judgement.findings
        ]
    )
    Draft.objects.filter(item=item, rater=rater).delete()
    return review
