from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.models.run import Run


class ComparisonSet(models.Model):
    """The comparators of a run since they were changed. The first set is that of its start; a run
    whose comparators never changed has none here.

    A comparison names the set that it was made by: what is still of an earlier one waits to be
    made again, and `finished_at` says that none does.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="comparison_sets")
    number = models.PositiveSmallIntegerField()
    pipeline = models.JSONField()
    pipeline_digest = models.CharField(max_length=64)
    drawn = models.JSONField(
        default=list, help_text="batches that were drawn by the strata of the set before"
    )
    made_by = models.CharField(max_length=150, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    redrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="when those batches were drawn from again"
    )

    class Meta:
        ordering = ["run", "number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="comparison_set_once"),
            models.UniqueConstraint(
                fields=["run"], condition=Q(redrawn_at=None), name="comparison_set_one_under_way"
            ),
        ]

    def __str__(self) -> str:
        return f"comparators {self.number} of {self.run}"
