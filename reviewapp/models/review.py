from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from evals.models import Comparison, Project, Run
from reviewapp.models.people import Rater
from taxonomy.models import Category, Severity


class ReviewItem(models.Model):
    """A comparison that the sampling plan drew, with its place in line.

    Its stratum, position and inclusion probability never change: estimates stand on them.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DISPUTED = "disputed"
        RESOLVED = "resolved"
        SKIPPED = "skipped"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="items")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items")
    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, related_name="item")
    batch = models.CharField(max_length=20)
    stratum = models.CharField(max_length=30)
    position = models.PositiveIntegerField(help_text="place in its stratum's line, from 1")
    inclusion = models.FloatField(help_text="probability that the draw took it")
    rank = models.FloatField(help_text="order of service across strata, from 0 to 1")
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    drawn_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["rank", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "batch", "stratum", "position"], name="item_one_per_place"
            ),
            models.CheckConstraint(
                name="item_inclusion_is_probability",
                condition=Q(inclusion__gt=0, inclusion__lte=1),
            ),
            models.CheckConstraint(
                name="item_resolved_has_date",
                condition=Q(state="resolved", resolved_at__isnull=False)
                | ~Q(state="resolved") & Q(resolved_at=None),
            ),
        ]
        indexes = [models.Index(fields=["project", "state", "rank", "id"], name="item_queue")]

    def __str__(self) -> str:
        return f"item {self.pk}"


class Slot(models.Model):
    """One place for one reviewer on an item. An expired lease counts as open in the claim."""

    class State(models.TextChoices):
        OPEN = "open"
        CLAIMED = "claimed"
        SUBMITTED = "submitted"
        SKIPPED = "skipped"

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    # Of the item, repeated here so that a claim reads one index.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    rank = models.FloatField()
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    rater = models.ForeignKey(
        Rater, on_delete=models.PROTECT, null=True, blank=True, related_name="slots"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    skip_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["item", "number"]
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="slot_one_per_number"),
            models.UniqueConstraint(fields=["item", "rater"], name="slot_one_per_rater"),
            models.UniqueConstraint(
                fields=["rater"], condition=Q(state="claimed"), name="slot_one_lease_per_rater"
            ),
            models.CheckConstraint(
                name="slot_number_from_1_to_9", condition=Q(number__range=(1, 9))
            ),
            models.CheckConstraint(
                name="slot_state_is_whole",
                condition=Q(state="open", rater=None, lease_until=None, closed_at=None)
                | Q(state="claimed", rater__isnull=False, lease_until__isnull=False, closed_at=None)
                | Q(state__in=["submitted", "skipped"], closed_at__isnull=False)
                & Q(rater__isnull=False, lease_until=None),
            ),
        ]
        indexes = [
            models.Index(
                fields=["project", "rank", "id"],
                condition=Q(state__in=["open", "claimed"]),
                name="slot_claimable",
            )
        ]

    def __str__(self) -> str:
        return f"slot {self.number} of {self.item}"


class Draft(models.Model):
    """What a reviewer has typed on an item and not submitted, in their own A and B."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="drafts")
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="drafts")
    body = models.JSONField()
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "rater"], name="draft_one_per_rater"),
        ]

    def __str__(self) -> str:
        return f"draft on {self.item}"


class Review(models.Model):
    """One rater's judgement of one item. Append-only: a revision supersedes, never overwrites."""

    class Verdict(models.TextChoices):
        OK = "ok"
        ERROR = "error"

    item = models.ForeignKey(ReviewItem, on_delete=models.PROTECT, related_name="reviews")
    rater = models.ForeignKey(Rater, on_delete=models.PROTECT, related_name="reviews")
    revision = models.PositiveIntegerField(default=1)
    live = models.BooleanField(default=True, help_text="not superseded by a later revision")
    authoritative = models.BooleanField(default=False, help_text="the adjudicator's word")
    blind = models.BooleanField(default=True)
    baseline = models.CharField(max_length=5, choices=Verdict, blank=True)
    candidate = models.CharField(max_length=5, choices=Verdict, blank=True)
    corrected_output = models.JSONField(null=True, blank=True)
    note = models.TextField(blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    submission = models.UUIDField(unique=True, help_text="made by the client: a repeat is the same")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["item", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "rater", "revision"], name="review_one_per_revision"
            ),
            models.UniqueConstraint(
                fields=["item", "rater"], condition=Q(live=True), name="review_one_live_per_rater"
            ),
            models.UniqueConstraint(
                fields=["item"],
                condition=Q(live=True, authoritative=True),
                name="review_one_authoritative",
            ),
            models.CheckConstraint(
                name="review_judges_a_side",
                condition=~Q(baseline="") | ~Q(candidate=""),
            ),
            models.CheckConstraint(
                name="review_duration_not_negative",
                condition=Q(duration_s=None) | Q(duration_s__gte=0),
            ),
        ]
        indexes = [models.Index(fields=["rater", "created_at"], name="review_of_rater")]

    def __str__(self) -> str:
        return f"review of {self.item} by {self.rater}"


class Finding(models.Model):
    class Side(models.TextChoices):
        BASELINE = "baseline"
        CANDIDATE = "candidate"

    class Where(models.TextChoices):
        OUTPUT = "output"
        INPUT = "input"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="findings")
    side = models.CharField(max_length=9, choices=Side)
    category = models.ForeignKey(
        Category, on_delete=models.PROTECT, null=True, blank=True, related_name="findings"
    )
    severity = models.ForeignKey(
        Severity, on_delete=models.PROTECT, null=True, blank=True, related_name="findings"
    )
    where = models.CharField(max_length=6, choices=Where, default=Where.OUTPUT)
    path = models.CharField(max_length=500, blank=True)
    span_start = models.PositiveIntegerField(null=True, blank=True)
    span_end = models.PositiveIntegerField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["review", "id"]
        constraints = [
            models.CheckConstraint(
                name="finding_has_category_or_note",
                condition=Q(category__isnull=False) | ~Q(note=""),
            ),
            models.CheckConstraint(
                name="finding_span_is_whole",
                condition=Q(span_start=None, span_end=None)
                | Q(span_start__isnull=False, span_end__isnull=False)
                & Q(span_end__gt=F("span_start")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.category or self.note} on {self.side}"
