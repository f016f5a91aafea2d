"""A reviewer's place on an item, held still while something is done at it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from evals.models import Run
from reviewapp.desk.judgement import Judgement
from reviewapp.models import Rater, Review, ReviewItem, Slot
from reviewapp.prepared import Statement


class SlotLost(Exception):
    """The item is not (or no longer) the reviewer's; what was typed is kept as their draft."""


class Skipped(SlotLost):
    """Its rater has left the item to others."""


class Undone(SlotLost):
    """The submission was taken back by its rater: its number makes no other review."""


_LOCK = Statement("""
SELECT state, reopened_at FROM reviewapp_reviewitem WHERE id = %(item)s FOR NO KEY UPDATE
""")
# After the item's lock is ours, so that all of it is as it will stay: who judges, skips, undoes or
# adjudicates, and who moves the run to another taxonomy version, holds that lock too.
_HELD = Statement("""
SELECT s.id, s.state, s.relabels_id, s.gold, r.state, r.taxonomy_version_id,
    EXISTS (SELECT FROM reviewapp_review v
            WHERE v.item_id = s.item_id AND NOT v.blind AND v.label_set_id IS NULL),
    EXISTS (SELECT FROM reviewapp_exposure x
            WHERE x.item_id = s.item_id AND x.user_id = %(user)s),
    1 + coalesce((SELECT max(v.revision) FROM reviewapp_review v
                  WHERE v.item_id = s.item_id AND v.rater_id = %(rater)s), 0)
FROM reviewapp_slot s JOIN reviewapp_reviewitem i ON i.id = s.item_id
JOIN evals_run r ON r.id = i.run_id
WHERE s.item_id = %(item)s AND s.rater_id = %(rater)s
FOR UPDATE OF s
""")
_SENT = Statement("SELECT 1 FROM reviewapp_review WHERE submission = %(submission)s")


@dataclass(frozen=True)
class Place:
    """What is known of a place that its rater holds. `seen`: a review of the item was not blind;
    `exposed`: its rater was shown its sides, whatever became of the item since; `revision`: that of
    the rater's next review of it."""

    slot_id: int
    relabels_id: int | None
    gold: bool
    version_id: int
    item_state: str
    reopened_at: datetime | None
    seen: bool
    exposed: bool
    revision: int

    @property
    def blind(self) -> bool:
        """Whether the rater cannot have seen which side is which, of a first review."""
        if self.gold:
            return not self.exposed
        resolved = self.item_state == ReviewItem.State.RESOLVED
        return not (resolved or self.reopened_at or self.seen or self.exposed)


def held(item: ReviewItem, rater: Rater) -> Place:
    """The rater's place on an item, with both locked until the end of the transaction: a claim of
    somebody else cannot take it from now on. Two statements. Raises SlotLost."""
    keys = {"item": item.pk, "rater": rater.pk, "user": rater.user_id}
    item_state, reopened_at = _LOCK.first(keys) or ("", None)
    row = _HELD.first(keys)
    item.state, item.reopened_at = item_state, reopened_at
    if row is None:
        if Run.objects.filter(pk=item.run_id, state=Run.State.CANCELLED).exists():
            raise SlotLost("The run was cancelled: its items are not reviewed any more.")
        raise SlotLost(_gone(item))
    slot_id, state, relabels_id, gold, _, version_id, *known = row
    if state != Slot.State.CLAIMED:
        lost = Skipped if state == Slot.State.SKIPPED else SlotLost
        raise lost(f"You have {state} this item already.")
    return Place(slot_id, relabels_id, gold, version_id, item_state, reopened_at, *known)


def _gone(item: ReviewItem) -> str:
    """Why somebody has no place on an item any more, as far as they may know."""
    if item.slots.filter(state=Slot.State.OPEN).exists():
        return "The item is not yours any more (you or a lead gave it back), and nobody has it."
    return "Your lease on this item ran out and somebody else has taken it."


def locked(item: ReviewItem) -> ReviewItem:
    """The item as it is now, locked until the end of the transaction: who judges, skips or
    adjudicates it does so one after the other."""
    rows = ReviewItem.objects.select_for_update(of=("self",), no_key=True)
    found = rows.select_related("project").get(pk=item.pk)
    # Read after the lock is ours: who moves the run to another taxonomy version holds it too.
    found.run = Run.objects.select_related("taxonomy_version__taxonomy").get(pk=found.run_id)
    return found


def in_its_words(item: ReviewItem, judgement: Judgement, version_id: int) -> None:
    """A judgement that was checked just before its run moved to another taxonomy version."""
    if judgement.version_id not in (None, version_id):
        run = Run.objects.select_related("taxonomy_version__taxonomy").get(pk=item.run_id)
        raise SlotLost(
            f"{run.name} is labelled in {run.taxonomy_version} now: look at the item again."
        )


def was_sent(submission: UUID) -> bool:
    """Whether this submission has made a review, of whatever item."""
    return _SENT.first({"submission": submission}) is not None


def same_submission(item: ReviewItem, rater: Rater, submission: UUID) -> Review | None:
    """What this submission made before. Where the caller holds the item's lock, the same one sent
    twice at once is found here by the later. Raises SlotLost; Undone where it was taken back."""
    found = Review.objects.filter(submission=submission).first()
    if found and (found.item_id, found.rater_id) != (item.pk, rater.pk):
        raise SlotLost("This submission was used for another judgement: make a new one.")
    if found and found.withdrawn_at:
        raise Undone("You have undone this submission: what you send now needs a new one.")
    return found


def next_revision(item: ReviewItem, rater: Rater) -> int:
    numbers = item.reviews.filter(rater=rater).order_by("-revision")
    return 1 + (numbers.values_list("revision", flat=True).first() or 0)
