from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q

from evals.models import Project


class User(AbstractUser):
    """A person. Ours from the start, so that it can grow."""


class Role(models.TextChoices):
    """What a member may do; docs/roles.md has the table, reviewapp/access.py the rule."""

    REVIEWER = "reviewer"
    ENGINEER = "engineer"
    LEAD = "lead"
    OWNER = "owner"


class Membership(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    adjudicates = models.BooleanField(
        default=False, db_default=False, help_text="a reviewer who may adjudicate too"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["project", "user__username"]
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="membership_one_per_user"),
            models.CheckConstraint(
                name="membership_named_is_a_reviewer",
                condition=Q(adjudicates=False) | Q(role="reviewer"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


class Invitation(models.Model):
    """A one-time link. Without a project it makes the first account of an installation."""

    project = models.ForeignKey(
        Project, on_delete=models.CASCADE, null=True, blank=True, related_name="invitations"
    )
    role = models.CharField(max_length=10, choices=Role, blank=True)
    note = models.CharField(max_length=150, blank=True, help_text="for whom it is")
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                name="invitation_to_a_role",
                condition=Q(project=None, role="") | Q(project__isnull=False) & ~Q(role=""),
            ),
            models.CheckConstraint(
                name="invitation_accepted_by_someone",
                condition=Q(accepted_by=None, accepted_at=None)
                | Q(accepted_by__isnull=False, accepted_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"invitation to {self.project or 'this installation'}"


class ApiToken(models.Model):
    """Acts in one project as the member who made it. Only the digest is stored."""

    #: As whom it acts, where `tokens.find` read it: None where they are a member no more.
    role: str | None
    adjudicates: bool | None

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tokens")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class Rater(models.Model):
    """Whoever judged: a member, a name that came with imported labels, or a script."""

    class Kind(models.TextChoices):
        MEMBER = "member"
        IMPORTED = "imported"
        SCRIPT = "script"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="raters")
    kind = models.CharField(max_length=8, choices=Kind)
    user = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="raters"
    )
    name = models.CharField(max_length=200)
    about = models.CharField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        help_text="what an imported one is, as the import said: expert, model …",
    )

    class Meta:
        ordering = ["project", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "user"],
                condition=Q(user__isnull=False),
                name="rater_one_per_member",
            ),
            models.UniqueConstraint(
                fields=["project", "kind", "name"],
                condition=Q(user=None),
                name="rater_one_per_name",
            ),
            models.CheckConstraint(
                name="rater_member_is_a_user",
                condition=Q(kind="member", user__isnull=False) | ~Q(kind="member") & Q(user=None),
            ),
        ]

    def __str__(self) -> str:
        return self.name
