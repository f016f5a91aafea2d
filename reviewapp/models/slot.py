from __future__ import annotations

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from evals.models import Project
from reviewapp.models.people import Rater, User
from reviewapp.models.review import Review, ReviewItem
from taxonomy.models import TaxonomyVersion


class Exposure(models.Model):
    """Somebody was shown which side of an item is which, so what they say of it later is not
    blind. Kept for good, whatever becomes of the item."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="exposures")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "user"], name="exposure_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} saw the sides of {self.item}"


class SlotQuerySet(models.QuerySet["Slot"]):
    def waiting(self) -> SlotQuerySet:
        """Open ones, and those that somebody holds; not the places of gold items."""
        return self.filter(state__in=[Slot.State.OPEN, Slot.State.CLAIMED], gold=False)

    def relabelling(self) -> SlotQuerySet:
        """Those at which a review is to be said again in another taxonomy version."""
        return self.waiting().filter(relabels__isnull=False)

    def open_to(self, rater: Rater) -> SlotQuerySet:
        """As the claim sees it: those that the rater may take or holds. An item that they have
        reviewed is theirs again only where that review is to be relabelled."""
        taken = Slot.objects.filter(item=OuterRef("item"), rater=rater).exclude(
            state=Slot.State.CLAIMED
        )
        said = Review.objects.filter(item=OuterRef("item"), rater=rater, live=True)
        return self.waiting().filter(
            Q(reserved_for=None) & ~Exists(said.exclude(pk=Coalesce(OuterRef("relabels"), 0)))
            | Q(reserved_for=rater),
            ~Exists(taken),
        )


class Slot(models.Model):
    """One place for one reviewer on an item. An expired lease counts as open in the claim.

    A reviewer holds at most two: the one they are at, and one that was fetched `ahead`.

    A place at which a review is to be relabelled names it (`relabels`) and, while its rater may
    review, is kept for them (`reserved_for`). One on a `gold` item is made when it is claimed and
    is never anybody else's.
    """

    class State(models.TextChoices):
        OPEN = "open"
        CLAIMED = "claimed"
        SUBMITTED = "submitted"
        SKIPPED = "skipped"

    class SkipKind(models.TextChoices):
        FIELD = "field", "Not my field"
        UNCLEAR = "unclear", "It cannot be judged from what is shown"
        LANGUAGE = "language", "I do not read this language"
        LONG = "long", "Too long for now"
        OTHER = "other", "Another reason"

    item = models.ForeignKey(
        ReviewItem,
        on_delete=models.CASCADE,
        related_name="slots",
        db_index=False,  # slot_one_per_rater begins with it
    )
    number = models.PositiveSmallIntegerField()
    # Of the item, repeated here so that a claim reads one index.
    project = models.ForeignKey(
        Project,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # slot_claimable begins with it
    )
    rank = models.FloatField()
    state = models.CharField(max_length=9, choices=State, default=State.OPEN)
    rater = models.ForeignKey(
        Rater,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="slots",
        db_index=False,  # what they hold: slot_one_lease_and_one_ahead
    )
    ahead = models.BooleanField(
        default=False, db_default=False, help_text="fetched ahead of the one its rater is at"
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    skip_kind = models.CharField(max_length=8, choices=SkipKind, blank=True, db_default="")
    skip_reason = models.CharField(max_length=300, blank=True)
    gold = models.BooleanField(default=False, db_default=False)
    relabels = models.ForeignKey(
        Review,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,  # slot_relabels has it
    )
    reserved_for = models.ForeignKey(
        Rater,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,  # slot_reserved has it
    )

    objects = SlotQuerySet.as_manager()

    class Meta:
        ordering = ["item", "number"]
        constraints = [
            models.UniqueConstraint(
                fields=["item", "number"], condition=Q(gold=False), name="slot_one_per_number"
            ),
            models.UniqueConstraint(fields=["item", "rater"], name="slot_one_per_rater"),
            models.UniqueConstraint(
                fields=["rater", "ahead"],
                condition=Q(state="claimed"),
                name="slot_one_lease_and_one_ahead",
            ),
            models.CheckConstraint(
                name="slot_number_from_1_to_9",
                condition=Q(gold=False, number__range=(1, 9)) | Q(gold=True, number=0),
            ),
            models.CheckConstraint(
                name="slot_ahead_is_claimed", condition=Q(ahead=False) | Q(state="claimed")
            ),
            models.CheckConstraint(
                name="slot_gold_is_its_raters",
                condition=Q(gold=False) | Q(rater__isnull=False, relabels=None, reserved_for=None),
            ),
            models.CheckConstraint(
                name="slot_state_is_whole",
                condition=Q(state="open", rater=None, lease_until=None, closed_at=None)
                | Q(state="claimed", rater__isnull=False, lease_until__isnull=False, closed_at=None)
                | Q(state__in=["submitted", "skipped"], closed_at__isnull=False)
                & Q(rater__isnull=False, lease_until=None),
            ),
            models.CheckConstraint(
                name="slot_reserved_to_relabel",
                condition=Q(reserved_for=None) | Q(relabels__isnull=False),
            ),
            models.CheckConstraint(
                name="slot_reserved_is_kept",
                condition=Q(reserved_for=None) | Q(rater=None) | Q(rater=F("reserved_for")),
            ),
        ]
        indexes = [
            # Two, so that no claim walks over places that are kept for others.
            models.Index(
                fields=["project", "rank", "id"],
                condition=Q(state__in=["open", "claimed"], reserved_for=None),
                name="slot_claimable",
            ),
            models.Index(
                fields=["reserved_for", "rank", "id"],
                condition=Q(state__in=["open", "claimed"], reserved_for__isnull=False),
                name="slot_reserved",
            ),
            # Each claim and each submission writes every index: not for what is nearly always null.
            models.Index(
                fields=["relabels"], condition=Q(relabels__isnull=False), name="slot_relabels"
            ),
        ]

    def __str__(self) -> str:
        return f"slot {self.number} of {self.item}"


class Draft(models.Model):
    """What a reviewer has typed on an item and not submitted, in their own A and B and in the
    words of one taxonomy version."""

    item = models.ForeignKey(ReviewItem, on_delete=models.CASCADE, related_name="drafts")
    rater = models.ForeignKey(Rater, on_delete=models.CASCADE, related_name="drafts")
    taxonomy_version = models.ForeignKey(
        TaxonomyVersion, on_delete=models.PROTECT, related_name="+"
    )
    body = models.JSONField()
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "rater"], name="draft_one_per_rater"),
        ]

    def __str__(self) -> str:
        return f"draft on {self.item}"
