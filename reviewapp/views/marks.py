"""What is put on an item beside its reviews: flags, comments, and that it is gold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from reviewapp.access import Access, Action, open_project
from reviewapp.actions import exposures, flags
from reviewapp.actions import gold as gold_actions
from reviewapp.desk import discussion, gold
from reviewapp.models import GoldItem, ReviewItem
from reviewapp.views.desk import scripted


@login_required
@require_POST
def flag(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Asks for a discussion of the item, and says why."""
    return _say(request, slug, item, flags.flag)


@login_required
@require_POST
def comment(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    return _say(request, slug, item, flags.comment)


@login_required
@require_GET
@never_cache
def comments(request: HttpRequest, slug: str, item: int) -> JsonResponse:
    """What this person may read of the discussion, for the dialog in which they add to it."""
    access = open_project(request.user, slug)
    return JsonResponse(_told(access.item_to_judge(item), access))


def _say(request: HttpRequest, slug: str, item: int, act: Callable[..., Any]) -> HttpResponse:
    access = open_project(request.user, slug)
    found = access.item_to_judge(item)
    try:
        act(item=found, text=request.POST.get("text", ""), by=access.user)
    except flags.EmptyComment as error:
        if scripted(request):
            return JsonResponse({"error": str(error)}, status=422)
        messages.error(request, str(error))
        return redirect("item", slug, item)
    if scripted(request):
        return JsonResponse(_told(found, access))
    return redirect("desk", slug) if request.POST.get("next") == "desk" else _discussion(slug, item)


def _discussion(slug: str, item: int) -> HttpResponse:
    """Where on the item's page it is."""
    return redirect(f"{reverse('item', args=[slug, item])}#discussion")


def _told(item: ReviewItem, access: Access) -> dict[str, Any]:
    """What was said of a resolved item may name its sides: whoever reads it has seen them."""
    resolved = item.state == ReviewItem.State.RESOLVED
    if resolved and item.pk not in exposures.show(items=[item.pk], to=access.user):
        item.state = ReviewItem.State.PENDING  # just undone, or gold that they are at
    said = discussion.comments(item, access)
    rows = [{"by": one["by"], "text": one["text"], "at": one["at"].isoformat()} for one in said]
    return {"comments": rows, "flagged": discussion.flagged(item, access) is not None}


@login_required
@require_POST
def settle(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """The discussion is over."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    if not flags.settle(item=access.item_to_judge(item), by=access.user):
        messages.error(request, "There was no discussion to settle.")
    return _discussion(slug, item)


@login_required
@require_POST
def mark_gold(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Takes the item's label as a known answer."""
    return _gold(request, slug, item, gold_actions.mark, "The item is a gold item now.")


@login_required
@require_POST
def retire_gold(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    return _gold(request, slug, item, gold_actions.retire, "The item is given to nobody any more.")


def _gold(
    request: HttpRequest, slug: str, item: int, act: Callable[..., Any], done: str
) -> HttpResponse:
    access = open_project(request.user, slug, Action.CONFIGURE)
    try:
        act(item=access.item_to_judge(item), by=access.user)
        messages.success(request, done)
    except gold_actions.NotGold as error:
        messages.error(request, str(error))
    return redirect("item", slug, item)


@login_required
@require_GET
def gold_page(request: HttpRequest, slug: str) -> HttpResponse:
    """How well each reviewer does on gold items, and which these are: for leads."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    marked = GoldItem.objects.filter(item__project=access.project, retired_at=None)
    context = {
        "access": access,
        "section": "queue",
        "rows": gold.per_reviewer(access.project),
        "marked": marked.select_related("item__comparison__request", "marked_by").order_by("-id"),
        "share": access.project.sampling.get("gold_share", 0),
    }
    return render(request, "gold.html", context)
