"""The report of a run: may we ship it, and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from evals.models import Run
from evals.recompute import under_way
from reviewapp import workers
from reviewapp.access import Action, frozen_report, open_project
from reviewapp.actions import parts, reports
from reviewapp.labelling import moving
from reviewapp.models import Decision, Promotion, Report
from reviewapp.reports import failing, freshness
from reviewapp.reports import page as report_page
from reviewapp.reports.parts.registry import PARTS
from taxonomy.models import TaxonomyVersion

#: What htmx asks for by itself: the id of what it puts it into, and the partial that is that.
FRAGMENTS = {"age": "age", "categories": "categories", "monthly": "monthly"}


@login_required
@require_GET
def report(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """The current report, in the run's taxonomy version or with ?taxonomy=support@1 in another;
    or with ?frozen=N a frozen one. Never computed here."""
    access = open_project(request.user, slug)
    found = access.run(run)
    version = version_of(found, request.GET.get("taxonomy", ""))
    chosen = chosen_report(found, request.GET.get("frozen", ""), version)
    if request.GET.get("as") == "json" and chosen:
        return _as_json(chosen)
    fresh = _fresh(chosen, found, version)
    context: dict[str, Any] = {
        "access": access,
        "section": "runs",
        "run": found,
        "report": chosen,
        "behind": not fresh.core,
        "comparing": not fresh.core and under_way(found),
        "failed": "" if fresh.core else _why_failed(found, version),
        "version": version,
        "workers": workers.alive(),
    }
    if chosen:
        context |= _shown(request, chosen, fresh)
    return _answer(request, context)


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The page, or the fragment of it that htmx asks for."""
    target = request.htmx.target if request.htmx else None  # type: ignore[attr-defined]
    chosen, run = context["report"], context["run"]
    if chosen and target in FRAGMENTS:
        response = render(request, f"report.html#{FRAGMENTS[target]}", context)
    elif not chosen and target == "waiting":
        response = render(request, "report.html#waiting", context)
    else:
        context["versions"] = moving.versions(run.taxonomy_version)
        context["tested"] = _tested(run)
        context["frozen"] = Report.objects.filter(run=run, frozen_at__isnull=False).defer("data")
        context |= _signed(chosen)
        response = render(request, "report.html", context)
    if chosen and target == "waiting":
        response["HX-Refresh"] = "true"
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _tested(run: Run) -> QuerySet[Run]:
    """Runs of the same two versions over eval sets, for a shadow's report to lead to."""
    runs = Run.objects.filter(
        project=run.project_id,
        kind=Run.Kind.OFFLINE,
        baseline=run.baseline_id,
        candidate=run.candidate_id,
    )
    chosen = runs.exclude(pk=run.pk).exclude(state=Run.State.CANCELLED).order_by("-pk")
    return chosen.select_related("evalset_version__evalset")[:5]


def version_of(run: Run, reference: str) -> TaxonomyVersion | None:
    """The version that is asked for; None for the run's own."""
    if not reference:
        return None
    try:
        version = moving.find(run, reference)
    except moving.UnknownVersion as error:
        raise Http404(str(error)) from None
    return None if version.pk == run.taxonomy_version_id else version


def chosen_report(run: Run, frozen: str, version: TaxonomyVersion | None) -> Report | None:
    if frozen:
        return frozen_report(run, frozen)
    return Report.objects.current(run, version)


@dataclass(frozen=True)
class Fresh:
    """core: whether the core shows what is in the database; parts: names of those that do not."""

    core: bool = True
    parts: frozenset[str] = frozenset()


def _fresh(chosen: Report | None, run: Run, version: TaxonomyVersion | None) -> Fresh:
    """A worker is asked for what is behind."""
    if chosen and chosen.frozen_at:
        return Fresh()
    now = freshness.basis(run.pk)
    core = chosen is not None and chosen.data["basis"] == now
    if not core:
        reports.refresh_soon(run.pk, version.pk if version else None, looked_at=True)
    dated = chosen.data.get("parts", {}) if chosen else {}
    behind = {
        name
        for name, part in PARTS.items()
        if (dated.get(name) or {}).get("basis") != part.basis(now)
    }
    if core and behind:
        parts.refresh_soon(run.pk)
    return Fresh(core, frozenset(behind))


def _why_failed(run: Run, version: TaxonomyVersion | None) -> str:
    return failing.why(run.pk, version.pk if version else run.taxonomy_version_id)


def _as_json(chosen: Report) -> HttpResponse:
    body = {"computed_at": chosen.computed_at.isoformat(), "digest": chosen.digest, **chosen.data}
    text = json.dumps(body, indent=2, ensure_ascii=False)
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'inline; filename="{chosen.data["run"]["name"]}.json"'
    return response


def _shown(request: HttpRequest, chosen: Report, fresh: Fresh) -> dict[str, Any]:
    asked = request.GET.dict()
    kept = {name: asked[name] for name in ("taxonomy", "frozen") if asked.get(name)}
    population, volume = asked.get("for", "window"), asked.get("volume", "")
    context = report_page.build(chosen.data, population, volume, fresh.parts)
    return {
        **context,
        "as_json": f"?{urlencode({**kept, 'as': 'json'})}",
        "keep": f"&{urlencode(kept)}" if kept else "",
        **_polled(asked, chosen, context["waiting"], fresh.core),
    }


def _polled(
    asked: dict[str, str], chosen: Report, waiting: list[str], fresh: bool
) -> dict[str, Any]:
    """How the page follows what is being computed: a part that it waits for is put in its place, a
    newer report is offered and never put under the eyes of whoever reads this one."""
    if chosen.frozen_at:
        return {}
    page = {name: asked[name] for name in ("taxonomy", "for", "volume") if asked.get(name)}
    seen = chosen.computed_at.isoformat()
    newer = asked.get("seen", seen) != seen
    waited = set(asked.get("waiting", "").split(","))
    follow = {**page, "seen": asked.get("seen", seen), "waiting": ",".join(waiting)}
    return {
        "newer": f"?{urlencode(page)}" if newer else "",
        "arrived": [name for name in report_page.PARTS if name in waited - set(waiting)],
        "oob": "seen" in asked,
        "poll": urlencode(follow) if waiting or not (fresh or newer) else "",
    }


def _signed(chosen: Report | None) -> dict[str, Any]:
    """What was decided on a frozen report."""
    if not chosen or not chosen.frozen_at:
        return {}
    promotion = Promotion.objects.filter(report=chosen).select_related("opened_by").first()
    decision = Decision.objects.filter(promotion=promotion).select_related("decided_by").first()
    return {"promotion": promotion, "decision": decision if promotion else None}


@login_required
@require_POST
def freeze(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.DECIDE)
    try:
        frozen = reports.freeze(run=access.run(run), by=access.user)
    except reports.NotNow as error:
        messages.error(request, str(error))
        return redirect("report", slug, run)
    messages.success(request, f"Frozen with digest {frozen.digest[:12]}: it never changes again.")
    return redirect(reverse("report", args=[slug, run]) + f"?frozen={frozen.pk}")
