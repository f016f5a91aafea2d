"""What a label can be: a taxonomy, its versions, and each version's categories and severities.

A published version never changes (a trigger in the database refuses it): labels that were made
in it keep their meaning. A change is a new version.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


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
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    title = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    source = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["taxonomy", "number"]
        constraints = [
            models.UniqueConstraint(fields=["taxonomy", "number"], name="version_one_per_number"),
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
