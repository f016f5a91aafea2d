from __future__ import annotations

from django.db import models
from django.db.models import Q

from reviewapp.models.people import User
from reviewapp.models.review import ReviewItem


class Flag(models.Model):
    """Somebody wants an item talked about. It blocks nothing."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="flags")
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    settled_by = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["item", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item"], condition=Q(settled_at=None), name="flag_one_open_per_item"
            ),
            models.CheckConstraint(
                name="flag_settled_by_somebody",
                condition=Q(settled_by=None, settled_at=None)
                | Q(settled_by__isnull=False, settled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"flag on {self.item}"


class Comment(models.Model):
    """A word on an item. Its author and leads read it; once the item is resolved, every member:
    earlier it would tell one reviewer what another thinks."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="comments")
    by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    text = models.TextField()

    class Meta:
        ordering = ["item", "id"]
        constraints = [
            models.CheckConstraint(name="comment_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.by} on {self.item}"
