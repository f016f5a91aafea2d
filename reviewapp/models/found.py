"""An error that was found: what a finding at the desk and one from elsewhere have in common."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class FoundError(models.Model):
    """Where it is, and what was noted of it. `path`: in JSON; `span_start`, `span_end`: characters
    of the text there, the end not among them."""

    class Where(models.TextChoices):
        OUTPUT = "output"
        INPUT = "input"

    where = models.CharField(max_length=6, choices=Where, default=Where.OUTPUT)
    path = models.CharField(max_length=500, blank=True)
    span_start = models.PositiveIntegerField(null=True, blank=True)
    span_end = models.PositiveIntegerField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        abstract = True


def whole(name: str) -> list[models.BaseConstraint]:
    """It says something, and its span has both ends."""
    return [
        models.CheckConstraint(
            name=f"{name}_has_category_or_note",
            condition=Q(category__isnull=False) | ~Q(note=""),
        ),
        models.CheckConstraint(
            name=f"{name}_span_is_whole",
            condition=Q(span_start=None, span_end=None)
            | Q(span_start__isnull=False, span_end__isnull=False) & Q(span_end__gt=F("span_start")),
        ),
    ]
