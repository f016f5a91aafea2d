"""How far reviewers agree: where the taxonomy is unclear first, people second."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from reviewapp import workers
from reviewapp.access import Action, open_project
from reviewapp.actions import agreement as agreements
from reviewapp.desk import gold
from reviewapp.models import Agreement


@login_required
@require_GET
def agreement(request: HttpRequest, slug: str) -> HttpResponse:
    """What was computed last; where it is behind, a worker is asked and the page looks again."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    stored = Agreement.objects.filter(project=access.project).first()
    behind = agreements.refresh_soon(access.project, stored)
    context = {
        "access": access,
        "section": "queue",
        "stored": stored,
        "data": stored.data if stored else None,
        "behind": behind,
        "workers": workers.alive() if behind else True,
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "agreement.html#found", context)
    context["gold"] = gold.per_reviewer(access.project)
    return render(request, "agreement.html", context)
