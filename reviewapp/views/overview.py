"""One project at a glance, and the one thing to do next."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from evals import compare
from evals.models import EvalSetVersion, ModelVersion, Run
from reviewapp import live
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import gold
from reviewapp.models import AuditEvent, Membership, Promotion, ReviewItem
from reviewapp.views.home import counted, waiting_for, with_verdict

EVENTS = 12


@dataclass(frozen=True)
class Step:
    """What to do next, in words, and where. `link` is empty where there is only to wait."""

    words: str
    link: str = ""
    label: str = ""
    send_data: bool = False


@login_required
@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug)
    project = access.project
    runs = project.runs.exclude(state=Run.State.CANCELLED).select_related("baseline", "candidate")
    run: Run | None = with_verdict(runs).order_by("-started_at").first()
    items = _items(access)
    models = list(project.models.order_by("name"))
    shown = [run.baseline, run.candidate] if run else models[:2]
    context = {
        "access": access,
        "section": "overview",
        "run": run,
        "progress": compare.progress(run) if run else None,
        "items": items,
        "models": models,
        "shown_models": shown,
        "members": Membership.objects.filter(project=project).select_related("user"),
        "events": _events(access)[:EVENTS],
        "step": _next_step(access, run, items, models),
        "panel": live.panel(access),
        "public_url": settings.PUBLIC_URL.rstrip("/"),
    }
    return render(request, "overview.html", context)


def _events(access: Access) -> QuerySet[AuditEvent]:
    """What happened, the newest first. Which items are gold is for leads to know."""
    events = AuditEvent.objects.filter(project=access.project).order_by("-id")
    return events if access.may(Action.CONFIGURE) else events.exclude(verb__in=gold.VERBS)


def _items(access: Access) -> dict[str, int]:
    """Items of runs that are not cancelled, by state."""
    counts = dict.fromkeys(ReviewItem.State.values, 0)
    rows = (
        ReviewItem.objects.filter(project=access.project)
        .exclude(run__state=Run.State.CANCELLED)
        .values_list("state")
        .annotate(count=Count("id"))
        .order_by()
    )
    return {**counts, **dict(rows)}


def _next_step(
    access: Access, run: Run | None, items: dict[str, int], models: list[ModelVersion]
) -> Step:
    """The first thing that this person can do and that holds up the rest."""
    may = access.can
    promotions = Promotion.objects.filter(project=access.project, state=Promotion.State.OPEN)
    promotion = promotions.order_by("number").first()
    if promotion and may["decide"]:
        words = f"Promotion {promotion.number} waits for a decision."
        return Step(words, _url(access, "promotion", promotion.number), "Read it and decide")
    if run is None:
        return _begin(access, models)
    if run.state == Run.State.PAUSED and may["run"]:
        words = f"{run.name} is paused: {run.state_reason or 'no reason was given'}."
        return Step(words, _url(access, "run", run.name), "See what to do and resume")
    mine = waiting_for(access.user, [access.project.pk]).get(access.project.pk, 0)
    if mine and may["review"]:
        words = f"{_wait(mine, counted(mine))} for you."
        return Step(words, _url(access, "desk"), "Review the next one")
    if items["disputed"] and may["adjudicate"]:
        words = f"{_wait(items['disputed'])} for adjudication: the reviewers differ."
        return Step(words, _url(access, "adjudicate"), "Adjudicate")
    if run.state in (Run.State.RUNNING, Run.State.PAUSED):
        return Step(
            f"{run.name} is {run.state}.", _url(access, "run", run.name), "See its progress"
        )
    if waiting := items["pending"] + items["disputed"]:
        return Step(f"{_wait(waiting)} for reviewers.", _url(access, "queue"), "See the queue")
    words = f"Nothing waits in the queue: the report on {run.name} says what was found."
    if promotion:
        words = f"Promotion {promotion.number} waits for a decision by a lead or an owner."
    return Step(words, _url(access, "report", run.name), "Read the report")


def _wait(count: int, said: str = "") -> str:
    return "1 item waits" if count == 1 else f"{said or f'{count:,}'} items wait"


def _begin(access: Access, models: list[ModelVersion]) -> Step:
    may_run, may_send = access.can["run"], access.can["ingest"]
    if not may_run:
        return Step("No run has been started yet. An engineer, a lead or an owner starts one.")
    if len(models) < 2:
        words = (
            "Define two model versions: the one in production and the candidate."
            if not models
            else f"Define a second model version to hold against {models[0].name}."
        )
        return Step(words, _url(access, "model_new"), "Define a model version")
    project = access.project
    has_evalset = EvalSetVersion.objects.filter(evalset__project=project, size__gt=0).exists()
    if not has_evalset and not project.requests.exists() and may_send:
        words = "Send traffic, or make an eval set of requests with known correct outputs."
        return Step(words, _url(access, "evalset_new"), "Make an eval set", send_data=True)
    return Step("Start a run of the two versions.", _url(access, "run_new"), "Start a run")


def _url(access: Access, name: str, *args: object) -> str:
    return reverse(name, args=[access.project.slug, *args])
