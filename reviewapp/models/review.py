from __future__ import annotations

from django.db import models
from django.db.models import Q

from evals.models import Comparison, Project, Run
from reviewapp.models.found import FoundError, whole
from reviewapp.models.judgement import LabelSet
from reviewapp.models.people import Rater
from taxonomy.models import Category, Severity, TaxonomyVersion


class ReviewItem(models.Model):
    """A comparison that the sampling plan drew, with its place in line; or, in a run that draws
    nothing, one whose labels came from elsewhere (`label_set`).

    Its stratum, position and inclusion probability never change: estimates stand on them.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DISPUTED = "disputed"
        RESOLVED = "resolved"
        SKIPPED = "skipped"

    # Both have an index below that begins with them.
    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, related_name="items", db_index=False
    )
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items", db_index=False)
    comparison = models.OneToOneField(Comparison, on_delete=models.CASCADE, related_name="item")
    batch = models.CharField(max_length=20)
    stratum = models.CharField(max_length=30)
    position = models.PositiveIntegerField(help_text="place in its stratum's line, from 1")
    inclusion = models.FloatField(
        null=True,
        blank=True,
        help_text="probability that the draw took it; unknown of some from elsewhere",
    )
    rank = models.FloatField(help_text="order of service across strata, from 0 to 1")
    comparison_set = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="the set of comparators by whose strata it was drawn"
    )
    label_set = models.ForeignKey(
        LabelSet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="items",
        db_index=False,  # item_label_set has it
        help_text="with which it came; none where it was drawn here",
    )
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    drawn_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    reopened_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when a new taxonomy version opened it again after it was resolved: until it is "
        "resolved once more its label is the one of that moment",
    )

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
        indexes = [
            models.Index(fields=["project", "state", "rank", "id"], name="item_queue"),
            # Of lists, which go by id, by what they are filtered by.
            models.Index(fields=["project", "id"], name="item_list"),
            models.Index(fields=["project", "state", "id"], name="item_list_state"),
            models.Index(fields=["project", "stratum", "id"], name="item_list_stratum"),
            models.Index(fields=["run", "id"], name="item_list_run"),
            models.Index(
                fields=["label_set"], condition=Q(label_set__isnull=False), name="item_label_set"
            ),
        ]

    def __str__(self) -> str:
        return f"item {self.pk}"


class ReviewQuerySet(models.QuerySet["Review"]):
    def standing(self) -> ReviewQuerySet:
        """Those that are labels, or were until they were said anew: none that was undone, kept
        without being counted, or asked for to see how well its rater does."""
        return self.filter(withdrawn_at=None, counted=True, gold=False)

    def barring(self) -> ReviewQuerySet:
        """Those whose rater may not adjudicate their item: all but an adjudicator's own word that
        they took back."""
        return self.exclude(authoritative=True, withdrawn_at__isnull=False)


class Review(models.Model):
    """One rater's judgement of one item, in one taxonomy version. Append-only: a revision
    supersedes, never overwrites; and so does a relabelling, perhaps by another rater, which names
    what it says again (`supersedes`).

    Three kinds are never live, and so never a label: one that its rater took back in time
    (`withdrawn_at`), one whose place was lost and that was kept all the same (not `counted`), and
    one of an item whose answer was known before (`gold`).
    """

    class Verdict(models.TextChoices):
        OK = "ok"
        ERROR = "error"

    # No index of their own: review_one_per_revision begins with the one, review_of_rater with the
    # other, and nobody looks for the reviews of a version.
    item = models.ForeignKey(
        ReviewItem, on_delete=models.PROTECT, related_name="reviews", db_index=False
    )
    rater = models.ForeignKey(
        Rater, on_delete=models.PROTECT, related_name="reviews", db_index=False
    )
    taxonomy_version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    revision = models.PositiveIntegerField(default=1)
    supersedes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="superseded_by"
    )
    live = models.BooleanField(default=True, help_text="not superseded by a later one")
    withdrawn_at = models.DateTimeField(null=True, blank=True, help_text="when it was undone")
    counted = models.BooleanField(
        default=True, db_default=True, help_text="whether its place was still the rater's"
    )
    gold = models.BooleanField(default=False, db_default=False, help_text="of a gold item, as such")
    authoritative = models.BooleanField(default=False, help_text="the adjudicator's word")
    blind = models.BooleanField(default=True)
    baseline = models.CharField(max_length=5, choices=Verdict, blank=True)
    candidate = models.CharField(max_length=5, choices=Verdict, blank=True)
    corrected_output = models.JSONField(null=True, blank=True)
    note = models.TextField(blank=True)
    duration_s = models.FloatField(null=True, blank=True)
    label_set = models.ForeignKey(
        LabelSet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reviews",
        db_index=False,  # review_label_set has it
    )
    reviewed_at = models.DateTimeField(
        null=True, blank=True, help_text="of one from elsewhere: when it was made"
    )
    submission = models.UUIDField(unique=True, help_text="made by the client: a repeat is the same")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["item", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "rater", "revision"], name="review_one_per_revision"
            ),
            models.UniqueConstraint(
                fields=["item", "rater"],
                condition=Q(gold=True, withdrawn_at=None),
                name="review_one_gold_per_rater",
            ),
            models.CheckConstraint(
                name="review_live_is_a_label",
                condition=Q(live=False) | Q(withdrawn_at=None, counted=True, gold=False),
            ),
            models.CheckConstraint(
                name="review_gold_is_blind",
                condition=Q(gold=False) | Q(blind=True, counted=True, authoritative=False),
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
        indexes = [
            models.Index(fields=["rater", "created_at"], name="review_of_rater"),
            models.Index(
                fields=["label_set"], condition=Q(label_set__isnull=False), name="review_label_set"
            ),
        ]

    def __str__(self) -> str:
        return f"review of {self.item} by {self.rater}"


class Finding(FoundError):
    class Side(models.TextChoices):
        BASELINE = "baseline"
        CANDIDATE = "candidate"

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="findings")
    side = models.CharField(max_length=9, choices=Side)
    # Of its review, repeated here so that a list reads one index; the database writes it.
    item = models.ForeignKey(
        ReviewItem,
        on_delete=models.DO_NOTHING,
        related_name="+",
        editable=False,
        db_constraint=False,
        db_index=False,
    )
    category = models.ForeignKey(
        Category,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="findings",
        db_index=False,  # finding_of_category has it
    )
    severity = models.ForeignKey(
        Severity, on_delete=models.PROTECT, null=True, blank=True, related_name="findings"
    )

    class Meta:
        ordering = ["review", "id"]
        constraints = whole("finding")
        indexes = [models.Index(fields=["category", "item"], name="finding_of_category")]

    def __str__(self) -> str:
        return f"{self.category or self.note} on {self.side}"
