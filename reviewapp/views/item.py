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
from reviewapp.desk import carrying, differences, discussion, gold
from reviewapp.desk.judgement import JudgementError, check
from reviewapp.models import Review, ReviewItem
from reviewapp.views.desk import problem, sent_judgement, submission_of
from reviewapp.views.working import Ways, asked, way_of, work
from taxonomy.models import Category


@login_required
@require_GET
def item(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """One item. Its texts are tied to sides when it is resolved; before that they are shown to
    whoever adjudicates it, as A and B."""
    access = open_project(request.user, slug)
    found = access.item(item)
    context: dict[str, Any] = {
        "access": access,
        "section": "queue",
        "item": found,
        **asked(found),
        "slots": gold.places_of(found, access.user),
        "revising": False,
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
        context |= _resolved(access, found)
        if "revise" in request.GET and context["mine"]:
            context |= _form(access, found, own=context["mine"], way=way_of(request))
    elif found.state == ReviewItem.State.DISPUTED and _may_adjudicate(access, found):
        form = _form(access, found, own=None, way=way_of(request))
        context |= {**form, "dispute": _anonymous(access, found)}
    return render(request, "item.html", context)


def _resolved(access: Access, found: ReviewItem) -> dict[str, Any]:
    comparison = found.comparison
    assert comparison.baseline_output
    assert comparison.candidate_output
    baseline, candidate = differences.mark(
        comparison.baseline_output.text, comparison.candidate_output.text
    )
    said = list(
        found.reviews.filter(live=True)
        .select_related("rater", "taxonomy_version__taxonomy")
        .prefetch_related("findings__category", "findings__severity")
        .order_by("-authoritative", "id")
    )
    return {
        "both": [
            ("baseline", found.run.baseline.name, baseline, comparison.baseline_correct),
            ("candidate", found.run.candidate.name, candidate, comparison.candidate_correct),
        ],
        "reviews": said,
        "aside": found.reviews.filter(counted=False)
        .select_related("rater")
        .prefetch_related("findings__category"),
        "golden": found.gold.filter(retired_at=None).exists(),
        "mine": next((one for one in said if one.rater.user_id == access.user.pk), None),
    }


def _may_adjudicate(access: Access, found: ReviewItem) -> bool:
    own = found.reviews.filter(rater__user=access.user)
    return access.may(Action.ADJUDICATE) and not own.exists()


def _form(access: Access, found: ReviewItem, *, own: Review | None, way: Ways) -> dict[str, Any]:
    rater = access.rater()
    draft = carrying.typed_before(found, rater)
    if draft is None and own:
        said = carrying.as_sent(own, rater)
        draft = carrying.carried(said, own.taxonomy_version, found.run.taxonomy_version)
    return {
        **work(found, rater, draft=draft, named=own is not None, way=way),
        "item_page": True,
        "revising": own is not None,
        "post_to": reverse("item_judge", args=[access.project.slug, found.pk]),
    }


def _anonymous(access: Access, found: ReviewItem) -> list[dict[str, Any]]:
    """The reviews of a disputed item without names, in the adjudicator's A and B."""
    rater = access.rater()
    said = found.reviews.filter(live=True).select_related("item__run").order_by("id")
    rows = Category.objects.filter(findings__review__in=said)
    names = {(c.version_id, c.key): c.name for c in rows}
    shown = []
    for number, review in enumerate(said, start=1):
        sent = carrying.as_sent(review, rater)
        for finding in sent["findings"]:
            finding["name"] = names.get(
                (review.taxonomy_version_id, finding["category"] or ""), "no category"
            )
        shown.append({"number": number, **sent, "sides": sorted(sent["sides"].items())})
    return shown


@login_required
@require_POST
def judge(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Adjudicates a disputed item, or revises the person's own review."""
    access = open_project(request.user, slug, Action.REVIEW)
    found, rater = access.item(item), access.rater()
    own = found.reviews.filter(rater=rater, live=True).exists()
    if not own:
        access.require(Action.ADJUDICATE)
    act = reviews.revise if own else reviews.adjudicate
    try:
        act(
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
