"""Comparators: edited, tried on what a run has compared, saved; and a run compared again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evals.comparators import (
    COMPARATOR_HELP,
    EXTRACTOR_HELP,
    NORMALISER_HELP,
    ConfigError,
    Pipeline,
)
from evals.models import Run
from reviewapp import trying
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import comparators as actions
from reviewapp.actions import projects
from reviewapp.examples import COMPARATORS
from reviewapp.forms.configuration import ComparatorsForm

#: Runs that a pipeline can be tried on.
RUNS = 20


@login_required
@require_http_methods(["GET", "POST"])
def comparators(request: HttpRequest, slug: str) -> HttpResponse:
    """Anybody of the project may look; who may configure edits, tries and saves."""
    posted = request.method == "POST"
    access = open_project(request.user, slug, Action.CONFIGURE if posted else Action.VIEW)
    config: Any = access.project.pipeline
    if example := COMPARATORS.get(request.GET.get("example", "")):
        config = example.config
    form = ComparatorsForm(request.POST or None, initial={"config": config})
    problems: list[tuple[str, str]] = []
    if form.is_valid():
        config = form.cleaned_data["config"]
        try:
            projects.set_pipeline(project=access.project, pipeline=config, by=access.user)
        except ConfigError as error:
            problems = error.problems
        else:
            messages.success(request, "Runs that start from now on use these comparators.")
            return redirect("settings_comparators", slug)
    context = _context(access) | {"form": form, "problems": problems, "example": example}
    return render(request, "settings_comparators.html", context)


def _context(access: Access) -> dict[str, Any]:
    return {
        "access": access,
        "section": "settings",
        "may": access.may(Action.CONFIGURE),
        "runs": list(access.project.runs.order_by("-started_at")[:RUNS]),
        "examples": COMPARATORS,
        "kinds": COMPARATOR_HELP.values(),
        "extractors": EXTRACTOR_HELP.values(),
        "normalisers": NORMALISER_HELP.values(),
        "current": Pipeline.parse(access.project.pipeline),
    }


@login_required
@require_POST
def try_out(request: HttpRequest, slug: str) -> HttpResponse:
    """Begins to try what is in the form on the newest pairs of a run; saves nothing."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    form = ComparatorsForm(request.POST)
    run = _run_to_try(access, request.POST.get("run", ""))
    context: dict[str, Any] = {"form": form, "problems": [], "tried_run": run, "no_run": not run}
    if form.is_valid() and run:
        try:
            trial = trying.begin(run, form.cleaned_data["config"])
        except ConfigError as error:
            context["problems"] = error.problems
        else:
            trying.go_on(trial)
            context |= _tried(trial)
    return _answer(request, access, context)


@login_required
@require_GET
def tried(request: HttpRequest, slug: str, token: str) -> HttpResponse:
    """Goes on with a trial, and shows what was found by now."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    trial = trying.kept(token)
    run = Run.objects.filter(project=access.project, pk=trial.run).first() if trial else None
    if not trial or not run:
        if request.htmx:  # type: ignore[attr-defined]
            return _answer(request, access, {"lost": True, "form": ComparatorsForm()})
        raise Http404("What was tried is kept for an hour: try it again.")
    if trial.left:
        trying.go_on(trial)
    form = ComparatorsForm(initial={"config": trial.config})
    return _answer(request, access, {"form": form, "tried_run": run, **_tried(trial)})


def _run_to_try(access: Access, name: str) -> Run | None:
    """The run that was chosen, else the latest that has a pair."""
    if name:
        return access.run(name)
    compared = access.project.runs.filter(comparisons__outcome__in=trying.OUTCOMES)
    return compared.order_by("-started_at").first()


def _tried(trial: trying.Trial) -> dict[str, Any]:
    return {"trial": trial, "summary": None if trial.left else trying.summary(trial)}


def _answer(request: HttpRequest, access: Access, context: dict[str, Any]) -> HttpResponse:
    context = {"access": access, "asked": True, "outcomes": trying.OUTCOMES, **context}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "settings_comparators.html#tried", context)
    return render(request, "settings_comparators.html", _context(access) | context)


@login_required
@require_POST
def compare_again(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """Gives a run the project's comparators and has its comparisons made again."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    found = access.run(run)
    try:
        actions.change(run=found, pipeline=access.project.pipeline, by=access.user)
    except actions.ComparatorsError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, f"{found.name} is being compared again; every review of it is kept."
        )
    return redirect("run", slug, run)
