"""The only way from a request to a project and what is in it.

An outsider gets 404: that a project exists is not theirs to know. A member whose role does not
allow an action gets 403 with words. docs/roles.md shows this table (a test holds them together).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, CharField, Model, QuerySet
from django.http import Http404

from evals.models import EvalSet, Project, Run
from evals.values import row_number
from reviewapp.models import (
    ApiToken,
    Membership,
    Promotion,
    Rater,
    Report,
    ReviewItem,
    Role,
    User,
)
from reviewapp.prepared import Given, Kept

T = TypeVar("T", bound=Model)
#: Raters of this process's reviewers, by project and user: asked for with each request, and once
#: made never changed.
_raters: dict[tuple[int, int], Rater] = {}

_MEMBER = Kept(
    lambda: (
        Membership.objects.filter(
            project__slug=Given("slug", CharField()), user_id=Given("user", BigIntegerField())
        )
        .select_related("project__taxonomy_version__taxonomy", "user")
        .defer("project__taxonomy_version__source")
    )
)
_ITEM = ReviewItem.objects.filter(
    project_id=Given("project", BigIntegerField()), pk=Given("pk", BigIntegerField())
)
_WHOLE = Kept(
    lambda: _ITEM.select_related(
        "run__baseline",
        "run__candidate",
        "run__taxonomy_version__taxonomy",
        "comparison__request",
        "comparison__baseline_output",
        "comparison__candidate_output",
    )
)
#: Columns of an item that a judgement of it needs.
_TO_JUDGE = Kept(
    lambda: _ITEM.select_related("run__taxonomy_version__taxonomy").only(
        *("project_id", "comparison_id", "state", "reopened_at", "resolved_at"),
        *("run__name", "run__seed", "run__state", "run__project_id", "run__sampling"),
        "run__several_raters",
        *("run__taxonomy_version__state", "run__taxonomy_version__number"),
        "run__taxonomy_version__taxonomy__name",
    )
)


class Action(StrEnum):
    """What a member does, in words that fill "may …"."""

    VIEW = "see the project, its runs and reports"
    REVIEW = "review items"
    ADJUDICATE = "adjudicate disputed items and requeue skipped ones"
    INGEST = "send traffic, outputs and labels"
    RUN = "define model versions, start and stop runs"
    EVALSET = "make and export eval sets, export labels"
    CONFIGURE = "change comparators, sampling plan, taxonomy and gate policy"
    DECIDE = "freeze reports, open and decide promotions"
    MEMBERS = "invite and remove members, change roles"


_ENGINEER = {Action.VIEW, Action.INGEST, Action.RUN, Action.EVALSET}
_LEAD = {*_ENGINEER, Action.REVIEW, Action.ADJUDICATE, Action.CONFIGURE, Action.DECIDE}
ALLOWED: dict[str, set[Action]] = {
    Role.REVIEWER: {Action.VIEW, Action.REVIEW},
    Role.ENGINEER: _ENGINEER,
    Role.LEAD: _LEAD,
    Role.OWNER: {*_LEAD, Action.MEMBERS},
}


@dataclass(frozen=True)
class Access:
    """A person in one project."""

    user: User
    project: Project
    role: str
    adjudicates: bool = False

    def may(self, action: Action) -> bool:
        """By their role; a reviewer whom a lead has named adjudicates too."""
        return action in ALLOWED[self.role] or (action == Action.ADJUDICATE and self.adjudicates)

    def require(self, action: Action) -> None:
        if not self.may(action):
            able = " or ".join(role for role, allowed in ALLOWED.items() if action in allowed)
            raise PermissionDenied(
                f"As {self.role} of {self.project.name} you may not {action}. "
                f"Ask a member who is {able}."
            )

    @property
    def can(self) -> dict[str, bool]:
        """For templates: `{% if access.can.review %}`."""
        return {action.name.lower(): self.may(action) for action in Action}

    def rater(self) -> Rater:
        """This person as one who judges; made when they first do, and the same from then on."""
        key = (self.project.pk, self.user.pk)
        if key not in _raters:
            _raters[key], _ = Rater.objects.get_or_create(
                project=self.project,
                user=self.user,
                defaults={"kind": Rater.Kind.MEMBER, "name": self.user.get_username()},
            )
        return _raters[key]

    def run(self, name: str) -> Run:
        return _found(
            Run.objects.filter(project=self.project, name=name).select_related(
                "baseline", "candidate", "evalset_version__evalset", "taxonomy_version__taxonomy"
            ),
            f"run {name!r}",
        )

    def item(self, pk: int) -> ReviewItem:
        """With everything that its page shows."""
        return self._item(_WHOLE, pk)

    def item_to_judge(self, pk: int) -> ReviewItem:
        """The same without its texts and whatever else a judgement without evidence does not
        need; what is asked for all the same is read then."""
        return self._item(_TO_JUDGE, pk)

    def _item(self, items: Kept[ReviewItem], pk: int) -> ReviewItem:
        found = items.first(project=self.project.pk, pk=pk) if pk < 2**63 else None
        if found is None:
            raise Http404(f"There is no item {pk} in this project.")
        found.project = self.project
        return found

    def promotion(self, number: int) -> Promotion:
        return _found(
            Promotion.objects.filter(project=self.project, number=number).select_related(
                "report__run__baseline", "report__run__candidate", "opened_by"
            ),
            f"promotion {number}",
        )

    def evalset(self, name: str) -> EvalSet:
        return _found(EvalSet.objects.filter(project=self.project, name=name), f"eval set {name!r}")


def frozen_report(run: Run, number: str) -> Report:
    """A frozen report of a run that the caller has access to, by its number as it was sent."""
    frozen = Report.objects.filter(run=run, frozen_at__isnull=False).select_related("frozen_by")
    return _found(frozen.filter(pk=row_number(number)), f"frozen report {number!r}")


def _found(queryset: QuerySet[T], what: str) -> T:
    # By a key: an order would be sorted for nothing, and joins tables for it.
    found = next(iter(queryset.order_by()[:1]), None)
    if found is None:
        raise Http404(f"There is no {what} in this project.")
    return found


def open_project(user: User | AnonymousUser, slug: str, action: Action = Action.VIEW) -> Access:
    """The user's access to a project. Raises Http404 for outsiders, PermissionDenied for members
    who may not do `action`."""
    known = user.is_authenticated and user.is_active
    found = _MEMBER.first(slug=slug, user=user.pk) if known else None
    if found is None:
        raise Http404(_OUTSIDE)
    return _opened(Access(found.user, found.project, found.role, found.adjudicates), action)


def open_by_token(token: ApiToken, slug: str, action: Action = Action.VIEW) -> Access:
    """The same for a token that `tokens.find` gave: it acts as the member who made it, with the
    role they have now. To every project but its own it is a stranger."""
    if token.project.slug != slug or token.role is None:
        raise Http404(_OUTSIDE)
    return _opened(Access(token.user, token.project, token.role, bool(token.adjudicates)), action)


_OUTSIDE = "There is no such project, or you are not a member of it."


def _opened(access: Access, action: Action) -> Access:
    access.require(action)
    return access


def projects_of(user: User | AnonymousUser) -> QuerySet[Membership]:
    if not isinstance(user, User):
        return Membership.objects.none()
    return Membership.objects.filter(user=user).select_related("project")
