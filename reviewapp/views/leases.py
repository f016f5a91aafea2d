"""Which items a reviewer holds: fetched ahead, kept, given back, taken back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from evals.values import row_number
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import claims
from reviewapp.actions.claims import Claim
from reviewapp.actions.undo import TooLate
from reviewapp.actions.undo import undo as undo_last
from reviewapp.models import Rater
from reviewapp.views.desk import laid_out, problem, scripted


@login_required
@require_POST
@never_cache
def ahead(request: HttpRequest, slug: str) -> HttpResponse:
    """The item to show after the one that the reviewer is at, on a lease of two minutes."""
    access = open_project(request.user, slug, Action.REVIEW)
    rater = access.rater()
    claim = claims.claim(project=access.project, rater=rater, ahead=True)
    return _laid_out(request, access, rater, claim) if claim else HttpResponse(status=204)


@login_required
@require_POST
def renew(request: HttpRequest, slug: str, item: int) -> JsonResponse:
    """Keeps an item that the reviewer holds while their page is open."""
    access = open_project(request.user, slug, Action.REVIEW)
    claim = claims.renew(item=access.item_to_judge(item), rater=access.rater())
    if claim is None:
        return JsonResponse({"error": "You do not hold this item any more."}, status=409)
    until = claim.lease_until.isoformat()
    return JsonResponse({"item": claim.item_id, "lease_until": until, "ahead": claim.ahead})


@login_required
@require_POST
def release_ahead(request: HttpRequest, slug: str) -> HttpResponse:
    """Sent while the page is being left."""
    access = open_project(request.user, slug, Action.REVIEW)
    item = row_number(request.POST.get("item", "")) or None
    claims.release_ahead(rater=access.rater(), item_id=item)
    return HttpResponse(status=204)


@login_required
@require_POST
def release(request: HttpRequest, slug: str) -> HttpResponse:
    """Gives back all that the reviewer holds."""
    access = open_project(request.user, slug, Action.REVIEW)
    claims.release(rater=access.rater())
    return redirect("project", slug)


@login_required
@require_POST
def claim_again(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Takes an item back whose lease ran out, with the draft that was kept."""
    access = open_project(request.user, slug, Action.REVIEW)
    rater, found = access.rater(), access.item_to_judge(item)
    claim = claims.claim_item(item=found, rater=rater)
    text = "No place on this item is open any more; your draft on it is kept."
    if scripted(request):
        if claim:
            return _laid_out(request, access, rater, claim)
        lost = {"lost": text, "access": access, "item": found, "may_claim": False}
        return problem(request, lost, status=409)
    if claim:
        return redirect("desk", slug)
    return render(request, "error.html", {"title": "Taken", "what": text, "access": access})


@login_required
@require_POST
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes the last submission back, or says why that is too late and what can be done."""
    access = open_project(request.user, slug, Action.REVIEW)
    rater = access.rater()
    try:
        claim = undo_last(project=access.project, rater=rater, by=access.user)
    except TooLate as late:
        page = reverse("item", args=[slug, late.review.item_id]) if late.review else None
        revise = f"{page}?revise" if page else None
        if scripted(request):
            return JsonResponse({"error": str(late), "revise": revise}, status=409)
        messages.error(request, f"Not undone. {late}")
        return redirect(page or reverse("desk", args=[slug]))
    return _laid_out(request, access, rater, claim) if scripted(request) else redirect("desk", slug)


def _laid_out(request: HttpRequest, access: Access, rater: Rater, claim: Claim) -> HttpResponse:
    """The item as the desk shows it, and which it is, for the script."""
    response = render(request, "desk.html#desk", laid_out(access, rater, claim, request))
    response["X-Item"] = str(claim.item_id)
    response["X-Lease-Until"] = claim.lease_until.isoformat()
    response["X-Desk-Script"] = static("desk.js")  # a page of another version gets itself anew
    return response
