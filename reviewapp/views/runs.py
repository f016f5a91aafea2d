"""Runs: started, watched, paused, closed, cancelled."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count, IntegerField, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evals.models import Comparison, Run, Stratum
from evals.recompute import under_way
from evals.sampling import SamplingPlan
from evals.values import row_number
from reviewapp import again, watch, workers
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import limits as limit_actions
from reviewapp.actions import runs as actions
from reviewapp.desk import gold
from reviewapp.forms.pages import RunForm, RunLimitsForm
from reviewapp.models import Review, ReviewItem, Slot
from reviewapp.reports import measured
from reviewapp.reports.noise_words import noise_in_words
from reviewapp.views.home import with_verdict

PAGE = 50
VERBS = {
    "pause": (actions.pause, "is paused: what is in flight is kept, nothing more is asked."),
    "resume": (actions.resume, "goes on."),
    "close": (actions.close, "is closed: an output that was not uploaded by now counts as failed."),
    "cancel": (actions.cancel, "is cancelled. Its outputs and reviews are kept."),
}


@login_required
@require_GET
def runs(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug)
    found = with_verdict(access.project.runs.select_related("baseline", "candidate"))
    strata = Stratum.objects.filter(run=OuterRef("pk")).order_by().values("run")
    waiting = (
        ReviewItem.objects.filter(run=OuterRef("pk"), state=ReviewItem.State.PENDING)
        .order_by()
        .values("run")
    )
    found = found.annotate(
        compared=_number(strata.annotate(n=Sum("size")).values("n")),
        waiting=_number(waiting.annotate(n=Count("id")).values("n")),
    ).select_related("evalset_version__evalset")
    page = Paginator(found.order_by("-started_at"), PAGE).get_page(request.GET.get("page"))
    context = {
        "access": access,
        "section": "runs",
        "page": page,
        "models": access.project.models.count(),
    }
    return render(request, "runs.html", context)


def _number(subquery: Any) -> Coalesce:
    return Coalesce(Subquery(subquery, output_field=IntegerField()), Value(0))


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.RUN)
    form = RunForm(access.project, request.POST or None, initial=_proposed(access))
    if form.is_valid():
        try:
            run = actions.start(project=access.project, by=access.user, **form.cleaned_data)
        except ValueError as error:  # also where comparators or the sampling plan are broken
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{run.name} has started.")
            return redirect("run", slug, run.name)
    context = {
        "access": access,
        "section": "runs",
        "form": form,
        "models": access.project.models.count(),
        "traffic": access.project.requests.filter(source="traffic").count(),
        "evalsets": access.project.evalsets.count(),
    }
    return render(request, "run_new.html", context)


def _proposed(access: Access) -> dict[str, Any]:
    """The latest run's baseline against the newest other model version, over the share of traffic
    that the sampling plan says."""
    latest = access.project.runs.order_by("-started_at").first()
    models = list(access.project.models.order_by("-created_at")[:2])
    baseline = latest.baseline_id if latest else models[-1].pk if models else None
    candidate = next((model.pk for model in models if model.pk != baseline), None)
    plan = SamplingPlan.parse(access.project.sampling)
    share = f"{round(100 * plan.traffic_share, 6):g}"
    return {"baseline": baseline, "candidate": candidate, "share": share}


@login_required
@require_GET
def run(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """A run. htmx asks for one part of it: its progress every two seconds, or other comparisons."""
    access = open_project(request.user, slug)
    found = access.run(run)
    context: dict[str, Any] = {"access": access, "section": "runs", "run": found}
    target = request.htmx.target if request.htmx else None  # type: ignore[attr-defined]
    if target == "progress":
        response = render(request, "run.html#progress", context | _watched(found))
        if found.state != Run.State.RUNNING:
            response["HX-Refresh"] = "true"
        return response
    if target == "again":
        response = render(request, "run.html#again", context | {"again": again.of(found)})
        if not under_way(found):
            response["HX-Refresh"] = "true"
        return response
    outcome, after = request.GET.get("outcome", ""), request.GET.get("after", "")
    context |= _comparisons(access, found, outcome, after)
    if target == "comparisons":
        return render(request, "run.html#comparisons", context)
    context |= _watched(found) | {
        "strata": watch.strata(found),
        "failures": watch.failures(found),
        "noise": watch.noise(found),
        "noise_words": _noise_words(found),
        "again": again.of(found),
        "late": watch.late(found),
        "lost": _lost(found),
        "limits": RunLimitsForm(found),
        "share": 100 * found.sampling["traffic_share"],
    }
    return render(request, "run.html", context)


def _noise_words(run: Run) -> list[str]:
    found = measured.noise(run)
    return noise_in_words(found) if found else []


def _watched(run: Run) -> dict[str, Any]:
    running = run.state == Run.State.RUNNING
    return {
        "pace": watch.pace(run),
        "money": watch.money(run),
        "resting": watch.resting(run) if running else [],
        "days_left": watch.days_left(run),
        "workers": workers.alive() if running else True,
    }


def _comparisons(access: Access, run: Run, outcome: str, after: str) -> dict[str, Any]:
    """A page of a run's comparisons. Nothing in it ties a text to a side, or says who was right:
    their items may still be unresolved. Nor which one is the gold item that the person is at."""
    found = Comparison.objects.filter(run=run).order_by("id")
    if outcome in Comparison.Outcome.values:
        found = found.filter(outcome=outcome)
    elif outcome == "pending":
        found = found.filter(outcome=None)
    found = found.filter(pk__gt=row_number(after))
    rows = list(
        found.select_related("request", "item").only(
            *("run_id", "outcome", "reason", "path", "similarity", "stratum"),
            *("request__key", "item__state"),
        )[: PAGE + 1]
    )
    masked = set(gold.masked(access.user))
    for item in (row.item for row in rows if hasattr(row, "item")):
        if item.pk in masked:
            item.state = ReviewItem.State.PENDING
    return {
        "rows": rows[:PAGE],
        "outcome": outcome,
        "outcomes": [*Comparison.Outcome.values, "pending"],
        "after": after,
        "more": rows[PAGE - 1].pk if len(rows) > PAGE else None,
    }


def _lost(run: Run) -> dict[str, int]:
    """What cancelling or closing the run gives up, for the question before it."""
    open_slots = Slot.objects.waiting().filter(item__run=run)
    return {
        "items": open_slots.values("item").distinct().count(),
        "reviews": Review.objects.filter(item__run=run, live=True).count(),
        "pending": Comparison.objects.filter(run=run, outcome=None).count(),
    }


@login_required
@require_POST
def limits(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """Changes the cap on what a run may spend, and raises its share of the traffic."""
    access = open_project(request.user, slug, Action.RUN)
    found = access.run(run)
    form = RunLimitsForm(found, request.POST)
    if form.is_valid():
        try:
            limit_actions.change(run=found, by=access.user, **form.limits)
            messages.success(request, f"The limits of {found.name} are changed.")
        except actions.RunError as error:
            messages.error(request, str(error))
    else:
        for name, problems in form.errors.items():
            messages.error(request, f"{form.fields[name].label}: {' '.join(map(str, problems))}")
    return redirect("run", slug, run)


@login_required
@require_POST
def change(request: HttpRequest, slug: str, run: str, verb: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.RUN)
    if verb not in VERBS:
        raise Http404(f"A run cannot be told to {verb}: there are {', '.join(VERBS)}.")
    act, done = VERBS[verb]
    found = access.run(run)
    try:
        act(run=found, by=access.user)
        messages.success(request, f"{found.name} {done}")
    except actions.RunError as error:
        messages.error(request, str(error))
    return redirect("run", slug, run)
