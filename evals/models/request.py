from __future__ import annotations

from django.db import models
from django.db.models import Q

from evals.models.project import ModelVersion, Project


class Request(models.Model):
    """One real input. `key` is the id that the sender gave it."""

    class Source(models.TextChoices):
        TRAFFIC = "traffic"
        EVALSET = "evalset", "eval set"
        PERTURBATION = "perturbation"

    # Foreign keys without an index of their own have one below that begins with them.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="requests", db_index=False
    )
    key = models.CharField(max_length=200)
    source = models.CharField(max_length=12, choices=Source)
    input = models.JSONField(help_text="text, {messages, tools}, or any JSON")
    input_digest = models.CharField(max_length=64)
    expected = models.JSONField(null=True, blank=True)
    segment = models.JSONField(default=dict, blank=True)
    group = models.CharField(max_length=200, blank=True)
    variant_of = models.CharField(max_length=200, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "key"], name="request_one_per_key"),
        ]
        indexes = [
            models.Index(fields=["project", "source", "received_at"], name="request_received"),
            models.Index(fields=["project", "source", "occurred_at"], name="request_occurred"),
        ]

    def __str__(self) -> str:
        return self.key


class Attempt(models.Model):
    """One call to a model: with its error if it failed, an Output beside it if it did not."""

    request = models.ForeignKey(
        Request, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="attempts")
    sample = models.PositiveSmallIntegerField(default=0)
    uploaded = models.BooleanField(default=False, help_text="reported to us, not called by us")
    error = models.TextField(blank=True)
    error_digest = models.CharField(max_length=64, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    final = models.BooleanField(default=False, help_text="another attempt would not help")
    latency_ms = models.FloatField(null=True, blank=True)
    finished_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "model", "sample", "error_digest"],
                condition=Q(uploaded=True),
                name="attempt_uploaded_once",
            ),
        ]
        indexes = [
            models.Index(fields=["request", "model", "sample"], name="attempt_of"),
            models.Index(
                fields=["model", "finished_at"], condition=Q(uploaded=False), name="attempt_asked"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} on {self.request}: {self.error or 'ok'}"


class Output(models.Model):
    """What a model answered, exactly as received. Immutable in the database.

    Sample 0 is the answer that is compared and reviewed; 1, 2 … are repeats for the noise floor.
    """

    request = models.ForeignKey(
        Request, on_delete=models.CASCADE, related_name="outputs", db_index=False
    )
    model = models.ForeignKey(
        ModelVersion, on_delete=models.PROTECT, related_name="outputs", db_index=False
    )
    sample = models.PositiveSmallIntegerField(default=0)
    text = models.TextField(help_text="as received: the text, or the JSON source")
    value = models.JSONField(null=True, help_text="canonical form: a string, or the parsed JSON")
    digest = models.CharField(max_length=64)
    latency_ms = models.FloatField(null=True, blank=True)
    input_tokens = models.PositiveIntegerField(null=True, blank=True)
    output_tokens = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=16, decimal_places=9, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "model", "sample"], name="output_one_per_sample"
            ),
            models.CheckConstraint(
                name="output_measures_not_negative",
                condition=(Q(latency_ms=None) | Q(latency_ms__gte=0))
                & (Q(cost_usd=None) | Q(cost_usd__gte=0)),
            ),
        ]
        indexes = [models.Index(fields=["model", "sample"], name="output_model")]

    def __str__(self) -> str:
        return f"{self.model} on {self.request}"
