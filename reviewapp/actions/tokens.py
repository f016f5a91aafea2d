"""API tokens: each acts in one project as the member who made it. Shown once, kept as a digest."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone

from evals.models import Project
from reviewapp.actions import audit
from reviewapp.actions.members import digest
from reviewapp.models import ApiToken, User


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


def find(secret: str) -> ApiToken | None:
    """The live token behind a secret; its use is noted once a minute."""
    live = ApiToken.objects.select_related("user", "project").filter(
        digest=digest(secret), revoked_at=None, user__is_active=True
    )
    # Asked for with each request: no order, and no column that nobody reads.
    needed = live.only("last_used_at", "user__username", "user__is_active", "project__slug")
    token = next(iter(needed.order_by()[:1]), None)
    now = timezone.now()
    if token and (not token.last_used_at or (now - token.last_used_at).total_seconds() > 60):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
