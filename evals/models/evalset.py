from __future__ import annotations

from django.db import models
from django.db.models import Q

from evals.models.project import Project
from evals.models.request import Request


class EvalSet(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="evalsets")
    name = models.SlugField(max_length=60)

    class Meta:
        ordering = ["project", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="evalset_one_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class EvalSetVersion(models.Model):
    """Requests with known correct outputs. Once sealed, the database refuses any change."""

    evalset = models.ForeignKey(EvalSet, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, blank=True)
    size = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sealed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["evalset", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["evalset", "number"], name="evalset_version_one_per_number"
            ),
            models.CheckConstraint(
                name="evalset_sealed_has_digest", condition=Q(sealed_at=None) | ~Q(digest="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evalset.name}@{self.number}"


class Example(models.Model):
    class Origin(models.TextChoices):
        TRAFFIC = "traffic", "random traffic"
        DISCREPANCY = "discrepancy"
        IMPORT = "import"

    version = models.ForeignKey(EvalSetVersion, on_delete=models.CASCADE, related_name="examples")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="examples")
    position = models.PositiveIntegerField()
    expected = models.JSONField()
    origin = models.CharField(max_length=12, choices=Origin)
    provenance = models.JSONField(default=dict, help_text="plain values: run, review, reviewer …")

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "request"], name="example_one_per_request"),
            models.UniqueConstraint(fields=["version", "position"], name="example_one_per_place"),
        ]

    def __str__(self) -> str:
        return f"{self.request}"
