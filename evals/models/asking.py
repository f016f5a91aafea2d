from __future__ import annotations

from django.db import models
from django.db.models import Q

from evals.models.project import ModelVersion
from evals.models.run import Run


class Endpoint(models.Model):
    """An address with its key, which several model versions may share: how soon it may be asked.

    Kept in a row and not in a process, so that limits hold over all workers and over their deaths.
    """

    digest = models.CharField(max_length=64, unique=True)
    calls_free_at = models.DateTimeField(null=True, blank=True)
    tokens_free_at = models.DateTimeField(null=True, blank=True)
    resting_until = models.DateTimeField(
        null=True, blank=True, help_text="the server asked not to be asked before"
    )

    def __str__(self) -> str:
        return self.digest[:12]


class Spending(models.Model):
    """US dollars that a run has spent on asking one model, and those set aside for calls in flight.

    What is still reserved when a worker takes over has been spent as far as anybody knows.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="spending")
    model = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    spent_usd = models.DecimalField(max_digits=18, decimal_places=9, default=0)
    reserved_usd = models.DecimalField(max_digits=18, decimal_places=9, default=0)

    class Meta:
        verbose_name_plural = "spending"
        constraints = [
            models.UniqueConstraint(fields=["run", "model"], name="spending_one_per_model"),
            models.CheckConstraint(
                name="spending_not_negative",
                condition=Q(spent_usd__gte=0, reserved_usd__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run}: {self.model}: US$ {self.spent_usd}"
