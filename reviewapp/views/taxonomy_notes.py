"""Notes to sort: what reviewers found and had no category for."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from evals.models import Project
from reviewapp.access import open_project
from reviewapp.actions import exposures
from reviewapp.models import Finding, ReviewItem

PAGE = 50


def notes_to_sort(project: Project) -> QuerySet[Finding]:
    """Findings with a note and no category, newest first. Of resolved items only: before that
    nobody may learn what was said of which side."""
    return (
        Finding.objects.filter(
            category=None,
            review__live=True,
            review__item__project=project,
            review__item__state=ReviewItem.State.RESOLVED,
        )
        .exclude(note="")
        .order_by("-review__created_at", "-pk")
    )


@login_required
@require_GET
def notes(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug)
    found = notes_to_sort(access.project).select_related(
        "severity", "review__rater", "review__item__run", "review__item__comparison__request"
    )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    # A note is told with its side: whoever reads it knows that item's sides.
    items = {finding.review.item_id for finding in page}
    may_see = exposures.show(items=items, to=access.user)
    context = {
        "access": access,
        "section": "taxonomy",
        "page": page,
        "notes": [finding for finding in page if finding.review.item_id in may_see],
    }
    return render(request, "taxonomy_notes.html", context)
