"""What is said about an item beside its reviews, and who may read it."""

from __future__ import annotations

from typing import Any

from reviewapp.access import Access, Action
from reviewapp.actions.exposures import masked
from reviewapp.models import Comment, Flag, ReviewItem, Slot


def comments(item: ReviewItem, access: Access) -> list[dict[str, Any]]:
    """[{"by", "text", "at", "own"}], the oldest first: once the item is resolved all of them;
    before that one's own, and all for whoever adjudicates and is not to judge it themselves."""
    rows = Comment.objects.filter(item=item).select_related("by").order_by("id")
    if not _may_read(item, access):
        rows = rows.filter(by=access.user)
    return [
        {
            "by": row.by.get_username(),
            "text": row.text,
            "at": row.at,
            "own": row.by_id == access.user.pk,
        }
        for row in rows
    ]


def flagged(item: ReviewItem, access: Access) -> Flag | None:
    """The open flag, to whoever may read what it is about; to others only their own."""
    found = Flag.objects.filter(item=item, settled_at=None).select_related("by").first()
    if found and (found.by_id == access.user.pk or _may_read(item, access)):
        return found
    return None


def _may_read(item: ReviewItem, access: Access) -> bool:
    if item.pk in set(masked(access.user)):
        return False
    if item.state == ReviewItem.State.RESOLVED:
        return True
    at_it = Slot.objects.filter(item=item, rater__user=access.user, state=Slot.State.CLAIMED)
    return access.may(Action.ADJUDICATE) and not at_it.exists()
