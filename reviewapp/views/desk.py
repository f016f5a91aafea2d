"""The desk: one item at a time, judged by keyboard. Sides are A and B and nothing else.

The page's script asks with `X-Desk: ahead`: it shows the item that it holds ahead at once, and
hears in JSON or in a problem's words what became of the one before. Without it an answer is the
next item.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, retarget

from evals import values
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import claims, reviews, undo
from reviewapp.actions.claims import Claim
from reviewapp.desk import carrying
from reviewapp.desk.counts import counts
from reviewapp.desk.judgement import JudgementError, OtherVersion, check
from reviewapp.models import Rater, Review, ReviewItem, Slot
from reviewapp.views.working import way_of, work

#: Bytes of a draft that is kept: of outputs of a megabyte, copied and corrected, too.
DRAFT_LIMIT = 8 * 1024 * 1024


@login_required
@require_GET
@never_cache
@gzip_page
def desk(request: HttpRequest, slug: str) -> HttpResponse:
    """The item that the reviewer holds, or the next one in line."""
    access = open_project(request.user, slug, Action.REVIEW)
    return render(request, "desk.html", _next(access, request))


@login_required
@require_POST
def submit(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Stores a judgement; answers with the next item, or to the script with what it holds now."""
    access = open_project(request.user, slug, Action.REVIEW)
    rater, found = access.rater(), access.item_to_judge(item)
    try:
        submission = submission_of(request)
        judgement = check(sent_judgement(request), found, rater)
        review = reviews.submit(
            item=found, rater=rater, judgement=judgement, submission=submission, by=access.user
        )
    except OtherVersion as error:
        return _other_version(request, access, found, rater, error)
    except JudgementError as error:
        return problem(request, {"problems": error.problems}, status=422)
    except reviews.Undone:
        return _undone(request, access)
    except reviews.SlotLost as error:
        return _lost(request, access, found, rater, str(error))
    until = review.created_at + undo.WINDOW
    undoable = {"item": found.pk, "until": until.isoformat()}
    return _went_on(request, access, rater, found, {"review": review.pk, "undo": undoable})


