"""The queue as a list, and one item with what was said about it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from evals import sampling
from evals.values import row_number
from reviewapp import differences
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import items, reviews
from reviewapp.judgement import JudgementError, check, sides_of
from reviewapp.models import Draft, Rater, Review, ReviewItem
from reviewapp.views.desk import problem, sent_judgement, submission_of, turns, work

PAGE = 50


@login_required
@require_GET
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """Items by state, run, stratum and (resolved ones) category; paged by rank and id."""
    access = open_project(request.user, slug)
    everything = ReviewItem.objects.filter(project=access.project)
    chosen = _filtered(everything, request.GET.dict())
    found = list(
        chosen.filter(pk__gt=row_number(request.GET.get("after", "")))
        .select_related("run", "comparison__request")
        .annotate(judged=Count("reviews", filter=Q(reviews__live=True)))
        .order_by("id")[: PAGE + 1]
    )
    query = request.GET.copy()
    if len(found) > PAGE:
        query["after"] = str(found[PAGE - 1].pk)
    context = {
        "access": access,
        "section": "queue",
        "items": found[:PAGE],
        "more": query.urlencode() if len(found) > PAGE else "",
        "states": everything.values("state").annotate(count=Count("id")).order_by("state"),
        "runs": access.project.runs.order_by("-started_at"),
        "strata": sampling.DRAWN,
        "categories": access.project.taxonomy_version.leaves(),
        "chosen": request.GET,
    }
    return render(request, "queue.html", context)


def _filtered(items: QuerySet[ReviewItem], chosen: dict[str, str]) -> QuerySet[ReviewItem]:
    if chosen.get("state") in ReviewItem.State.values:
        items = items.filter(state=chosen["state"])
    if run := chosen.get("run"):
        items = items.filter(run__name=run)
    if chosen.get("stratum") in sampling.DRAWN:
        items = items.filter(stratum=chosen["stratum"])
    if key := chosen.get("request", "").strip():
        items = items.filter(comparison__request__key__startswith=key.replace("\0", ""))
    if category := chosen.get("category", "").replace("\0", ""):
        # Which item has which finding is known of resolved items only: the rest stays blind.
        found = Review.objects.filter(live=True, findings__category__key=category)
        items = items.filter(state=ReviewItem.State.RESOLVED, pk__in=found.values("item"))
    return items


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
        "turns": turns(found.comparison.request.input),
        "segment": found.comparison.request.segment,
        "expected": found.comparison.expected,
        "slots": found.slots.select_related("rater"),
        "revising": False,
    }
    if found.state == ReviewItem.State.RESOLVED:
        context |= _resolved(access, found)
        if "revise" in request.GET and context["mine"]:
            context |= _form(access, found, own=context["mine"])
    elif found.state == ReviewItem.State.DISPUTED and _may_adjudicate(access, found):
        context |= {**_form(access, found, own=None), "dispute": _anonymous(access, found)}
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
        .select_related("rater")
        .prefetch_related("findings__category", "findings__severity")
        .order_by("-authoritative", "id")
    )
    return {
        "both": [
            ("baseline", found.run.baseline.name, baseline, comparison.baseline_correct),
            ("candidate", found.run.candidate.name, candidate, comparison.candidate_correct),
        ],
        "reviews": said,
        "mine": next((one for one in said if one.rater.user_id == access.user.pk), None),
    }


def _may_adjudicate(access: Access, found: ReviewItem) -> bool:
    own = found.reviews.filter(rater__user=access.user)
    return access.may(Action.ADJUDICATE) and not own.exists()


def _form(access: Access, found: ReviewItem, *, own: Review | None) -> dict[str, Any]:
    rater = access.rater()
    kept = Draft.objects.filter(item=found, rater=rater).first()
    draft = kept.body if kept else as_sent(own, rater) if own else None
    return {
        **work(found, rater, draft=draft, named=own is not None),
        "item_page": True,
        "revising": own is not None,
        "post_to": reverse("item_judge", args=[access.project.slug, found.pk]),
    }


def as_sent(review: Review, rater: Rater) -> dict[str, Any]:
    """A stored review in the shape in which it was sent, in the rater's A and B."""
    letters = {real: letter for letter, real in sides_of(review.item, rater).items()}
    verdicts = {"baseline": review.baseline, "candidate": review.candidate}
    return {
        "sides": {letters[real]: verdict for real, verdict in verdicts.items() if verdict},
        "findings": [
            {
                "side": letters[finding.side],
                "category": finding.category.key if finding.category else None,
                "severity": finding.severity.key if finding.severity else None,
                "where": finding.where,
                "path": finding.path or None,
                "note": finding.note,
                **(
                    {"span": [finding.span_start, finding.span_end]}
                    if finding.span_end is not None
                    else {}
                ),
            }
            for finding in review.findings.select_related("category", "severity")
        ],
        "corrected_output": review.corrected_output,
        "note": review.note,
    }


def _anonymous(access: Access, found: ReviewItem) -> list[dict[str, Any]]:
    """The reviews of a disputed item without names, in the adjudicator's A and B."""
    rater = access.rater()
    said = found.reviews.filter(live=True).select_related("item__run").order_by("id")
    names = {c.key: c.name for c in found.run.taxonomy_version.leaves()}
    shown = []
    for number, review in enumerate(said, start=1):
        sent = as_sent(review, rater)
        for finding in sent["findings"]:
            finding["name"] = names.get(finding["category"] or "", "no category")
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
