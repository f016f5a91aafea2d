"""Flags for discussion, and comments. Neither blocks anything."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from reviewapp.actions import audit
from reviewapp.models import Comment, Flag, ReviewItem, User

#: Characters of a comment.
LONGEST = 5_000


class EmptyComment(ValueError):
    """There is nothing to say, or too much of it."""


@transaction.atomic
def flag(*, item: ReviewItem, text: str, by: User) -> Comment:
    """Asks for a discussion of the item; where somebody has asked already this is a comment."""
    said = _said(item, text, by)
    _, made = Flag.objects.get_or_create(item=item, settled_at=None, defaults={"by": by})
    verb = "flagged for discussion" if made else "commented on"
    audit.record(project=item.project, by=by, verb=verb, subject=item)
    return said


@transaction.atomic
def comment(*, item: ReviewItem, text: str, by: User) -> Comment:
    said = _said(item, text, by)
    audit.record(project=item.project, by=by, verb="commented on", subject=item)
    return said


@transaction.atomic
def settle(*, item: ReviewItem, by: User) -> bool:
    """The discussion is over; False where there was none."""
    settled = item.flags.filter(settled_at=None).update(settled_at=timezone.now(), settled_by=by)
    if settled:
        audit.record(project=item.project, by=by, verb="settled the discussion of", subject=item)
    return bool(settled)


def _said(item: ReviewItem, text: str, by: User) -> Comment:
    text = text.replace("\0", "").strip()
    if not text or len(text) > LONGEST:
        raise EmptyComment(f"Write a comment of at most {LONGEST:,} characters.")
    return Comment.objects.create(item=item, by=by, text=text)
