"""Judging: submitting, keeping what lost its place, skipping, revising, adjudicating.

A submission counts only while the slot is still the reviewer's, and the same submission sent again
is the same review. What is answered with success is committed.
"""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from reviewapp.actions import audit, items, places, reports
from reviewapp.actions.audit import By
from reviewapp.actions.claims import Claim, claim, claim_item, promote, release
from reviewapp.actions.places import Place, Skipped, SlotLost, Undone, same_submission
from reviewapp.actions.storing import forget_draft, relabel, store, store_at
from reviewapp.desk import carrying
from reviewapp.desk.judgement import Judgement
from reviewapp.models import Draft, Rater, Review, ReviewItem, Slot
from reviewapp.prepared import Statement

__all__ = [
    "Claim",
    "SlotLost",
    "Undone",
    "adjudicate",
    "claim",
    "claim_item",
    "keep",
    "release",
    "revise",
    "same_submission",
    "save_draft",
    "skip",
    "submit",
]

#: After this many people have skipped an item it waits for a lead.
SKIPS = 2

# The place is closed, and the draft has become a review.
_CLOSE = Statement("""
WITH draft AS (
    DELETE FROM reviewapp_draft WHERE item_id = %(item)s AND rater_id = %(rater)s
)
UPDATE reviewapp_slot SET state = 'submitted', lease_until = NULL, closed_at = now(),
    reserved_for_id = NULL, ahead = false
WHERE id = %(slot)s
""")


def submit(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """Stores a judgement as the reviewer's review of an item they hold; what was fetched ahead is
    theirs to judge from then on.

    Raises SlotLost where the slot is no longer theirs. The same `submission` again gives the
    review that it made, until that is undone.
    """
    try:
        with transaction.atomic():
            return _submit(item, rater, judgement, submission, by)
    except (SlotLost, IntegrityError):
        # It may be here already: sent twice, and only the first answer was lost.
        if done := same_submission(item, rater, submission):
            return done
        raise


def _submit(
    item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    place = places.held(item, rater)
    places.in_its_words(item, judgement, place.version_id)
    if place.relabels_id:
        item.run.taxonomy_version_id = place.version_id
        review = relabel(item, rater, judgement, submission, place.relabels_id)
    else:
        review = store_at(place, item, rater, judgement, submission)
    _close(place, item, rater)
    promote(project=item.project, rater=rater)
    data: dict[str, object] = {}
    if review.supersedes_id:
        data = {"review": review.supersedes_id, "blind": review.blind}
    verb = "relabelled" if data else "reviewed"
    audit.record(project=item.project, by=by, verb=verb, subject=item, data=data)
    if not place.gold:
        reports.refresh_soon(item.run_id)
    return review


def _close(place: Place, item: ReviewItem, rater: Rater) -> None:
    _CLOSE.run({"item": item.pk, "rater": rater.pk, "slot": place.slot_id})
    if not place.gold:
        item.run.taxonomy_version_id = place.version_id
        items.resolve(item=item)


@transaction.atomic
def keep(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """Keeps what was typed on an item whose place was lost, as a review that is not counted: no
    label, no word in a dispute. Raises SlotLost where the item is still theirs, to be submitted."""
    item = places.locked(item)
    if done := same_submission(item, rater, submission):
        return done
    if item.slots.filter(rater=rater, state=Slot.State.CLAIMED).exists():
        raise SlotLost("This item is still yours: submit what you typed, and it counts.")
    places.in_its_words(item, judgement, item.run.taxonomy_version_id)
    review = store(item, rater, judgement, submission, counted=False)
    forget_draft(item, rater)
    audit.record(project=item.project, by=by, verb="kept without counting it", subject=item)
    return review


@transaction.atomic
def skip(
    *, item: ReviewItem, rater: Rater, reason: str, by: By, kind: str = Slot.SkipKind.OTHER
) -> None:
    """Leaves an item to somebody else; after two have skipped it, to a lead. It does not come to
    its rater again. A review that two cannot relabel stays as it is: what it says in the new
    version is unknown. Skipped again it stays skipped: only the first answer was lost."""
    try:
        place = places.held(item, rater)
    except Skipped:
        return
    item = places.locked(item)
    slot = item.slots.select_related("relabels").get(pk=place.slot_id)
    slot.state, slot.lease_until, slot.closed_at = Slot.State.SKIPPED, None, timezone.now()
    slot.skip_kind, slot.skip_reason, slot.ahead = Slot.SkipKind(kind), reason[:300], False
    slot.save()
    forget_draft(item, rater)
    promote(project=item.project, rater=rater)
    data: dict[str, object] = {"kind": slot.skip_kind, "reason": slot.skip_reason}
    audit.record(project=item.project, by=by, verb="skipped", subject=item, data=data)
    if slot.gold:
        return
    skipped = item.slots.filter(state=Slot.State.SKIPPED, relabels=slot.relabels_id)
    if skipped.count() < SKIPS and item.slots.filter(gold=False).count() < items.PLACES:
        items.open_slot(item, relabels=slot.relabels)
    items.resolve(item=item)


@transaction.atomic
def revise(
    *, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, by: By
) -> Review:
    """A new revision of the reviewer's own review; the old one is kept. Not blind once the
    item's sides were visible."""
    item = places.locked(item)
    if done := same_submission(item, rater, submission):
        return done
    old = Review.objects.filter(item=item, rater=rater, live=True).first()
    places.in_its_words(item, judgement, item.run.taxonomy_version_id)
    if old is None:
        raise SlotLost("There is no review of yours to revise on this item.")
    if item.slots.relabelling().filter(relabels=old).exists():
        raise SlotLost("Your review waits to be relabelled: claim the item at the desk for that.")
    old.live = False
    old.save(update_fields=["live"])
    review = store(
        item,
        rater,
        judgement,
        submission,
        authoritative=old.authoritative,
    )
    forget_draft(item, rater)
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
    item = places.locked(item)
    if done := same_submission(item, rater, submission):
        return done
    if item.state != ReviewItem.State.DISPUTED:
        raise SlotLost(f"This item is {item.state}: there is nothing to adjudicate.")
    if item.reviews.barring().filter(rater=rater).exists():
        raise SlotLost("You reviewed this item: somebody else has to adjudicate it.")
    places.in_its_words(item, judgement, item.run.taxonomy_version_id)
    review = store(
        item,
        rater,
        judgement,
        submission,
        authoritative=True,
        again=item.reviews.filter(supersedes__isnull=False, live=True).exists(),
    )
    forget_draft(item, rater)
    items.resolve(item=item)
    audit.record(project=item.project, by=by, verb="adjudicated", subject=item)
    reports.refresh_soon(item.run_id)
    return review


def save_draft(*, item: ReviewItem, rater: Rater, body: object) -> None:
    """Keeps what was typed so far; it comes back after a reload, on any machine. It is in the
    taxonomy version that it names, else in the run's: the run may have moved while it was typed."""
    version = carrying.typed_in(body, item.run.taxonomy_version)
    Draft.objects.update_or_create(
        item=item, rater=rater, defaults={"body": body, "taxonomy_version": version}
    )
