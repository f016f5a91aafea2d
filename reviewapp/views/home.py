"""My projects: what waits for me in each, and where each candidate stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, Subquery, Window
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce, RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from evals.models import Project, Run
from reviewapp.access import ALLOWED, Action, projects_of
from reviewapp.actions import projects
from reviewapp.forms.pages import ProjectForm
from reviewapp.models import Membership, Report, Review, Slot, User

#: Runs that the home page shows of a project, the latest first.
SHOWN = 5
#: Where counting what waits stops.
MOST = 1_000


@dataclass(frozen=True)
class Mine:
    """One project as its member sees it on the home page."""

    membership: Membership
    may_review: bool
    waiting: int
    runs: list[Run]

    @property
    def waiting_said(self) -> str:
        return counted(self.waiting)


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, User)
    return render(request, "home.html", {"projects": _mine(request.user)})


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Anyone who is signed in may make a project; whoever makes it owns it."""
    assert isinstance(request.user, User)
    form = ProjectForm(request.POST or None)
    if form.is_valid():
        project = projects.create(**form.cleaned_data, by=request.user)
        messages.success(request, f"{project.name} is there, and it is yours.")
        return redirect("project", project.slug)
    return render(request, "project_new.html", {"form": form})


def waiting_for(user: User, project_ids: Iterable[int]) -> dict[int, int]:
    """Items by project that `user` can review now: as the claim sees it, with what they hold.
    Counted up to MOST; one more says that there are more."""
    now = timezone.now()
    mine = Q(state=Slot.State.CLAIMED, rater__user=user)
    ran_out = Q(state=Slot.State.CLAIMED, gold=False, lease_until__lt=now)
    free = Q(state=Slot.State.OPEN) | ran_out
    judged = Slot.objects.filter(item=OuterRef("item"), rater__user=user).exclude(
        state=Slot.State.CLAIMED
    )
    said = Review.objects.filter(item=OuterRef("item"), rater__user=user, live=True)
    # In the order of the queue's index, and no further than it takes to have seen that many.
    slots = Slot.objects.filter(
        mine | free,
        ~Exists(judged),
        project=OuterRef("pk"),
        state__in=[Slot.State.OPEN, Slot.State.CLAIMED],
    ).order_by("rank", "pk")
    # What is kept for somebody to relabel is theirs alone; nobody else judges an item twice.
    others = slots.filter(
        ~Exists(said.exclude(pk=Coalesce(OuterRef("relabels"), 0))), reserved_for=None
    )
    kept = slots.filter(reserved_for__user=user)
    rows = Project.objects.filter(pk__in=list(project_ids)).values_list(
        "pk",
        *(ArraySubquery(some.values("item")[: MOST + 1]) for some in (others, kept)),
    )
    return {pk: min(len({*for_all, *theirs}), MOST + 1) for pk, for_all, theirs in rows}


def counted(number: int) -> str:
    return f"{MOST:,}+" if number > MOST else f"{number:,}"


def with_verdict(runs: Any) -> Any:
    """Runs with `verdict`, the gate's result in the current report; None before the first."""
    current = Report.objects.filter(
        run=OuterRef("pk"), taxonomy_version=OuterRef("taxonomy_version"), frozen_at=None
    )
    return runs.annotate(verdict=Subquery(current.values(v=KT("data__gate__verdict"))[:1]))


def _mine(user: User) -> list[Mine]:
    memberships = list(projects_of(user))
    ids = [membership.project_id for membership in memberships]
    waiting = waiting_for(user, ids)
    place = Window(RowNumber(), partition_by=F("project"), order_by=F("started_at").desc())
    latest = Run.objects.filter(project__in=ids).exclude(state=Run.State.CANCELLED)
    runs: dict[int, list[Run]] = defaultdict(list)
    for run in (
        with_verdict(latest)
        .select_related("candidate", "baseline")
        .annotate(place=place)
        .filter(place__lte=SHOWN)
        .order_by("project", "place")
    ):
        runs[run.project_id].append(run)
    return [
        Mine(
            membership,
            may_review := Action.REVIEW in ALLOWED[membership.role],
            waiting.get(membership.project_id, 0) if may_review else 0,
            runs[membership.project_id],
        )
        for membership in memberships
    ]
