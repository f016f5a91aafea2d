"""Labels that were made elsewhere: sets of them, and judgements of single outputs."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from evals.models import ModelVersion, Output, Project
from reviewapp.models.found import FoundError, whole
from reviewapp.models.people import Rater
from taxonomy.models import Category, Severity, TaxonomyVersion


class LabelSet(models.Model):
    """Labels that came together, and what whoever sent them says of the whole: how the items were
    chosen, what the raters are, and whether they were blind where a record does not say."""

    class Design(models.TextChoices):
        CENSUS = "census", "all there are"
        RANDOM = "random", "a random sample of each stratum"
        UNKNOWN = "unknown"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="label_sets")
    name = models.SlugField(max_length=80)
    design = models.CharField(max_length=7, choices=Design, default=Design.UNKNOWN)
    kind = models.CharField(max_length=40, blank=True, help_text="what its raters are: expert …")
    blind = models.BooleanField(
        default=False, help_text="the raters were blind, where a record does not say"
    )
    changes = models.PositiveBigIntegerField(
        default=0, help_text="judgements and reviews that were stored: reports look at it"
    )
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["project", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="label_set_one_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class OutputJudgement(models.Model):
    """One rater's judgement of one output, whatever it stands beside: every run over the model
    version sees it. Append-only: a revision supersedes, never overwrites."""

    class Verdict(models.TextChoices):
        OK = "ok"
        ERROR = "error"

    label_set = models.ForeignKey(LabelSet, on_delete=models.PROTECT, related_name="judgements")
    rater = models.ForeignKey(
        Rater, on_delete=models.PROTECT, related_name="judgements", db_index=False
    )
    output = models.ForeignKey(
        Output, on_delete=models.PROTECT, related_name="judgements", db_index=False
    )
    # Of the output, repeated here so that a run finds its judgements in one index.
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    taxonomy_version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.PROTECT, related_name="+"
    )
    revision = models.PositiveIntegerField(default=1)
    live = models.BooleanField(default=True, help_text="not superseded by a later one")
    authoritative = models.BooleanField(default=False, help_text="the one that counts")
    blind = models.BooleanField(null=True, help_text="null: as the label set says")
    verdict = models.CharField(max_length=5, choices=Verdict)
    corrected_output = models.JSONField(null=True, blank=True)
    note = models.TextField(blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True, help_text="as its record says")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["output", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["output", "rater", "revision"], name="judgement_one_per_revision"
            ),
            models.UniqueConstraint(
                fields=["output", "rater"],
                condition=Q(live=True),
                name="judgement_one_live_per_rater",
            ),
            models.UniqueConstraint(
                fields=["output"],
                condition=Q(live=True, authoritative=True),
                name="judgement_one_authoritative",
            ),
            models.CheckConstraint(
                name="judgement_duration_not_negative",
                condition=Q(duration_s=None) | Q(duration_s__gte=0),
            ),
        ]
        indexes = [
            models.Index(fields=["rater", "id"], name="judgement_of_rater"),
        ]

    def __str__(self) -> str:
        return f"judgement of {self.output} by {self.rater}"


class OutputFinding(FoundError):
    """One error of an output; the same category may be found twice."""

    judgement = models.ForeignKey(
        OutputJudgement, on_delete=models.PROTECT, related_name="findings"
    )
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    severity = models.ForeignKey(
        Severity, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["judgement", "id"]
        constraints = whole("output_finding")

    def __str__(self) -> str:
        return str(self.category or self.note)
