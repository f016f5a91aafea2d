from __future__ import annotations

from django.db import models
from django.db.models import Q

from evals.models import Project


class Agreement(models.Model):
    """How far the reviewers of a project agree (disagreement/agreeing.py). The newest is kept."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="agreement")
    data = models.JSONField(null=True, blank=True)
    why = models.TextField(blank=True, help_text="why there is nothing to show")
    basis = models.JSONField(help_text="what it stood on")
    seconds = models.FloatField(help_text="that it took")
    computed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="agreement_shows_or_says_why",
                condition=Q(data__isnull=True) & ~Q(why="") | Q(data__isnull=False, why=""),
            ),
        ]

    def __str__(self) -> str:
        return f"agreement in {self.project}"
