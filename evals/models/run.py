from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from evals.models.evalset import EvalSetVersion
from evals.models.project import ModelVersion, Project, SeveralRaters
from evals.models.request import Output, Request
from taxonomy.models import TaxonomyVersion


class Run(models.Model):
    """A baseline and a candidate over the same requests.

    The comparators, the sampling plan, the taxonomy version and what several raters make together
    are pinned when it starts.
    `seed` decides who is drawn and who sees which side as A: it is never shown.
    """

    class Kind(models.TextChoices):
        SHADOW = "shadow"
        OFFLINE = "offline"

    class State(models.TextChoices):
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELLED = "cancelled"

    class PausedBy(models.TextChoices):
        NOBODY = "", "not paused"
        HAND = "hand"
        FAILURES = "failures"
        CAP = "cap", "spending cap"
        CONFIGURATION = "configuration"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="runs")
    name = models.SlugField(max_length=80)
    kind = models.CharField(max_length=8, choices=Kind)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    state_reason = models.TextField(blank=True)
    paused_by = models.CharField(max_length=13, choices=PausedBy, blank=True, default="")
    broken = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="whose failures paused it: asked one call at a time until it answers",
    )
    resumed_at = models.DateTimeField(null=True, blank=True)
    baseline = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    candidate = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    evalset_version = models.ForeignKey(
        EvalSetVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="runs"
    )
    taxonomy_version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.PROTECT, related_name="+"
    )
    pipeline = models.JSONField()
    pipeline_digest = models.CharField(max_length=64)
    comparison_set = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="goes up by one each time the comparators are changed"
    )
    sampling = models.JSONField()
    several_raters = models.CharField(
        max_length=10,
        choices=SeveralRaters,
        default=SeveralRaters.ADJUDICATE,
        db_default=SeveralRaters.ADJUDICATE,
        help_text="what several labels of one of its items make together",
    )
    seed = models.CharField(max_length=64)
    samples = models.PositiveSmallIntegerField(
        default=0, help_text="further samples of both models, for noise and flips"
    )
    cap_usd = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, blank=True, help_text="spending cap, US$"
    )
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField(
        null=True, blank=True, help_text="when no further traffic or upload is waited for"
    )
    cut_short_at = models.DateTimeField(
        null=True, blank=True, help_text="when somebody closed it before its window had ended"
    )
    started_by = models.CharField(max_length=150, blank=True)
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="run_one_per_name"),
            models.CheckConstraint(name="run_two_models", condition=~Q(baseline=F("candidate"))),
            models.CheckConstraint(
                name="run_offline_has_evalset",
                condition=Q(kind="offline", evalset_version__isnull=False)
                | Q(kind="shadow", evalset_version=None),
            ),
            models.CheckConstraint(
                name="run_samples_are_offline",
                condition=Q(samples=0) | Q(samples__range=(1, 20), kind="offline"),
            ),
            models.CheckConstraint(
                name="run_cap_not_negative", condition=Q(cap_usd=None) | Q(cap_usd__gte=0)
            ),
            models.CheckConstraint(
                name="run_window_in_order",
                condition=Q(closes_at=None) | Q(closes_at__gte=F("opens_at")),
            ),
            models.CheckConstraint(
                name="run_finished_has_date",
                condition=Q(state="finished", finished_at__isnull=False)
                | ~Q(state="finished") & Q(finished_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def by_day(self) -> bool:
        """Whether each day is an arrival batch of its own, or the whole run is one: an offline
        run, or a shadow over traffic that was all there when it started."""
        return self.kind == self.Kind.SHADOW and (
            self.closes_at is None or self.closes_at > self.started_at
        )


class Comparison(models.Model):
    """One request of a run; its outcome is null until both sides are there (or given up)."""

    class Outcome(models.TextChoices):
        IDENTICAL = "identical"
        EQUIVALENT = "equivalent"
        DIFFER = "differ"
        FAILED = "failed"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="comparisons")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="comparisons")
    u = models.FloatField(help_text="permanent random number in [0, 1)")
    expected = models.JSONField(null=True, blank=True)
    noise_wanted = models.BooleanField(default=False, help_text="the baseline is asked twice")
    noise_differs = models.BooleanField(null=True, blank=True)
    # Null until it is settled: "" would be one more outcome to count.
    outcome = models.CharField(  # noqa: DJ001
        max_length=10, choices=Outcome, null=True, blank=True
    )
    failed_side = models.CharField(max_length=9, blank=True)
    similarity = models.FloatField(null=True, blank=True)
    reason = models.CharField(max_length=120, blank=True)
    path = models.CharField(max_length=500, blank=True)
    baseline_output = models.ForeignKey(
        Output, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    candidate_output = models.ForeignKey(
        Output, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    baseline_correct = models.BooleanField(null=True, blank=True)
    candidate_correct = models.BooleanField(null=True, blank=True)
    batch = models.CharField(max_length=20, blank=True)
    stratum = models.CharField(max_length=30, blank=True)
    comparison_set = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="the run's set of comparators that it was made by"
    )
    line = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="the strata in which it stood whenever its batch was drawn from and the "
        "comparators were changed afterwards, joined by >",
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "request"], name="comparison_one_per_request"),
            models.CheckConstraint(name="comparison_u_in_range", condition=Q(u__gte=0, u__lt=1)),
            models.CheckConstraint(
                name="comparison_settled_is_whole",
                condition=Q(outcome=None, settled_at=None, batch="", stratum="")
                | Q(outcome__isnull=False, settled_at__isnull=False)
                & ~Q(batch="")
                & ~Q(stratum=""),
            ),
            models.CheckConstraint(
                name="comparison_failed_has_side",
                condition=Q(
                    outcome__isnull=False,
                    outcome="failed",
                    failed_side__in=["baseline", "candidate", "both"],
                )
                | Q(failed_side="") & (Q(outcome=None) | ~Q(outcome="failed")),
            ),
            models.CheckConstraint(
                name="comparison_compared_has_outputs",
                condition=Q(outcome=None)
                | Q(outcome="failed")
                | Q(baseline_output__isnull=False, candidate_output__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["run", "batch", "stratum", "u"], name="comparison_line"),
            models.Index(
                fields=["run", "id"], condition=Q(outcome=None), name="comparison_pending"
            ),
            models.Index(
                fields=["run", "id"],
                condition=Q(noise_wanted=True, noise_differs=None),
                name="comparison_noise_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.request} in {self.run}"


class Stratum(models.Model):
    """How many comparisons a stratum of a batch holds: kept up to date as they settle. Once a
    run's comparators were changed it is a cell: what stood in `line` before and is in `name` now.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="strata")
    batch = models.CharField(max_length=20)
    line = models.CharField(max_length=200, blank=True, default="", db_default="")
    name = models.CharField(max_length=30)
    size = models.PositiveIntegerField()

    class Meta:
        ordering = ["run", "batch", "line", "name"]
        verbose_name_plural = "strata"
        constraints = [
            models.UniqueConstraint(fields=["run", "batch", "line", "name"], name="stratum_once"),
        ]

    def __str__(self) -> str:
        return f"{self.batch}: {self.name}"
