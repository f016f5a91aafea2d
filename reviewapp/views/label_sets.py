"""Labels from elsewhere: the sets there are, their raters and scores, and what is said of them."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from evals.models import SeveralRaters
from reviewapp.access import Action, open_project
from reviewapp.actions import imported
from reviewapp.actions.several_raters import set_several_raters
from reviewapp.labelling import label_sets
from reviewapp.labelling.importing import Statement
from reviewapp.models import LabelSet


@login_required
@require_GET
def sets(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug)
    context = {
        "access": access,
        "section": "settings",
        "sets": label_sets.overview(access.project),
        "designs": label_sets.DESIGNS.items(),
        "several": SeveralRaters.choices,
        "models": list(access.project.models.values_list("name", flat=True)[:2]),
        "public_url": settings.PUBLIC_URL,
    }
    return render(request, "settings_labels.html", context)


@login_required
@require_POST
def describe(request: HttpRequest, slug: str, name: str) -> HttpResponse:
    """Says of a set how its items were chosen, and whether its raters were blind."""
    access = open_project(request.user, slug, Action.INGEST)
    found = get_object_or_404(LabelSet, project=access.project, name=name)
    statement = Statement(found.name, request.POST.get("design", ""), blind="blind" in request.POST)
    try:
        imported.describe(label_set=found, statement=statement, by=access.user)
    except ValidationError as error:
        messages.error(request, "; ".join(error.messages))
    else:
        messages.success(request, f"Reports that stand on “{found.name}” take it into account.")
    return redirect("settings_labels", slug)


@login_required
@require_POST
def several(request: HttpRequest, slug: str) -> HttpResponse:
    """Whether several raters of an output have to agree, or are averaged."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    chosen = request.POST.get("several_raters", "")
    try:
        set_several_raters(project=access.project, several=chosen, by=access.user)
    except ValidationError as error:
        messages.error(request, "; ".join(error.messages))
    else:
        messages.success(request, "It holds from now on; frozen reports keep their numbers.")
    return redirect("settings_labels", slug)
