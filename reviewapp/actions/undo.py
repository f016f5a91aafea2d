"""Taking one's last submission back, while nobody has been shown the sides of its item."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from evals.models import Project, Run
from reviewapp.actions import audit, items, places, reports
from reviewapp.actions.audit import By
from reviewapp.actions.claims import AHEAD, Claim, give_back, lease_of
from reviewapp.desk import carrying
from reviewapp.models import Draft, Exposure, Rater, Report, Review, ReviewItem, Slot

#: How long after it was made.
WINDOW = timedelta(minutes=10)


class TooLate(Exception):
    """The last review stays; the message says why. `review`: which, where there is one that can be
    revised instead."""

    def __init__(self, why: str, review: Review | None = None) -> None:
        super().__init__(why)
        self.review = review if review and review.live else None


def undo(*, project: Project, rater: Rater, by: By) -> Claim:
    """Takes the reviewer's last submission back and puts them at its item again, with what they
    said as their draft.

    The review is kept, marked as withdrawn. What they were at is ahead now, and what was ahead is
    given back. Raises TooLate.
    """
    for _ in range(3):
        review = _last(rater)
        try:
            with transaction.atomic():
                if claim := _undo(project, rater, review, by):
                    return claim
        except IntegrityError:  # another tab of the same person claimed in between
            continue
    raise TooLate("Another window of yours is busy with it: try again.")


@transaction.atomic
def take_back(*, item: ReviewItem, rater: Rater, by: By) -> None:
    """Takes the adjudicator's word on an item back: its reviewers differ again, and what was said
    is the adjudicator's draft. On the same terms as a review. Raises TooLate."""
    item = places.locked(item)
    review = (
        item.reviews.filter(rater=rater, authoritative=True, live=True)
        .select_related("taxonomy_version", "item__run")
        .first()
    )
    if review is None:
        raise TooLate("There is no word of yours on this item to undo.")
    if why := _too_late(item, rater, review):
        raise TooLate(why, review)
    _withdraw(item, rater, review, by)


def _withdraw(item: ReviewItem, rater: Rater, review: Review, by: By) -> None:
    Review.objects.filter(pk=review.pk).update(withdrawn_at=timezone.now(), live=False)
    said = {"body": carrying.as_sent(review, rater), "taxonomy_version": review.taxonomy_version}
    Draft.objects.update_or_create(item=item, rater=rater, defaults=said)
    if not review.gold:
        items.resolve(item=item)
        reports.refresh_soon(item.run_id)
    data: dict[str, object] = {"review": review.pk}
    audit.record(project=item.project, by=by, verb="undid", subject=item, data=data)


def _last(rater: Rater) -> Review:
    made = Review.objects.filter(rater=rater, withdrawn_at=None, counted=True).order_by("-id")
    review = made.select_related("item__run").first()
    if review is None:
        raise TooLate("There is no review of yours to undo.")
    return review


def _undo(project: Project, rater: Rater, review: Review, by: By) -> Claim | None:
    """None where another window of theirs submitted meanwhile."""
    item = places.locked(review.item)
    mine = Slot.objects.select_for_update().filter(rater=rater, state=Slot.State.CLAIMED)
    here = list(mine.order_by("id"))  # waits for a submission from another window
    if _last(rater).pk != review.pk:
        return None
    review = Review.objects.select_related("taxonomy_version").get(pk=review.pk)
    review.item = item
    slot = _check(item, rater, review)
    _make_room(here)
    lease_until = timezone.now() + lease_of(project)
    slot.state, slot.closed_at, slot.ahead = Slot.State.CLAIMED, None, False
    slot.claimed_at, slot.lease_until = timezone.now(), lease_until
    slot.save()
    _withdraw(item, rater, review, by)
    return Claim(item.pk, lease_until)


def _check(item: ReviewItem, rater: Rater, review: Review) -> Slot:
    """The place at which the review was submitted, locked. Raises TooLate."""
    if item.reviews.filter(authoritative=True, live=True).exists():
        raise TooLate("The item has been adjudicated.", review)
    if why := _too_late(item, rater, review):
        raise TooLate(why, review)
    submitted = item.slots.select_for_update().filter(rater=rater, state=Slot.State.SUBMITTED)
    slot = submitted.first()
    if slot is None:
        raise TooLate("It was not made at the desk: revise it on its page.", review)
    return slot


def _too_late(item: ReviewItem, rater: Rater, review: Review) -> str:
    seen = Exposure.objects.filter(item=item)
    if review.supersedes_id:
        return "It says a review of an earlier taxonomy version again: that one gave way to it."
    if not review.live and not review.gold:
        return "It has been superseded."
    if item.reviews.standing().filter(rater=rater).exclude(pk=review.pk).exists():
        return "It is a revision: the one before it gave way to it."
    if timezone.now() - review.created_at > WINDOW:
        return "It is more than ten minutes old."
    if item.run.state == Run.State.CANCELLED:
        return "The run was cancelled."
    if review.taxonomy_version_id != item.run.taxonomy_version_id:
        return f"{item.run.name} is labelled in another version of the taxonomy since."
    if (seen.filter(user=rater.user_id) if review.gold else seen).exists():
        return "The sides of its item have been shown to somebody since."
    since = Report.objects.filter(run=item.run_id, frozen_at__isnull=False)
    if not review.gold and since.filter(computed_at__gte=review.created_at).exists():
        return "A frozen report stands on it."
    if not review.gold and item.run.looks.filter(taken_at__gte=review.created_at).exists():
        return "The gate has taken a look at it."
    return ""


def _make_room(here: list[Slot]) -> None:
    """What the reviewer was at goes ahead; what was ahead is given back, unless they were at
    nothing. These places are locked."""
    at = [slot for slot in here if not slot.ahead]
    if not at:
        return
    give_back(Slot.objects.filter(pk__in=[slot.pk for slot in here if slot.ahead]))
    Slot.objects.filter(pk=at[0].pk).update(ahead=True, lease_until=timezone.now() + AHEAD)
