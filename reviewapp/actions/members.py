"""Members, and the one-time links by which people become members. Links are shown once: the
database keeps digests only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from evals.models import Project
from reviewapp.access import ALLOWED, Action
from reviewapp.actions import audit, relabel
from reviewapp.actions.audit import By
from reviewapp.models import Invitation, Membership, Role, User

VALID = timedelta(days=7)


class InvitationSpent(Exception):
    """A link that was used, has run out or never was; the message says what to do."""


class LastOwner(Exception):
    """A project keeps at least one owner."""


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def first_account_secret() -> str | None:
    """The secret of a fresh link that makes the first account, or None where accounts exist.
    Earlier links stop working."""
    if User.objects.exists():
        return None
    Invitation.objects.filter(project=None, accepted_at=None).delete()
    secret = secrets.token_urlsafe(24)
    Invitation.objects.create(digest=digest(secret), expires_at=timezone.now() + VALID)
    return secret


@transaction.atomic
def invite(*, project: Project, role: str, note: str = "", by: User) -> str:
    """The secret of a link that makes one person a member."""
    secret = secrets.token_urlsafe(24)
    invitation = Invitation.objects.create(
        project=project,
        role=Role(role),
        note=note,
        digest=digest(secret),
        created_by=by,
        expires_at=timezone.now() + VALID,
    )
    audit.record(
        project=project, by=by, verb="invited", subject=note or role, data={"role": invitation.role}
    )
    return secret


@transaction.atomic
def withdraw(*, invitation: Invitation, by: User) -> None:
    """Takes an open link back: it stops working."""
    project = invitation.project
    assert project is not None
    deleted, _ = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).delete()
    if not deleted:
        raise InvitationSpent("This link was used already: remove the member instead.")
    whom = invitation.note or invitation.role
    audit.record(project=project, by=by, verb="withdrew the link for", subject=whom)


def find(secret: str, by: User | None = None) -> Invitation:
    """The open invitation behind a link; `by`: who accepts it. Raises InvitationSpent."""
    invitation = Invitation.objects.select_related("project").filter(digest=digest(secret)).first()
    if invitation is None or invitation.accepted_at or invitation.expires_at < timezone.now():
        raise InvitationSpent(
            "This link was used already, has run out, or was replaced by a newer one. "
            "Ask whoever sent it for a new link."
        )
    others = User.objects.exclude(pk=by.pk) if by else User.objects.all()
    if invitation.project is None and others.exists():
        raise InvitationSpent("The first account exists: sign in, or ask its owner for a link.")
    return invitation


@transaction.atomic
def accept(*, secret: str, user: User) -> Membership | None:
    """Makes `user` a member by a link; None for the link of the first account.
    A member who follows a link keeps the role they have."""
    invitation = find(secret, user)
    spent = Invitation.objects.filter(pk=invitation.pk, accepted_at=None).update(
        accepted_by=user, accepted_at=timezone.now()
    )
    if not spent:
        raise InvitationSpent("This link was used a moment ago. Ask for a new one.")
    if invitation.project is None:
        return None
    membership, made = Membership.objects.get_or_create(
        project=invitation.project, user=user, defaults={"role": invitation.role}
    )
    if made:
        audit.record(project=invitation.project, by=user, verb="joined as", subject=membership.role)
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: str, by: User) -> None:
    _keep_an_owner(membership, role)
    before, membership.role = membership.role, Role(role)
    membership.adjudicates &= role == Role.REVIEWER
    membership.save(update_fields=["role", "adjudicates"])
    if Action.REVIEW not in ALLOWED[role]:
        relabel.free(project=membership.project, user=membership.user)
    audit.record(
        project=membership.project,
        by=by,
        verb="changed the role of",
        subject=membership.user,
        data={"from": before, "to": role},
    )


@transaction.atomic
def name_adjudicators(*, project: Project, usernames: Collection[str], by: By) -> list[str]:
    """The reviewers who adjudicate beside leads and owners: these and no others. Gives their names.
    Raises ValueError for somebody who is no reviewer here."""
    rows = Membership.objects.select_for_update(of=("self",)).filter(project=project)
    reviewers = {
        row.user.get_username(): row
        for row in rows.filter(role=Role.REVIEWER).select_related("user")
    }
    if unknown := sorted(set(usernames) - set(reviewers)):
        raise ValueError(f"{unknown[0]} is no reviewer of {project.name}")
    before = sorted(name for name, row in reviewers.items() if row.adjudicates)
    after = sorted(set(usernames))
    if before != after:
        for name, row in reviewers.items():
            row.adjudicates = name in after
        Membership.objects.bulk_update(reviewers.values(), ["adjudicates"])
        data: dict[str, object] = {"from": before, "to": after}
        audit.record(project=project, by=by, verb="named adjudicators", subject=project, data=data)
    return after


@transaction.atomic
def remove(*, membership: Membership, by: User) -> None:
    """Takes membership and tokens away; what the person judged stays."""
    if not Membership.objects.filter(pk=membership.pk).exists():
        return  # somebody else has removed them a moment ago
    _keep_an_owner(membership, None)
    membership.user.tokens.filter(project=membership.project, revoked_at=None).update(
        revoked_at=timezone.now()
    )
    relabel.free(project=membership.project, user=membership.user)
    audit.record(project=membership.project, by=by, verb="removed", subject=membership.user)
    membership.delete()


def _keep_an_owner(membership: Membership, role: str | None) -> None:
    Project.objects.select_for_update(no_key=True).get(pk=membership.project_id)
    membership.refresh_from_db()  # the role may have changed before the lock was ours
    if membership.role != Role.OWNER or role == Role.OWNER:
        return
    owners = Membership.objects.filter(project=membership.project, role=Role.OWNER)
    if not owners.exclude(pk=membership.pk).exists():
        raise LastOwner("A project needs an owner: make somebody else one first.")
