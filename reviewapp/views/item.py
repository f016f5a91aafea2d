"""One item: what was said about it once it is resolved, and who may still say something."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from reviewapp.access import Access, Action, open_project
from reviewapp.actions import exposures, items, reviews
from reviewapp.desk import carrying, discussion, gold
from reviewapp.desk.judgement import JudgementError, check
from reviewapp.disagreement import adjudicating
from reviewapp.models import Finding, Review, ReviewItem
from reviewapp.views.desk import problem, sent_judgement, submission_of
from reviewapp.views.working import Ways, asked, seen, way_of, work


@login_required
@require_GET
def item(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """One item. Its texts are shown, and tied to sides, when it is resolved."""
    access = open_project(request.user, slug)
    found = access.item(item)
    whole = "whole" in request.GET
    context: dict[str, Any] = {
        "access": access,
        "section": "queue",
        "item": found,
        "reading": True,
        **asked(found, whole=whole),
        "slots": gold.places_of(found, access.user),
    }
    resolved = found.state == ReviewItem.State.RESOLVED
    if resolved and found.pk not in exposures.show(items=[found.pk], to=access.user):
        # Just undone; or a gold item that they are at, which looks like any other.
        found.state, found.resolved_at = ReviewItem.State.PENDING, None
        found.reopened_at = None
    context |= {
        "comments": discussion.comments(found, access),
        "flag": discussion.flagged(found, access),
    }
    if found.state == ReviewItem.State.RESOLVED:
        own = found.reviews.filter(live=True, rater__user=access.user).first()
        if own and "revise" in request.GET:
            context |= _form(access, found, own, way_of(request))
        else:
            context |= {**_texts(found, request, whole=whole), **_said(found), "mine": own}
    elif found.state == ReviewItem.State.DISPUTED:
        context["may_adjudicate"] = _may_adjudicate(access, found)
    return render(request, "item.html", context)


def _texts(found: ReviewItem, request: HttpRequest, *, whole: bool) -> dict[str, Any]:
    """Both outputs under their names, in the way that is asked for or that the person likes."""
    comparison, run = found.comparison, found.run
    assert comparison.baseline_output
    assert comparison.candidate_output
    both = {"A": comparison.baseline_output, "B": comparison.candidate_output}
    way = request.GET.get("way") or way_of(request).outputs
    # A tree has all that it shows in it: nothing is asked for later here.
    trees = way == "read" and not any(isinstance(one.value, str) for one in both.values())
    return {
        **seen(both, way, whole=whole or trees),
        "sides": [
            ("A", "production", run.baseline.name, comparison.baseline_correct),
            ("B", "candidate", run.candidate.name, comparison.candidate_correct),
        ],
    }


def _said(found: ReviewItem) -> dict[str, Any]:
    made = found.reviews.select_related("rater", "taxonomy_version__taxonomy").prefetch_related(
        "findings__category", "findings__severity"
    )
    return {
        "reviews": [
            (one, _findings(one, found))
            for one in made.filter(live=True).order_by("-authoritative", "id")
        ],
        "aside": [(one, _findings(one, found)) for one in made.filter(counted=False)],
        "golden": found.gold.filter(retired_at=None).exists(),
    }


def _findings(review: Review, found: ReviewItem) -> list[tuple[Finding, str]]:
    """Each with the stretch of text that it points to."""
    return [(one, adjudicating.evidence(one, found)) for one in review.findings.all()]


def _may_adjudicate(access: Access, found: ReviewItem) -> bool:
    own = found.reviews.barring().filter(rater__user=access.user)
    return access.may(Action.ADJUDICATE) and not own.exists()


def _form(access: Access, found: ReviewItem, own: Review, way: Ways) -> dict[str, Any]:
    rater = access.rater()
    draft = carrying.typed_before(found, rater)
    if draft is None:
        said = carrying.as_sent(own, rater)
        draft = carrying.carried(said, own.taxonomy_version, found.run.taxonomy_version)
    return {
        **work(found, rater, draft=draft, named=True, way=way),
        "reading": False,
        "item_page": True,
        "post_to": reverse("item_judge", args=[access.project.slug, found.pk]),
    }


@login_required
@require_POST
def judge(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Revises the person's own review."""
    access = open_project(request.user, slug, Action.REVIEW)
    found, rater = access.item(item), access.rater()
    try:
        reviews.revise(
            item=found,
            rater=rater,
            judgement=check(sent_judgement(request), found, rater),
            submission=submission_of(request),
            by=access.user,
        )
    except JudgementError as error:
        return problem(request, {"problems": error.problems})
    except reviews.SlotLost as error:
        return problem(request, {"problems": {"review": str(error)}})
    response = redirect("item", slug, item)
    if request.htmx:  # type: ignore[attr-defined]
        response = HttpResponse(headers={"HX-Redirect": response.url})  # type: ignore[assignment]
    return response


@login_required
@require_POST
def requeue(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    access = open_project(request.user, slug, Action.ADJUDICATE)
    try:
        items.requeue(item=access.item(item), by=access.user)
        messages.success(request, "The item is back in the queue, for somebody else.")
    except ValueError as error:
        messages.error(request, str(error))
    return redirect("item", slug, item)
