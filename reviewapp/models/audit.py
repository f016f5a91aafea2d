from __future__ import annotations

from django.db import models
from django.db.models import Q

from evals.models import Project
from reviewapp.models.people import User


class AuditEvent(models.Model):
    """Who did what. Append-only; a worker seals events into one chain of digests a project."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    actor = models.CharField(max_length=150, help_text="who, in words: also where there is no user")
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    sequence = models.PositiveBigIntegerField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["project", "id"]
        constraints = [
            models.UniqueConstraint(fields=["project", "sequence"], name="event_one_per_place"),
            models.CheckConstraint(
                name="event_sealed_has_digest",
                condition=Q(sequence=None, digest="") | Q(sequence__isnull=False) & ~Q(digest=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "id"], condition=Q(sequence=None), name="event_unsealed"
            )
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.verb} {self.subject}"
