"""From one version of a taxonomy to the next: a draft begun, published, discarded; what changed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evals.values import row_number
from reviewapp import drafting
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import taxonomies
from reviewapp.actions.taxonomies import DraftChanged
from reviewapp.labelling.labelled import difference
from reviewapp.views.taxonomy import version_of, versions
from reviewapp.views.taxonomy_draft import NoDraft, draft_of, gone
from taxonomy.drafts import stored
from taxonomy.interchange import TaxonomyError
from taxonomy.models import TaxonomyVersion


@login_required
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.CONFIGURE)
    taxonomies.start_draft(project=access.project, by=access.user)
    return redirect("taxonomy_draft", slug)


@login_required
@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """All that changes, and what it does to labels that were made: publishing confirms it."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    try:
        version = draft_of(access)
    except NoDraft:
        return gone(request, slug)
    draft = stored.load(version)
    context = drafting.consequences(draft, drafting.labels_before(version)) | {
        "access": access,
        "section": "taxonomy",
        "version": version,
        "edits": version.draft_edits.filter(undone=False, before__isnull=False).count(),
    }
    status = 200
    if request.method == "POST":
        wrong = _publish(request, access, version, bool(context["warnings"]))
        if wrong is None:
            return redirect("taxonomy", slug)
        context["wrong"], status = wrong, 422
    return render(request, "taxonomy_publish.html", context, status=status)


def _publish(
    request: HttpRequest, access: Access, version: TaxonomyVersion, risky: bool
) -> str | None:
    """Publishes, or gives why not."""
    if risky and "understood" not in request.POST:
        return "Confirm what happens to labels that were made."
    adopt = "adopt" in request.POST
    try:
        taxonomies.publish(
            project=access.project,
            version=version,
            revision=row_number(request.POST.get("revision", "")),
            adopt=adopt,
            by=access.user,
        )
    except TaxonomyError as error:
        return " ".join(problem.message for problem in error.problems)
    except DraftChanged as error:
        return f"Nothing was published: {error}. Read what changes now, and publish again."
    used = "Runs that start from now on use it." if adopt else "Runs go on with the one in force."
    messages.success(request, f"{version} is published. {used}")
    return None


@login_required
@require_POST
def discard(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.CONFIGURE)
    try:
        version = draft_of(access)
        revision = row_number(request.POST.get("revision", ""))
        taxonomies.discard(
            project=access.project, version=version, revision=revision, by=access.user
        )
    except NoDraft:
        return gone(request, slug)
    except DraftChanged as error:
        messages.error(request, f"Nothing was discarded: {error}.")
        return redirect("taxonomy_draft", slug)
    messages.success(request, f"The draft {version} is discarded.")
    return redirect("taxonomy", slug)


@login_required
@require_GET
def changes(request: HttpRequest, slug: str) -> HttpResponse:
    """?from=support@1&to=support@2, in words; left out, the version in force and the one before,
    or, where the first one is in force, the newest."""
    access = open_project(request.user, slug)
    known = versions(access)
    new = version_of(access, request.GET.get("to", ""))
    if "to" not in request.GET and new.based_on is None:
        new = known.filter(taxonomy=new.taxonomy_id).first() or new
    old = new.based_on or new
    if asked := request.GET.get("from", ""):
        old = version_of(access, asked)
    context: dict[str, Any] = {
        "access": access,
        "section": "taxonomy",
        "old": old,
        "new": new,
        "changes": difference(old, new).changes,
        "versions": known,
    }
    return render(request, "taxonomy_changes.html", context)
