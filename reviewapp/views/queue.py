"""The queue as a list, and what leads do with many of its items at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from evals import sampling
from evals.values import row_number
from reviewapp import listing, live
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import relabel
from reviewapp.desk import gold
from reviewapp.listing import asked as asking
from reviewapp.listing import categories
from reviewapp.listing.around import around
from reviewapp.models import ReviewItem

STATES = ReviewItem.State.values


@login_required
@require_GET
def queue(request: HttpRequest, slug: str) -> HttpResponse:
    """Items by what is asked for in the address, from any place in the list."""
    access = open_project(request.user, slug)
    asked = listing.Asked.read(request.GET)
    after, before = asking.cursors(request.GET)
    here = reverse("queue", args=[slug])
    address = _address(here, asked, after=after, before=before)
    in_place = bool(request.htmx)  # type: ignore[attr-defined]
    if "" in request.GET.values() and not in_place:  # a form without script sends all its fields
        return redirect(address)
    context = {"access": access, "section": "queue", "here": here, "asked": asked}
    context |= _rows(access, asked, after, before)
    context["item_at"] = reverse("item", args=[slug, 0]).removesuffix("0/")
    if in_place:
        response = render(request, "queue.html#rows", context)
        response["HX-Push-Url"] = address
    else:
        response = render(request, "queue.html", context | _around(access))
    patch_vary_headers(response, ["HX-Request"])
    return response


def _address(here: str, asked: listing.Asked, **more: object) -> str:
    query = asked.query(**more)
    return f"{here}?{query}" if query else here


def _rows(access: Access, asked: listing.Asked, after: int, before: int) -> dict[str, Any]:
    masked = list(gold.masked(access.user))
    count = listing.how_many(access, asked, masked) if asked.anything else None
    known = count.ids if count else None
    page = listing.page(access, asked, after=after, before=before, masked=masked, known=known)
    return {
        "page": page,
        "following": asked.query(after=page.after) if page.after else "",
        "preceding": asked.query(before=page.before) if page.before else "",
        "first_page": not (after or before),
        "count": count.number if count else 0,
        "more": count.more if count else False,
        "query": asked.query(),
    }


def _around(access: Access) -> dict[str, Any]:
    """What stands around the rows."""
    project = access.project
    there = around(project)
    now, gone = categories.offered(project.taxonomy_version_id, there.versions)
    leads = access.may(Action.CONFIGURE)
    return {
        "around": there,
        "panel": live.panel(access),
        "strata": sampling.DRAWN,
        "categories": now,
        "older_categories": gone,
        "state_names": STATES,
        "disagreements": asking.DISAGREEMENT,
        "marks": {k: v for k, v in asking.MARKS.items() if leads or k != "gold"},
        "orders": asking.ORDERS,
    }


@login_required
@require_GET
def panel(request: HttpRequest, slug: str) -> HttpResponse:
    """Who is at what, and how fast it goes: a fragment that pages ask for every few seconds."""
    access = open_project(request.user, slug)
    context = {"access": access, "panel": live.panel(access)}
    return render(request, "live.html#panel", context)


@login_required
@require_POST
def release(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes from one person what is kept for them to relabel in a run."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    run = access.run(request.POST.get("run", ""))
    raters = access.project.raters.filter(pk=row_number(request.POST.get("rater", "")))
    rater = get_object_or_404(raters)
    try:
        count = relabel.release(run=run, rater=rater, by=access.user)
        places = "place is" if count == 1 else "places are"
        messages.success(request, f"{count} {places} not kept for {rater.name} any more.")
    except relabel.RelabelError as error:
        messages.error(request, str(error))
    return redirect("queue", slug)
