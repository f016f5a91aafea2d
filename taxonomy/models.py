"""What a label can be: a taxonomy, its versions, and each version's categories and severities.

A published version never changes (a trigger in the database refuses it): labels that were made
in it keep their meaning. A change is a new version, which says what became of each category and
severity of the one it is based on (taxonomy/maps.py has the words for that).
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


class Taxonomy(models.Model):
    """A named taxonomy of one project. The project is a plain slug: evals stands above us."""

    project = models.SlugField(max_length=60)
    name = models.SlugField(max_length=60)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="taxonomy_one_per_name"),
        ]

    def __str__(self) -> str:
        return self.name


class TaxonomyVersion(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft"
        PUBLISHED = "published"
        RETIRED = "retired"

    taxonomy = models.ForeignKey(Taxonomy, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    based_on = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="successors"
    )
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    source = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    revision = models.PositiveIntegerField(
        default=1, help_text="counts the edits of a draft: an edit names the one it was made on"
    )
    edited_by = models.CharField(max_length=150, blank=True)
    edited_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["taxonomy", "number"]
        constraints = [
            models.UniqueConstraint(fields=["taxonomy", "number"], name="version_one_per_number"),
            models.UniqueConstraint(
                fields=["taxonomy"], condition=Q(state="draft"), name="version_one_draft"
            ),
            models.CheckConstraint(
                name="version_not_based_on_itself", condition=~Q(based_on=F("id"))
            ),
            models.CheckConstraint(
                name="version_published_has_digest",
                condition=Q(state="draft", published_at=None)
                | Q(published_at__isnull=False) & ~Q(digest="") & ~Q(state="draft"),
            ),
        ]

    def __str__(self) -> str:
        """As in label records: `support@2`."""
        return f"{self.taxonomy.name}@{self.number}"

    def leaves(self) -> models.QuerySet[Category]:
        """The categories that a finding can have; those above them are headings."""
        return self.categories.filter(children=None)


class Severity(models.Model):
    version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.CASCADE, related_name="severities"
    )
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    weight = models.DecimalField(max_digits=8, decimal_places=3)
    hotkey = models.CharField(max_length=1, blank=True)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="severity_one_per_key"),
            models.UniqueConstraint(
                fields=["version", "hotkey"],
                condition=~Q(hotkey=""),
                name="severity_one_per_hotkey",
            ),
            models.CheckConstraint(name="severity_weight_not_negative", condition=Q(weight__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.CASCADE, related_name="categories"
    )
    key = models.CharField(max_length=120)
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=80)
    definition = models.TextField()
    use_when = models.TextField(blank=True)
    avoid_when = models.TextField(blank=True)
    examples = models.JSONField(default=list)
    critical = models.BooleanField(default=False)
    evidence_required = models.BooleanField(default=False)
    default_severity = models.ForeignKey(
        Severity, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    hotkey = models.CharField(max_length=1, blank=True)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["version", "position"]
        verbose_name_plural = "categories"
        constraints = [
            models.UniqueConstraint(fields=["version", "key"], name="category_one_per_key"),
            models.UniqueConstraint(
                fields=["version", "hotkey"],
                condition=~Q(hotkey=""),
                name="category_one_per_hotkey",
            ),
            models.CheckConstraint(
                name="category_not_its_own_parent", condition=~Q(parent=F("id"))
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CategoryWeight(models.Model):
    """A category that weighs a severity otherwise than the version does."""

    category = models.ForeignKey(Category, on_delete=models.CASCADE, related_name="weights")
    severity = models.ForeignKey(Severity, on_delete=models.CASCADE, related_name="overrides")
    weight = models.DecimalField(max_digits=8, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["category", "severity"], name="weight_one_per_pair"),
            models.CheckConstraint(name="weight_not_negative", condition=Q(weight__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.category} × {self.severity}: {self.weight}"


class CategoryMove(models.Model):
    """Where a leaf category of the version before went: one row a target, none for a target that
    it has not got. Without a target it was retired; with several, or with `relabel`, a label of it
    does not say which, and somebody has to."""

    version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.CASCADE, related_name="category_moves"
    )
    old = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="+")
    new = models.ForeignKey(
        Category, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    relabel = models.BooleanField(default=False, help_text="the name stayed, the meaning did not")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version", "old", "new"], name="move_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="move_retired_is_not_relabelled",
                condition=Q(new__isnull=False) | Q(relabel=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old.key} → {self.new.key if self.new else 'retired'}"


class SeverityMove(models.Model):
    """What a severity of the version before became; without a `new` one it was retired."""

    version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.CASCADE, related_name="severity_moves"
    )
    old = models.ForeignKey(Severity, on_delete=models.PROTECT, related_name="+")
    new = models.ForeignKey(
        Severity, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "old"], name="severity_moves_once"),
        ]

    def __str__(self) -> str:
        return f"{self.old.key} → {self.new.key if self.new else 'retired'}"


class DraftEdit(models.Model):
    """One edit of a draft: who made which change, and what the draft was before it, to undo it.
    What it was is forgotten when it is published, or too many edits ago."""

    version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.CASCADE, related_name="draft_edits"
    )
    revision = models.PositiveIntegerField(help_text="the one that it made")
    by = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)
    said = models.TextField(help_text="the change, in words")
    before = models.JSONField(null=True, blank=True, help_text="the draft before, to undo it")
    undone = models.BooleanField(default=False)

    class Meta:
        ordering = ["version", "revision"]
        constraints = [
            models.UniqueConstraint(
                fields=["version", "revision"], name="draft_edit_one_per_revision"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.said}"
