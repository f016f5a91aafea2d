"""Adjudication: one disputed item after the other, its reviews side by side and without names."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from evals.values import row_number
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import reviews
from reviewapp.actions.undo import TooLate, take_back
from reviewapp.desk import carrying, discussion
from reviewapp.desk.judgement import JudgementError, check
from reviewapp.disagreement import adjudicating
from reviewapp.disagreement.adjudicating import Shown
from reviewapp.models import Rater, ReviewItem
from reviewapp.views.desk import problem, sent_judgement, submission_of
from reviewapp.views.working import way_of, work

#: Items that a person has left to others, kept in their session.
PASSED, MOST_PASSED = "left_to_others", 200


@login_required
@require_GET
@never_cache
def adjudicate(request: HttpRequest, slug: str) -> HttpResponse:
    """The next item that waits for this person's word, or the one that they ask for. `take`: the
    form begins with what that review says; `done`: the item that they have just adjudicated."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    rater = access.rater()
    passed = _passed(request, access)
    pk = _asked_for(request, access, rater)
    if pk is None:
        pk = adjudicating.following(access.project, rater, passed)
    left, more = adjudicating.count(adjudicating.waiting(access.project, rater))
    context = {"access": access, "section": "queue", "left": left, "left_more": more}
    context |= {"passed": len(passed), "item": None}
    context["done"] = max(0, row_number(request.GET.get("done", "")))
    if pk is not None:
        context |= _item(access, access.item(pk), rater, request)
    return render(request, "adjudicate.html", context)


def _asked_for(request: HttpRequest, access: Access, rater: Rater) -> int | None:
    """The item in the address, if it waits for this person; else they are told so."""
    pk = row_number(request.GET.get("item", ""))
    if pk <= 0:
        return None
    if adjudicating.keep(access.project, rater, pk):
        return pk
    said = f"Item {pk} does not wait for you: it is decided, or somebody else is at it."
    messages.error(request, said)
    return None


def _item(access: Access, item: ReviewItem, rater: Rater, request: HttpRequest) -> dict[str, Any]:
    said = adjudicating.beside(item, rater)
    draft = carrying.typed_before(item, rater)
    if taken := _numbered(said.reviews, request.GET.get("take", "")):
        draft = adjudicating.as_draft(taken.review, item, rater)
    form = work(item, rater, draft=draft, way=way_of(request))
    address = reverse("adjudicate_submit", args=[access.project.slug, item.pk])
    talk = {
        "comments": discussion.comments(item, access),
        "flag": discussion.flagged(item, access),
    }
    return {**form, **talk, "item_page": True, "post_to": address, "beside": said}


def _numbered(said: list[Shown], number: str) -> Shown | None:
    return next((one for one in said if str(one.number) == number), None)


@login_required
@require_POST
def submit(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Stores the adjudicator's word and goes on with the next item."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    found, rater = access.item(item), access.rater()
    try:
        _decide(request, access, found, rater, sent_judgement(request))
    except JudgementError as error:
        return problem(request, {"problems": error.problems})
    except reviews.SlotLost as error:
        return problem(request, {"problems": {"item": f"{error} Reload for the next one."}})
    adjudicating.let_go(item)
    address = f"{reverse('adjudicate', args=[slug])}?done={item}"
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


@login_required
@require_POST
def accept(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Makes what one of the reviews says the adjudicator's word, as it is."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    found, rater = access.item(item), access.rater()
    said = adjudicating.beside(found, rater).reviews
    one = _numbered(said, request.POST.get("number", ""))
    if one is None:
        raise Http404("There is no such review on this item.")
    try:
        said_then = adjudicating.as_draft(one.review, found, rater)
        _decide(request, access, found, rater, said_then)
    except JudgementError:
        # It was said in other words than those of now: what is open has to be chosen.
        messages.error(request, f"Review {one.number} needs a choice: it is filled in below.")
        address = f"{reverse('adjudicate', args=[slug])}?item={item}&take={one.number}"
        return redirect(address)
    except reviews.SlotLost as error:
        messages.error(request, str(error))
        return redirect("adjudicate", slug)
    adjudicating.let_go(item)
    return redirect(f"{reverse('adjudicate', args=[slug])}?done={item}")


def _decide(
    request: HttpRequest, access: Access, item: ReviewItem, rater: Rater, said: object
) -> None:
    """Makes it the word that counts. Raises JudgementError and SlotLost."""
    reviews.adjudicate(
        item=item,
        rater=rater,
        judgement=check(said, item, rater),
        submission=submission_of(request),
        by=access.user,
    )


@login_required
@require_POST
def undo(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Takes this person's word on an item back and lays the item before them again; or says why
    that is too late, where it can be revised."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    try:
        take_back(item=access.item(item), rater=access.rater(), by=access.user)
    except TooLate as late:
        messages.error(request, f"Not undone. {late}")
        address = reverse("item", args=[slug, item])
        return redirect(f"{address}?revise" if late.review else address)
    messages.success(request, f"Undone: item {item} is before you again, as you judged it.")
    return redirect(f"{reverse('adjudicate', args=[slug])}?item={item}")


@login_required
@require_POST
def pass_on(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Leaves an item to another adjudicator; `back`: all that were left come again."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    passed = _passed(request, access)
    if "back" in request.POST:
        passed = []
    elif item not in passed:
        passed = [*passed, item][-MOST_PASSED:]
        adjudicating.let_go(item)
    request.session[PASSED] = {**request.session.get(PASSED, {}), access.project.slug: passed}
    return redirect("adjudicate", slug)


def _passed(request: HttpRequest, access: Access) -> list[int]:
    kept = request.session.get(PASSED, {}).get(access.project.slug, [])
    return [pk for one in kept if (pk := row_number(str(one))) > 0]
