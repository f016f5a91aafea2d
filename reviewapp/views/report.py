"""The report of a run: may we ship it, and why."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from evals.models import Run
from reviewapp import words, workers
from reviewapp.access import Action, frozen_report, open_project
from reviewapp.actions import reports
from reviewapp.forest import forest
from reviewapp.freshness import is_fresh
from reviewapp.models import Report


@login_required
@require_GET
def report(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """The current report, or with ?frozen=N a frozen one; never computed here."""
    access = open_project(request.user, slug)
    found = access.run(run)
    chosen = _chosen(found, request.GET.get("frozen", ""))
    if request.GET.get("as") == "json" and chosen:
        return _as_json(chosen)
    behind = chosen is not None and chosen.frozen_at is None and not is_fresh(chosen)
    if chosen is None or behind:
        reports.refresh_soon(found.pk)
    context: dict[str, Any] = {
        "access": access,
        "section": "runs",
        "run": found,
        "report": chosen,
        "behind": behind,
        "frozen": Report.objects.filter(run=found, frozen_at__isnull=False).defer("data"),
        "workers": workers.alive(),
        "scripted": chosen and any(r["kind"] == "script" for r in chosen.data["raters"]),
    }
    if chosen:
        context |= _shown(chosen, request.GET.get("for", "window"), request.GET.get("volume", ""))
    template = "report.html#waiting" if request.htmx and chosen is None else "report.html"  # type: ignore[attr-defined]
    response = render(request, template, context)
    if request.htmx and chosen:  # type: ignore[attr-defined]
        response["HX-Refresh"] = "true"
    return response


def _chosen(run: Run, frozen: str) -> Report | None:
    if frozen:
        return frozen_report(run, frozen)
    return Report.objects.filter(run=run, frozen_at=None).first()


def _as_json(chosen: Report) -> HttpResponse:
    body = {"computed_at": chosen.computed_at.isoformat(), "digest": chosen.digest, **chosen.data}
    text = json.dumps(body, indent=2, ensure_ascii=False)
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'inline; filename="{chosen.data["run"]["name"]}.json"'
    return response


def _shown(chosen: Report, population: str, volume: str) -> dict[str, Any]:
    """What the template needs beyond the numbers: order, geometry, a projection."""
    data = chosen.data
    kind = "future" if population == "traffic" else "difference"
    # Critical ones first; then what was found most.
    rows = sorted(
        data["categories"], key=lambda c: (not c["critical"], -(c["worse"] + c["better"]))
    )
    rows = [{**row, "label": words.interval(row[kind]).replace(" points", "")} for row in rows]
    margins = {rule["key"]: rule["margin"] for rule in data["gate"]["rules"]}
    seen = [row for row in rows if row["critical"] or row["worse"] + row["better"]]
    return {
        "data": data,
        "kind": kind,
        "rows": rows,
        "estimates": [(row, row[kind]) for row in rows],
        "forest": forest(seen, kind, margins) if seen else None,
        "volume": volume,
        "monthly": _monthly(data["cost"], volume),
    }


def _monthly(cost: dict[str, float] | None, volume: str) -> dict[str, float] | None:
    if not cost or not volume.isdecimal() or len(volume) > 15:
        return None
    return {
        side: cost[f"{side}_per_1000"] * int(volume) / 1000 for side in ("baseline", "candidate")
    }


@login_required
@require_POST
def freeze(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.DECIDE)
    frozen = reports.freeze(run=access.run(run), by=access.user)
    messages.success(request, f"Frozen with digest {frozen.digest[:12]}: it never changes again.")
    return redirect(reverse("report", args=[slug, run]) + f"?frozen={frozen.pk}")
