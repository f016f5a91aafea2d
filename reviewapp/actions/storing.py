"""A judgement that becomes a review: in the run's taxonomy version, blind or not."""

from __future__ import annotations

from uuid import UUID

from reviewapp.actions import places
from reviewapp.actions.places import Place
from reviewapp.desk.judgement import Judgement
from reviewapp.models import Draft, Exposure, Finding, Rater, Review, ReviewItem
from reviewapp.prepared import insert


def store(
    item: ReviewItem,
    rater: Rater,
    judgement: Judgement,
    submission: UUID,
    *,
    authoritative: bool = False,
    supersedes: Review | None = None,
    again: bool = False,
    counted: bool = True,
) -> Review:
    """The caller holds the item's lock and has read its run since. `again`: a new taxonomy version
    is the reason that it is asked for."""
    return _insert(
        judgement,
        Review(
            item=item,
            rater=rater,
            taxonomy_version_id=item.run.taxonomy_version_id,
            revision=places.next_revision(item, rater),
            blind=_blind(item, rater, again=again or supersedes is not None),
            live=counted,
            counted=counted,
            authoritative=authoritative,
            supersedes=supersedes,
            submission=submission,
        ),
    )


def store_at(
    place: Place, item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID
) -> Review:
    """The first review of an item at a place that the rater holds (`places.held`). On a gold item
    it is no label; and where they have seen its sides meanwhile it tells nothing about them, and is
    not counted at all."""
    seen = place.gold and place.exposed
    return _insert(
        judgement,
        Review(
            item=item,
            rater=rater,
            taxonomy_version_id=place.version_id,
            revision=place.revision,
            blind=place.blind,
            live=not place.gold,
            gold=place.gold and not seen,
            counted=not seen,
            submission=submission,
        ),
    )


def _insert(judgement: Judgement, review: Review) -> Review:
    review.baseline, review.candidate = judgement.baseline, judgement.candidate
    review.corrected_output, review.note = judgement.corrected_output, judgement.note
    review.duration_s = judgement.duration_s
    insert(review)
    if judgement.findings:
        _insert_findings(review, judgement)
    return review


def _insert_findings(review: Review, judgement: Judgement) -> None:
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


def forget_draft(item: ReviewItem, rater: Rater) -> None:
    """Once what was typed is a review."""
    Draft.objects.filter(item=item, rater=rater).delete()


def relabel(
    item: ReviewItem, rater: Rater, judgement: Judgement, submission: UUID, old: int
) -> Review:
    """The review that says in the run's version what `old` said in an earlier one. The word of an
    adjudicator stays the one that counts."""
    said = item.reviews.get(pk=old)
    said.live = False
    said.save(update_fields=["live"])
    return store(
        item,
        rater,
        judgement,
        submission,
        authoritative=said.authoritative,
        supersedes=said,
    )


def _blind(item: ReviewItem, rater: Rater, *, again: bool) -> bool:
    """Whether the rater cannot have seen which side is which.

    The sides show once an item is resolved, and a review made after that is not blind. Where a
    new taxonomy version asks `again`, after the item was resolved, it is known who was shown them.
    """
    if item.state == ReviewItem.State.RESOLVED:
        return False
    if rater.user_id and Exposure.objects.filter(item=item, user=rater.user_id).exists():
        return False
    if again:
        return True
    elsewhere = {"label_set__isnull": False}  # says nothing of what was shown here
    seen = item.reviews.filter(blind=False).exclude(**elsewhere)
    return item.reopened_at is None and not seen.exists()
