"""Eval sets: made from lines, grown from what was labelled, exported."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evals.evalsets import EvalSetError, export_examples
from evals.formats import FORMATS
from evals.metrics.eval_set_size import detectable_difference
from evals.models import EvalSet, EvalSetVersion, Example
from evals.records import decode_lines
from evals.values import row_number
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import evalsets as actions
from reviewapp.forms.pages import EvalSetForm, GrowForm

PAGE = 50
#: Problems of a file that the page lists; it says how many more there are.
LISTED = 100
#: Shares of examples on which one of two models is wrong and the other is not, to plan with.
DISCORDANT = (0.05, 0.1, 0.2)


@login_required
@require_GET
def evalsets(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug)
    newest = (
        EvalSetVersion.objects.filter(evalset__project=access.project)
        .select_related("evalset")
        .order_by("evalset__name", "-number")
        .distinct("evalset__name")
    )
    context = {"access": access, "section": "evalset", "newest": newest}
    return render(request, "evalsets.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.EVALSET)
    initial = {"name": request.GET.get("name", "")}
    form = EvalSetForm(access.project, request.POST or None, request.FILES or None, initial=initial)
    problems: list[str] = []
    if form.is_valid():
        try:
            version = _made(access, form)
        except EvalSetError as error:
            problems = [str(problem) for problem in error.problems]
        except actions.NothingToAdd as error:
            form.add_error("run", str(error))
        else:
            messages.success(request, f"{version} is sealed, with {version.size} examples.")
            return redirect("evalset", slug, version.evalset.name)
    context = {
        "access": access,
        "section": "evalset",
        "form": form,
        "problems": problems[:LISTED],
        "more": max(0, len(problems) - LISTED),
    }
    return render(request, "evalset_new.html", context)


def _made(access: Access, form: EvalSetForm) -> EvalSetVersion:
    name, project = form.cleaned_data["name"], access.project
    if run := form.cleaned_data["run"]:
        evalset = EvalSet.objects.filter(project=project, name=name).first()
        return actions.grow(
            evalset=evalset or EvalSet(project=project, name=name), run=run, by=access.user
        )[0]
    stream, file = form.source
    return actions.create(
        project=project,
        name=name,
        note=form.cleaned_data["note"],
        lines=decode_lines(stream, settings.MAX_LINE_BYTES),
        file=file,
        by=access.user,
    )


@login_required
@require_GET
def evalset(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    access = open_project(request.user, slug)
    return render(request, "evalset.html", _shown(request, access, access.evalset(name)))


def _shown(request: HttpRequest, access: Access, found: EvalSet) -> dict[str, Any]:
    form = GrowForm(access.project)
    versions = list(found.versions.filter(sealed_at__isnull=False).order_by("-number"))
    version = _version(versions, request.GET.get("version", ""))
    examples = version.examples.select_related("request").order_by("position")
    after = request.GET.get("after", "")
    examples = examples.filter(position__gt=row_number(after))
    rows = list(examples[: PAGE + 1])
    return {
        "access": access,
        "section": "evalset",
        "evalset": found,
        "versions": versions,
        "version": version,
        "rows": [(example, provenance_in_words(example)) for example in rows[:PAGE]],
        "after": after,
        "more": rows[PAGE - 1].position if len(rows) > PAGE else None,
        "detectable": _detectable(version),
        "formats": list(FORMATS),
        "form": form,
        "growable": form.runs.exists(),
    }


def _version(versions: list[EvalSetVersion], number: str) -> EvalSetVersion:
    for version in versions:
        if number in ("", str(version.number)):
            return version
    raise Http404(f"There is no version {number!r} of this eval set.")


def _detectable(version: EvalSetVersion) -> list[tuple[float, float | None]]:
    """The smallest difference that the version detects, by how often one side alone is wrong."""
    if not version.size:
        return []
    return [(share, detectable_difference(version.size, share)) for share in DISCORDANT]


def provenance_in_words(example: Example) -> str:
    """Where an example came from: "line 3 of gold.jsonl", or who labelled what in which run."""
    known = example.provenance
    if "line" in known:
        return f"line {known['line']} of {known.get('file') or 'a file'}"
    if "run" not in known:
        return "not recorded"
    kind = "" if known.get("reviewer_kind") == "member" else f" ({known.get('reviewer_kind')})"
    day = str(known.get("reviewed_at", ""))[:10]
    said = f"{known['run']}, reviewed by {known.get('reviewer', 'nobody known')}{kind} on {day}"
    return f"{said}; answer {known['answer']}" if known.get("answer") else said


@login_required
@require_POST
def grow(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.EVALSET)
    found = access.evalset(name)
    form = GrowForm(access.project, request.POST)
    if not form.is_valid():
        messages.error(request, "Choose a run of this project that has resolved items.")
        return redirect("evalset", slug, name)
    run = form.cleaned_data["run"]
    try:
        version, changed = actions.grow(evalset=found, run=run, by=access.user)
    except actions.NothingToAdd as error:
        messages.error(request, str(error))
        return redirect("evalset", slug, name)
    if changed:
        plural = "example" if changed == 1 else "examples"
        messages.success(request, f"{version} is sealed: {changed} {plural} came in or changed.")
    else:
        messages.info(request, f"{run.name} has nothing that {version} does not have already.")
    return redirect("evalset", slug, name)


@login_required
@require_GET
def export(request: HttpRequest, slug: str, name: str) -> StreamingHttpResponse:
    """?format=traffic or inspect, ?version=N: the version line by line, as a file."""
    access = open_project(request.user, slug, Action.EVALSET)
    found = access.evalset(name)
    kind = request.GET.get("format", "traffic")
    if kind not in FORMATS:
        raise Http404(f"There is no format {kind!r}: there are {', '.join(FORMATS)}.")
    versions = list(found.versions.filter(sealed_at__isnull=False).order_by("-number"))
    version = _version(versions, request.GET.get("version", ""))
    lines = FORMATS[kind](export_examples(version))
    file = f"{found.name}-{version.number}-{kind}.jsonl"
    return StreamingHttpResponse(
        lines,
        content_type="application/x-ndjson; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )
