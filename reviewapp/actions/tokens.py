"""API tokens: each acts in one project as the member who made it. Shown once, kept as a digest."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.db.models import CharField, F, FilteredRelation, Q
from django.utils import timezone

from evals.models import Project
from reviewapp.actions import audit
from reviewapp.actions.members import digest
from reviewapp.models import ApiToken, User
from reviewapp.prepared import Given, Kept


@transaction.atomic
def make(*, project: Project, name: str, by: User) -> tuple[ApiToken, str]:
    secret = "cc_" + secrets.token_urlsafe(30)
    token = ApiToken.objects.create(
        project=project, user=by, name=name, prefix=secret[:8], digest=digest(secret)
    )
    audit.record(project=project, by=by, verb="made token", subject=token)
    return token, secret


@transaction.atomic
def revoke(*, token: ApiToken, by: User) -> None:
    token.revoked_at = token.revoked_at or timezone.now()
    token.save(update_fields=["revoked_at"])
    audit.record(project=token.project, by=by, verb="revoked token", subject=token)


# With whom it acts as, in which project: all that a request by token asks of who sends it.
_LIVE = Kept(
    lambda: (
        ApiToken.objects.filter(
            digest=Given("digest", CharField()), revoked_at=None, user__is_active=True
        )
        .annotate(
            maker=FilteredRelation(
                "project__memberships", condition=Q(project__memberships__user=F("user"))
            ),
            role=F("maker__role"),  # type: ignore[no-redef]
            adjudicates=F("maker__adjudicates"),
        )
        .select_related("user", "project__taxonomy_version__taxonomy")
        .defer("project__taxonomy_version__source")
    )
)


def find(secret: str) -> ApiToken | None:
    """The live token behind a secret, with its user, its project and the role that they have there
    now; its use is noted once a minute."""
    token = _LIVE.first(digest=digest(secret))
    now = timezone.now()
    if token and (not token.last_used_at or (now - token.last_used_at).total_seconds() > 60):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
