from __future__ import annotations

from django.db import models
from django.db.models import Q

from evals.models import Project, Run
from reviewapp.models.people import User


class GatePolicy(models.Model):
    """The margins a candidate must stay inside. A change is a new row: the latest one holds."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="policies")
    margin = models.FloatField(help_text="in shares of all requests, any category: 0.01 is 1 point")
    critical_margin = models.FloatField(help_text="the same for critical categories")
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
        ]

    def __str__(self) -> str:
        return f"{100 * self.margin:g} points, critical {100 * self.critical_margin:g}"


class Report(models.Model):
    """The statistics of a run. One current report a run; frozen ones never change again."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="reports")
    data = models.JSONField()
    digest = models.CharField(max_length=64, blank=True)
    computed_at = models.DateTimeField()
    frozen_at = models.DateTimeField(null=True, blank=True)
    frozen_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["run", "-computed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["run"], condition=Q(frozen_at=None), name="report_one_current"
            ),
            models.CheckConstraint(
                name="report_frozen_has_digest",
                condition=Q(frozen_at=None, digest="") | Q(frozen_at__isnull=False) & ~Q(digest=""),
            ),
        ]

    def __str__(self) -> str:
        return f"report on {self.run}"


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
