from __future__ import annotations

from django.db import models
from django.db.models import Q

from taxonomy.models import TaxonomyVersion


class SeveralRaters(models.TextChoices):
    """What several labels of one item, or from elsewhere of one output, make together."""

    ADJUDICATE = "adjudicate", "they agree, or an authoritative one decides"
    AVERAGE = "average", "their mean"


class Project(models.Model):
    """One deployed application whose model may change."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    taxonomy_version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.PROTECT, related_name="+"
    )
    pipeline = models.JSONField(
        default=dict, help_text="Comparators as evals.comparators.pipeline reads them."
    )
    sampling = models.JSONField(
        default=dict, help_text="The sampling plan as evals.sampling.SamplingPlan reads it."
    )
    tracing = models.JSONField(
        default=dict, help_text="Which spans are whose, as evals.otlp.tracing.Tracing reads it."
    )

    several_raters = models.CharField(
        max_length=10,
        choices=SeveralRaters,
        default=SeveralRaters.ADJUDICATE,
        db_default=SeveralRaters.ADJUDICATE,
        help_text="what several labels of one item or output make together",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ModelVersion(models.Model):
    """A model, its prompt and its parameters: what an output is an output of.

    Everything that shapes an output or its cost is frozen by the database once an output exists.
    """

    class Provider(models.TextChoices):
        UPLOAD = "", "outputs are uploaded"
        OPENAI = "openai", "OpenAI-compatible address"
        HTTP_JSON = "http_json", "any address that speaks JSON"
        RECORDED = "recorded", "a file of recorded outputs"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="models")
    name = models.CharField(max_length=120)
    provider = models.CharField(max_length=20, choices=Provider, blank=True, default="")
    base_url = models.CharField(
        max_length=300,
        blank=True,
        help_text="An address such as http://127.0.0.1:8080/v1, or $MODEL_…: "
        "the environment variable that holds it.",
    )
    upstream_model = models.CharField(
        max_length=200, blank=True, help_text="The model's name at that address."
    )
    options = models.JSONField(
        default=dict, blank=True, help_text="What this provider alone needs; see docs/traffic.md."
    )
    api_key_env = models.CharField(
        max_length=100,
        blank=True,
        help_text="Name of the environment variable that holds the key; the key is never stored.",
    )
    system = models.TextField(blank=True, help_text="System message, sent before the request.")
    prompt = models.TextField(
        blank=True,
        help_text="Prompt around a request that is no chat, with {{ input }} where it goes.",
    )
    parameters = models.JSONField(
        default=dict, blank=True, help_text='Sent as they are: {"temperature": 0, "max_tokens": 64}'
    )
    price_input = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, blank=True, help_text="US$ per million tokens"
    )
    price_output = models.DecimalField(
        max_digits=12, decimal_places=4, null=True, blank=True, help_text="US$ per million tokens"
    )
    benchmarks = models.JSONField(
        default=dict, blank=True, help_text='Public scores, shown beside: {"MMLU-Pro": 41.2}'
    )
    concurrency = models.PositiveIntegerField(default=4)
    requests_per_minute = models.PositiveIntegerField(null=True, blank=True)
    tokens_per_minute = models.PositiveIntegerField(null=True, blank=True)
    timeout_s = models.PositiveIntegerField(default=60)
    max_attempts = models.PositiveIntegerField(default=5)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "name"]
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="model_one_per_name"),
            models.CheckConstraint(
                name="model_fetched_has_address",
                violation_error_message="openai needs an address and the model's name, "
                "http_json an address and options, recorded options and no address.",
                condition=Q(provider="")
                | Q(provider="openai") & ~Q(base_url="") & ~Q(upstream_model="")
                | Q(provider="http_json") & ~Q(base_url="") & ~Q(options={})
                | Q(provider="recorded", base_url="") & ~Q(options={}),
            ),
            models.CheckConstraint(
                name="model_limits_positive",
                violation_error_message="Calls at a time are 1 to 256, seconds of the time-out "
                "1 to 3600, attempts 1 to 20, and limits a minute at least 1.",
                condition=Q(concurrency__range=(1, 256))
                & Q(timeout_s__range=(1, 3600))
                & Q(max_attempts__range=(1, 20))
                & (Q(requests_per_minute=None) | Q(requests_per_minute__gte=1))
                & (Q(tokens_per_minute=None) | Q(tokens_per_minute__gte=1)),
            ),
            models.CheckConstraint(  # a price below 0 would undo what a spending cap counts
                name="model_prices_not_negative",
                violation_error_message="A price is 0 or more US dollars.",
                condition=(Q(price_input=None) | Q(price_input__gte=0))
                & (Q(price_output=None) | Q(price_output__gte=0)),
            ),
        ]

    def __str__(self) -> str:
        return self.name
