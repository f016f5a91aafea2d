"""A run and the versions of its taxonomy: what moving it to another would do, and doing it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from evals.models import Run
from reviewapp.access import Action, open_project
from reviewapp.actions import relabel
from reviewapp.labelling import moving
from taxonomy.models import TaxonomyVersion


@login_required
@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, slug: str, run: str) -> HttpResponse:
    """The versions there are; ?version=support@2 shows in numbers what going there would do, and
    a POST of it goes."""
    writes = request.method == "POST"
    access = open_project(request.user, slug, Action.CONFIGURE if writes else Action.VIEW)
    found = access.run(run)
    reference = (request.POST if writes else request.GET).get("version", "")
    version = _version(found, reference) if reference else None
    if writes and version:
        try:
            seen = relabel.move_run(run=found, version=version, by=access.user)
        except relabel.RelabelError as error:
            messages.error(request, str(error))
            return redirect("run_taxonomy", slug, run)
        items = "item is" if seen.items == 1 else "items are"
        messages.success(
            request,
            f"{found.name} is labelled in {version} now; {seen.items} {items} in the queue.",
        )
        return redirect("run_taxonomy", slug, run)
    context: dict[str, Any] = {
        "access": access,
        "section": "runs",
        "run": found,
        "versions": moving.versions(found.taxonomy_version),
        "version": version,
        "cancelled": found.state == Run.State.CANCELLED,
        "waiting": moving.waiting(found),
    }
    if version and version.pk != found.taxonomy_version_id:
        context["outlook"] = moving.look(found, version)
    return render(request, "run_taxonomy.html", context)


def _version(run: Run, reference: str) -> TaxonomyVersion:
    try:
        return moving.find(run, reference)
    except moving.UnknownVersion as error:
        raise Http404(str(error)) from None
