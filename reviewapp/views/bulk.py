"""Many items at once: first what would happen, in numbers; then piece by piece, each asked for by
the page itself, so that it says how far it is and can be stopped by leaving."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from evals.values import row_number
from reviewapp import listing
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import bulk
from reviewapp.models import ReviewItem

#: Items that can be chosen one by one; more go by a filter.
CHOSEN = 500


@login_required
@require_GET
def confirm(request: HttpRequest, slug: str) -> HttpResponse:
    """What would be done, to how many of how many items."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    verb = _verb(request.GET)
    chosen, sent = _chosen(access, request.GET)
    context = {
        "access": access,
        "section": "queue",
        "verb": verb,
        "sent": sent,
        "looked_at": chosen.count(),
        "total": bulk.counted(verb, chosen),
        "people": _people(chosen) if verb == "release" else 0,
        "back": _back(access, request.GET),
    }
    return render(request, "bulk.html", context)


@login_required
@require_POST
def go_on(request: HttpRequest, slug: str) -> HttpResponse:
    """The next piece; the answer asks for the one after, until nothing is left."""
    access = open_project(request.user, slug, Action.ADJUDICATE)
    verb = _verb(request.POST)
    chosen, sent = _chosen(access, request.POST)
    after = max(row_number(request.POST.get("after", "")), 0)
    piece = bulk.piece(
        project=access.project, verb=verb, chosen=chosen, after=after, by=access.user
    )
    done = max(row_number(request.POST.get("done", "")), 0) + piece.done
    total = max(row_number(request.POST.get("total", "")), done)
    if piece.last is None or done >= total:
        word = {"release": "given back", "requeue": "back in the queue"}.get(
            verb, "open to anybody"
        )
        messages.success(request, f"{done:,} item{'' if done == 1 else 's'} {word}.")
        address = _back(access, request.POST)
        if request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(headers={"HX-Redirect": address})
        return redirect(address)
    context = {
        "access": access,
        "section": "queue",
        "verb": verb,
        "sent": sent,
        "after": piece.last,
        "done": done,
        "total": total,
        "going": True,
        "back": _back(access, request.POST),
    }
    page = "bulk.html#going" if request.htmx else "bulk.html"  # type: ignore[attr-defined]
    return render(request, page, context)


def _verb(sent: QueryDict) -> str:
    verb = sent.get("verb", "")
    if verb not in bulk.VERBS:
        raise Http404(f"There is nothing called {verb!r} to do with items.")
    return verb


def _chosen(access: Access, sent: QueryDict) -> tuple[QuerySet[ReviewItem], list[tuple[str, str]]]:
    """The items that are meant, and the fields of a form that means them again: those ticked, or
    all that a filter finds."""
    query = sent.get("query", "")
    if sent.get("all"):
        asked = listing.Asked.read(QueryDict(query.encode()[:4_000]))
        return listing.chosen(access, asked), [("all", "yes"), ("query", asked.query())]
    ids = sorted({pk for one in sent.getlist("item")[:CHOSEN] if (pk := row_number(one)) > 0})
    items = ReviewItem.objects.filter(project=access.project, pk__in=ids)
    return items, [("query", query), *(("item", str(pk)) for pk in ids)]


def _people(chosen: QuerySet[ReviewItem]) -> int:
    """How many are at one of these items at this moment."""
    held = bulk.held_now(chosen)
    return held.values("rater").distinct().count()


def _back(access: Access, sent: QueryDict) -> str:
    query = listing.Asked.read(QueryDict(sent.get("query", "").encode()[:4_000])).query()
    here = reverse("queue", args=[access.project.slug])
    return f"{here}?{query}" if query else here
