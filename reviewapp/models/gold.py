from __future__ import annotations

from django.db import models
from django.db.models import Q

from reviewapp.models.people import User
from reviewapp.models.review import Review, ReviewItem


class GoldItem(models.Model):
    """A resolved item whose answer is taken as known: a share of what reviewers are given are such
    items, to see how well they do. `review` is the answer, pinned when the item was marked."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="gold")
    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="+")
    marked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    marked_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(
        null=True, blank=True, help_text="given to nobody from then on; what was said is kept"
    )

    class Meta:
        ordering = ["item", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(retired_at=None), name="gold_one_per_item"
            ),
        ]

    def __str__(self) -> str:
        return f"gold {self.item}"