@login_required
@require_POST
def keep(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Keeps what was typed on an item that is somebody else's now; it is not counted."""
    access = open_project(request.user, slug, Action.REVIEW)
    rater, found = access.rater(), access.item_to_judge(item)
    try:
        review = reviews.keep(
            item=found,
            rater=rater,
            judgement=check(sent_judgement(request), found, rater),
            submission=submission_of(request),
            by=access.user,
        )
    except JudgementError as error:
        return _lost(request, access, found, rater, f"It cannot be kept like this: {error}.", 422)
    except reviews.SlotLost as error:
        return problem(request, {"problems": {"review": str(error)}}, status=409)
    if not scripted(request):
        messages.success(request, "What you typed is kept with the item; it is not counted.")
    return _went_on(request, access, rater, found, {"review": review.pk})


@login_required
@require_POST
def draft(request: HttpRequest, slug: str, item: int) -> JsonResponse:
    """Keeps what was typed so far."""
    access = open_project(request.user, slug, Action.REVIEW)
    if len(request.body) > DRAFT_LIMIT:
        return JsonResponse({"error": "it is longer than 8 MB"}, status=413)
    try:
        body = sent_judgement(request)
    except JudgementError as error:
        return JsonResponse({"error": str(error)}, status=400)
    reviews.save_draft(item=access.item_to_judge(item), rater=access.rater(), body=body)
    return JsonResponse({"saved_at": timezone.now().isoformat()})


@login_required
@require_POST
def skip(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Leaves the item to somebody else, with one of a few reasons and words of one's own."""
    access = open_project(request.user, slug, Action.REVIEW)
    rater, found = access.rater(), access.item_to_judge(item)
    reason = request.POST.get("reason", "").strip()
    kind = request.POST.get("kind") or Slot.SkipKind.OTHER
    if kind not in Slot.SkipKind.values:
        return problem(request, {"problems": {"skip": "choose one of the reasons"}}, status=422)
    if kind == Slot.SkipKind.OTHER and not reason:
        if scripted(request):
            return problem(request, {"problems": {"skip": "say why, in a few words"}}, status=422)
        reason = "no reason given"
    try:
        reviews.skip(item=found, rater=rater, kind=kind, reason=reason, by=access.user)
    except reviews.SlotLost as error:
        return problem(request, {"problems": {"skip": str(error)}}, status=409)
    return _went_on(request, access, rater, found, {})


def scripted(request: HttpRequest) -> bool:
    """Whether the page's script asks, which has the next item on the screen already."""
    return request.headers.get("X-Desk") == "ahead"


def _went_on(
    request: HttpRequest, access: Access, rater: Rater, item: ReviewItem, told: dict[str, Any]
) -> HttpResponse:
    """The answer once the item is done with."""
    if scripted(request):
        held = claims.holds(rater=rater)
        now = {"item": held.item_id, "lease_until": held.lease_until.isoformat()} if held else None
        left = counts(access.project, rater)
        return JsonResponse({"item": item.pk, **told, "counts": left, "held": now})
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("desk", access.project.slug)
    return render(request, "desk.html#desk", _next(access, request))


def _lost(
    request: HttpRequest,
    access: Access,
    item: ReviewItem,
    rater: Rater,
    why: str,
    status: int = 409,
) -> HttpResponse:
    reviews.save_draft(item=item, rater=rater, body=sent_judgement(request))
    context = {
        "lost": why,
        "access": access,
        "item": item,
        "may_claim": claims.is_free(item=item, rater=rater),
        "may_revise": Review.objects.filter(item=item, rater=rater, live=True).exists(),
    }
    answer = problem(request, context, status=status)
    answer["X-Desk-Draft"] = "kept"  # the script may forget what was typed
    return answer


def _undone(request: HttpRequest, access: Access) -> HttpResponse:
    """It was sent again, or late, and its author has taken it back: what they have of it now is
    before them at the desk, under another number."""
    said = "You have taken this judgement back: nothing of it counts. Judge the item as it is now."
    if scripted(request):
        answer = problem(request, {"problems": {"submission": said}}, status=409)
        answer["X-Desk-Reload"] = "yes"
        return answer
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("desk", access.project.slug)
    return problem(request, {"problems": {"submission": said}}, status=409)


def _other_version(
    request: HttpRequest, access: Access, item: ReviewItem, rater: Rater, error: OtherVersion
) -> HttpResponse:
    """Laid before them again in the words of now, with what they typed; unless this very
    submission was stored before the run moved, and only the answer was lost."""
    made = Review.objects.filter(submission=submission_of(request), rater=rater).first()
    if made and scripted(request):
        return _went_on(request, access, rater, item, {"review": made.pk})
    if not made:
        reviews.save_draft(item=item, rater=rater, body=sent_judgement(request))
    if scripted(request):
        answer = problem(request, {"problems": error.problems}, status=409)
        answer["X-Desk-Reload"] = "yes"
        return answer
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("desk", access.project.slug)
    again = {**_next(access, request), "problems": {} if made else error.problems}
    return render(request, "desk.html#desk", again)


def _next(access: Access, request: HttpRequest) -> dict[str, Any]:
    rater = access.rater()
    claim = claims.claim(project=access.project, rater=rater)
    if claim is None:
        left = counts(access.project, rater)
        return {"access": access, "section": "desk", **left, "item": None, "rater": rater}
    return laid_out(access, rater, claim, request)


def laid_out(access: Access, rater: Rater, claim: Claim, request: HttpRequest) -> dict[str, Any]:
    """What the page shows of an item that the reviewer holds."""
    item = access.item(claim.item_id)
    begins = carrying.beginning(item, rater)
    return {
        "access": access,
        "section": "desk",
        **counts(access.project, rater),
        **work(item, rater, draft=begins.draft, way=way_of(request)),
        "relabels": begins.relabels,
        "rater": rater,
        "lease_until": claim.lease_until,
        "skip_kinds": Slot.SkipKind.choices,
        "post_to": reverse("desk_submit", args=[access.project.slug, item.pk]),
    }


def sent_judgement(request: HttpRequest) -> Any:
    """The JSON of a judgement: the body itself, or the form's field. Raises JudgementError."""
    is_json = request.content_type == "application/json"
    source = request.body.decode("utf-8", "replace") if is_json else request.POST.get("judgement")
    try:
        sent = values.loads(source or "{}")
    except ValueError as error:
        raise JudgementError({"judgement": f"this is not JSON that can be kept: {error}"}) from None
    if not isinstance(sent, dict):
        raise JudgementError({"judgement": "write a JSON object"})
    return sent


def submission_of(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("submission", ""))
    except ValueError:
        raise JudgementError({"submission": "a UUID made for this judgement is needed"}) from None


def problem(request: HttpRequest, context: dict[str, Any], status: int = 422) -> HttpResponse:
    """Says what is wrong above the form and leaves everything that was typed where it is. `status`
    is what the script hears; htmx swaps in answers of success only."""
    if scripted(request):
        return render(request, "desk.html#problems", context, status=status)
    response = render(request, "desk.html#problems", context)
    return reswap(retarget(response, "#problems"), "innerHTML")
