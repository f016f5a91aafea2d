"""Claiming, judging, skipping: everything a reviewer does with an item.

A claim is one statement; a submission counts only while the slot is still the reviewer's, and the
same submission sent again is the same review. What is answered with success is committed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from evals import sampling
from evals.models import Project
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
    values = {
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
    lease = timezone.now() + timedelta(minutes=plan.lease_minutes)
    with transaction.atomic():
        ReviewItem.objects.select_for_update().get(pk=item.pk)
        if item.slots.filter(rater=rater).exclude(state=Slot.State.CLAIMED).exists():
            return None
        Slot.objects.filter(rater=rater, state=Slot.State.CLAIMED).exclude(item=item).update(
            state=Slot.State.OPEN, rater=None, lease_until=None, claimed_at=None
        )
        slot = item.slots.filter(rater=rater).first()
        free = item.slots.filter(state=Slot.State.OPEN) | item.slots.filter(
            state=Slot.State.CLAIMED, lease_until__lt=timezone.now()
        )
        slot = slot or free.first()
        if slot is None:
            return None
        slot.state, slot.rater, slot.lease_until = Slot.State.CLAIMED, rater, lease
        slot.claimed_at = slot.claimed_at or timezone.now()
        slot.save()
        return Claim(item.pk, lease)


def release(*, rater: Rater) -> None:
    """Gives back what the reviewer holds."""
    Slot.objects.filter(rater=rater, state=Slot.State.CLAIMED).update(
        state=Slot.State.OPEN, rater=None, lease_until=None, claimed_at=None
    )


@transaction.atomic
def skip(*, item: ReviewItem, rater: Rater, reason: str, by: By) -> None:
    """Leaves an item to somebody else; after two have skipped it, to a lead."""
    item = ReviewItem.objects.select_for_update().get(pk=item.pk)
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


def submit(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """Stores a judgement as the reviewer's review of an item they hold.

    Raises SlotLost where the slot is no longer theirs. The same `submission` again gives the
    review that it made.
    """
    if done := _same_submission(item, rater, submission):
        return done
    try:
        with transaction.atomic():
            item = ReviewItem.objects.select_for_update().select_related("project").get(pk=item.pk)
            slot = _held(item, rater)
            review = _store(item, rater, judgement, submission)
            slot.state, slot.lease_until, slot.closed_at = (
                Slot.State.SUBMITTED,
                None,
                timezone.now(),
            )
            slot.save()
            items.resolve(item=item)
            audit.record(project=item.project, by=by, verb="reviewed", subject=item)
            reports.refresh_soon(item.run_id)
            return review
    except (IntegrityError, SlotLost):
        # The same submission twice at once: the other one is committed by now.
        if done := _same_submission(item, rater, submission):
            return done
        raise


@transaction.atomic
def revise(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """A new revision of the reviewer's own review; the old one is kept. Not blind once the
    item's sides were visible."""
    if done := _same_submission(item, rater, submission):
        return done
    item = ReviewItem.objects.select_for_update().select_related("project").get(pk=item.pk)
    old = Review.objects.select_for_update().filter(item=item, rater=rater, live=True).first()
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
        blind=old.blind and item.state != ReviewItem.State.RESOLVED,
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
    if done := _same_submission(item, rater, submission):
        return done
    item = ReviewItem.objects.select_for_update().select_related("project").get(pk=item.pk)
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


def _held(item: ReviewItem, rater: Rater) -> Slot:
    slot = item.slots.filter(rater=rater).first()
    if slot and slot.state == Slot.State.CLAIMED:
        return slot
    if slot:
        raise SlotLost(f"You have {slot.state} this item already.")
    raise SlotLost("Your lease on this item ran out and somebody else has taken it.")


def _same_submission(item: ReviewItem, rater: Rater, submission: UUID) -> Review | None:
    return Review.objects.filter(item=item, rater=rater, submission=submission).first()


def _store(
    item: ReviewItem,
    rater: Rater,
    judgement: Judgement,
    submission: UUID,
    *,
    revision: int = 1,
    blind: bool = True,
    authoritative: bool = False,
) -> Review:
    review = Review.objects.create(
        item=item,
        rater=rater,
        revision=revision,
        blind=blind,
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
