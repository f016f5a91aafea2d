from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from evals.models import Project, Run
from reviewapp.models.people import User
from taxonomy.models import TaxonomyVersion


class GatePolicy(models.Model):
    """The margins a candidate must stay inside, and when they are held against a run. A change is
    a new row: the latest one holds."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="policies")
    margin = models.FloatField(help_text="in shares of all requests, any category: 0.01 is 1 point")
    critical_margin = models.FloatField(help_text="the same for critical categories")
    label_budget = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="labels of a run over which looks are spread; none: one look, at its end",
    )
    looks = models.PositiveSmallIntegerField(
        default=14, db_default=14, help_text="how many, where there is a label budget"
    )
    hold_to_j = models.BooleanField(
        default=False,
        db_default=False,
        help_text="a pass needs the margin times the lower end of J, which gold items tell",
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "-id"]
        verbose_name_plural = "gate policies"
        constraints = [
            models.CheckConstraint(
                name="policy_margins_are_shares",
                condition=Q(margin__gte=0, margin__lte=1)
                & Q(critical_margin__gte=0, critical_margin__lte=1),
            ),
            models.CheckConstraint(
                name="policy_looks_in_range",
                condition=Q(looks__range=(1, 100))
                & (Q(label_budget=None) | Q(label_budget__gte=F("looks"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{100 * self.margin:g} points, critical {100 * self.critical_margin:g}"


class Look(models.Model):
    """One scheduled look of the gate at a run: what it stood on and what it said. Append-only; the
    first of a policy that decides is the gate's verdict (docs/decisions/0013)."""

    class Verdict(models.TextChoices):
        PASS = "pass"  # noqa: S105 (of a gate)
        FAIL = "fail"
        UNDECIDED = "undecided", "not decided"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="looks")
    policy = models.ForeignKey(GatePolicy, on_delete=models.PROTECT, related_name="taken")
    number = models.PositiveSmallIntegerField(help_text="of the policy's looks, from 1")
    labels = models.PositiveIntegerField(help_text="of discrepancies, that it stood on")
    fraction = models.FloatField(help_text="information in parts of the plan's, 0 to 1")
    level = models.FloatField(
        null=True, blank=True, help_text="of its intervals; none: it cannot decide"
    )
    verdict = models.CharField(max_length=9, choices=Verdict)
    taxonomy_version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.PROTECT, related_name="+"
    )
    data = models.JSONField(help_text="its rules, each with margin, interval and verdict")
    taken_at = models.DateTimeField()

    class Meta:
        ordering = ["run", "id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "policy", "number"], name="look_once"),
            models.CheckConstraint(
                name="look_is_of_a_plan",
                condition=Q(number__gte=1, fraction__gte=0, fraction__lte=1)
                & (Q(level=None) | Q(level__gt=0, level__lt=1)),
            ),
            models.CheckConstraint(
                name="look_decides_at_a_level",
                condition=Q(verdict="undecided") | Q(level__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"look {self.number} at {self.run}"


class ReportQuerySet(models.QuerySet["Report"]):
    def current(self, run: Run, version: TaxonomyVersion | None = None) -> Report | None:
        """The one that is kept up to date, in the run's own taxonomy version or another."""
        chosen = version.pk if version else run.taxonomy_version_id
        return self.filter(run=run, taxonomy_version=chosen, frozen_at=None).first()


class Report(models.Model):
    """The statistics of a run, said in one taxonomy version. One current report a run and
    version; frozen ones never change again."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="reports")
    taxonomy_version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.PROTECT, related_name="+"
    )
    data = models.JSONField()
    digest = models.CharField(max_length=64, blank=True)
    computed_at = models.DateTimeField()
    seconds = models.FloatField(
        default=0.0, db_default=0.0, help_text="that computing its core took"
    )
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = ReportQuerySet.as_manager()

    class Meta:
        ordering = ["run", "-computed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "taxonomy_version"],
                condition=Q(frozen_at=None),
                name="report_one_current",
            ),
            models.CheckConstraint(
                name="report_frozen_has_digest",
                condition=Q(frozen_at=None, digest="") | Q(frozen_at__isnull=False) & ~Q(digest=""),
            ),
        ]

    def __str__(self) -> str:
        return f"report on {self.run}"


class ReportPart(models.Model):
    """A part of a run's reports that is computed apart, with a date of its own: see
    reports/parts. The newest one of each name is kept. One that could not be computed again keeps
    the data that it had."""

    #: Of one that could not be computed.
    FAILED: ClassVar[dict[str, Any]] = {}

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="parts")
    name = models.CharField(max_length=20)
    data = models.JSONField(null=True, blank=True)
    why = models.TextField(blank=True, help_text="why there is nothing to show, or nothing newer")
    basis = models.JSONField(
        help_text="what it stood on, as reports.freshness.basis has it; nothing where it failed"
    )
    seconds = models.FloatField(help_text="that it took")
    computed_at = models.DateTimeField()

    class Meta:
        ordering = ["run", "name"]
        constraints = [
            models.UniqueConstraint(fields=["run", "name"], name="part_one_per_name"),
            models.CheckConstraint(
                name="part_shows_or_says_why",
                condition=~Q(why="") | Q(data__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.run}"


class Promotion(models.Model):
    """A request to put the candidate into production, on a frozen report."""

    class State(models.TextChoices):
        OPEN = "open"
        APPROVED = "approved"
        REFUSED = "refused"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="promotions")
    number = models.PositiveIntegerField()
    report = models.OneToOneField(Report, on_delete=models.PROTECT, related_name="promotion")
    gate = models.CharField(max_length=12, help_text="the gate's result on that report")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    note = models.TextField(blank=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="promotion_one_per_number"),
        ]

    def __str__(self) -> str:
        return f"promotion {self.number}"


class Decision(models.Model):
    class Verdict(models.TextChoices):
        APPROVE = "approve"
        REFUSE = "refuse"

    promotion = models.OneToOneField(Promotion, on_delete=models.PROTECT, related_name="decision")
    verdict = models.CharField(max_length=7, choices=Verdict)
    reason = models.TextField()
    against_gate = models.BooleanField(help_text="approved although the gate did not pass")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="decision_has_reason", condition=~Q(reason="")),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.decided_by}"
