"""What the form of a judgement shows: the request, both outputs in the way that the person likes,
and the words of the taxonomy. Sides are A and B and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET

from evals import values
from evals.comparators.paths import matches
from evals.models import Output
from evals.values import row_number
from reviewapp.access import Access, Action, open_project
from reviewapp.desk.judgement import sides_of
from reviewapp.desk.palette import palette
from reviewapp.desk.rendering import shown, tree
from reviewapp.desk.rendering.turns import Part, has_ways, of_output, of_request
from reviewapp.models import Rater, ReviewItem

#: Cookies that remember how a person likes to see outputs and requests, so that the first paint is
#: right already.
WAY, REQUEST_WAY = "crosscheck_way", "crosscheck_request"
#: A request reads as Markdown and JSON do, or as it is stored.
READ, STORED = "read", "stored"
#: The ways in which the shown text is the stored one, so that stretches of it can be marked.
MARKED_IN = ("words", "plain")


@dataclass(frozen=True)
class Ways:
    """How somebody likes to see things; `outputs` is empty where they chose none."""

    outputs: str = ""
    request: str = READ


def way_of(request: HttpRequest) -> Ways:
    """The ways that this person chose last."""
    way = request.COOKIES.get(WAY, "")
    stored = request.COOKIES.get(REQUEST_WAY) == STORED
    return Ways(way if way in shown.WAYS else "", STORED if stored else READ)


def work(
    item: ReviewItem, rater: Rater, *, draft: object, named: bool = False, way: Ways = Ways()
) -> dict[str, Any]:
    """What the form of a judgement needs. `named`: the sides are visible (a resolved item)."""
    real = sides_of(item, rater)
    version = item.run.taxonomy_version
    words = palette(version)
    categories, severities = words.categories, words.severities
    outputs = _outputs(item, rater)
    return {
        **asked(item, way=way.request, later=True),
        "letters": [{"letter": side, "real": real[side] if named else ""} for side in "AB"],
        **seen(outputs, way.outputs),
        "categories": categories,
        "severities": severities,
        "submission": uuid4(),
        "desk_data": {
            "item": item.pk,
            "person": rater.user_id,
            "taxonomy": str(version),
            "draft": draft,
            "json": not any(isinstance(one.value, str) for one in outputs.values()),
            "categories": [
                {
                    "key": category.key,
                    "name": category.name,
                    "hotkey": category.hotkey,
                    "severity": category.default_severity.key
                    if category.default_severity
                    else None,
                    "evidence": category.evidence_required,
                }
                for category in categories
            ],
            "severities": [
                {"key": severity.key, "name": severity.name, "hotkey": severity.hotkey}
                for severity in severities
            ],
        },
    }


def _outputs(item: ReviewItem, rater: Rater) -> dict[str, Output]:
    real = sides_of(item, rater)
    return {side: getattr(item.comparison, f"{real[side]}_output") for side in "AB"}


def seen(outputs: dict[str, Output], way: str, *, whole: bool = False) -> dict[str, Any]:
    """Both outputs in one way, for the partial "shown"."""
    found = shown.shown(outputs["A"], outputs["B"], way, whole=whole)
    panes = []
    for side in "AB":
        pane: dict[str, Any] = {
            "letter": side,
            "left": found.more.get(side, 0),
            "length": len(outputs[side].text),
        }
        for kind in ("pieces", "read"):
            if kind in found.context:
                pane[kind] = found.context[kind][side]
        panes.append(pane)
    return {
        "panes": panes,
        "joint": found.context if found.way in ("lines", "fields") else None,
        "way": found.way,
        "ways": [{"key": key, "name": shown.WAYS[key]} for key in found.ways],
        "marked_in": found.way in MARKED_IN,
        "as_json": not any(isinstance(one.value, str) for one in outputs.values()),
    }


def asked(
    item: ReviewItem, *, whole: bool = False, way: str = READ, later: bool = False
) -> dict[str, Any]:
    """The request with what is known about it, for the partial "request". `later`: on a page that
    asks for what is deep in a tree when it is opened, and that can show the request in two ways."""
    request, expected = item.comparison.request, item.comparison.expected
    fold, reads = None if whole else shown.FOLD, way == READ
    turns = of_request(request.input, fold=fold, reads=reads, later=later and not whole)
    two_ways = later and has_ways(request.input, turns)
    return {
        "item": item,
        "turns": turns,
        "request_way": way if two_ways else "",
        "known": [] if expected is None else of_output(expected, place="known" if later else ""),
        "segment": request.segment,
    }


@login_required
@require_GET
@never_cache
@gzip_page
def shown_in(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Both outputs of an item in another way, which is remembered; `whole`: nothing folded."""
    access = open_project(request.user, slug, Action.REVIEW)
    found, rater = _theirs(access, item)
    if (whole := request.GET.get("whole") == "request") or "request" in request.GET:
        return _request_in(request, found, whole=whole)
    way = request.GET.get("way", "")
    way = way if way in shown.WAYS else way_of(request).outputs
    both = seen(_outputs(found, rater), way, whole="whole" in request.GET)
    response = render(request, "desk.html#shown", both)
    response.set_cookie(WAY, way or "words", max_age=365 * 86_400, samesite="Lax", httponly=True)
    return response


def _request_in(request: HttpRequest, item: ReviewItem, *, whole: bool) -> HttpResponse:
    way = request.GET.get("request", "")
    way = way if way in (STORED, READ) else way_of(request).request
    context = asked(item, whole=whole, way=way, later=True)
    response = render(request, "desk.html#request", context)
    response.set_cookie(REQUEST_WAY, way, max_age=365 * 86_400, samesite="Lax", httponly=True)
    return response


@login_required
@require_GET
@never_cache
@gzip_page
def branch(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """What is inside a branch of a tree that was closed: ?of= the place of its part as the page
    has it, ?path= of the branch, ?from= how many of its children are there already."""
    found, rater = _theirs(open_project(request.user, slug, Action.REVIEW), item)
    path = request.GET.get("path", "")
    inside = _at(_part(found, rater, request.GET.get("of", "")), path)
    if inside is None:
        raise Http404("There is no such branch.")
    at, value = inside
    node = tree.tree(value, at=at, start=max(0, row_number(request.GET.get("from", ""))))
    return render(request, "texts.html#inside", {"node": node})


def _part(item: ReviewItem, rater: Rater, place: str) -> object:
    """The value whose tree is at that place: "request.3.0", "known.0.0", "A.0.0"."""
    of, _, rest = place.partition(".")
    turns: list[list[Part]] = []
    if of == "request":
        turns = [one.parts for one in of_request(item.comparison.request.input)]
    elif of == "known" and item.comparison.expected is not None:
        turns = [of_output(item.comparison.expected)]
    elif of in ("A", "B"):
        turns = [of_output(_outputs(item, rater)[of].value)]
    numbers = [row_number(one) for one in rest.split(".")]
    if len(numbers) != 2 or min(numbers) < 0:
        return None
    parts = [part for turn in turns[numbers[0] : numbers[0] + 1] for part in turn]
    return parts[numbers[1]].value if numbers[1] < len(parts) else None


def _at(value: object, path: str) -> tuple[tuple[str | int, ...], object] | None:
    """Where that path leads in a value, and the object or list that is there."""
    try:
        found = next(iter(matches(path, value)), None)
    except ValueError:
        return None
    return found if found and isinstance(found[1], dict | list) else None


@login_required
@require_GET
@never_cache
@gzip_page
def text_of(request: HttpRequest, slug: str, item: int, side: str) -> HttpResponse:
    """The whole output of side A or B as text, for copying; JSON indented to be edited."""
    found, rater = _theirs(open_project(request.user, slug, Action.REVIEW), item)
    output = _outputs(found, rater).get(side)
    if output is None:
        raise Http404("A side is A or B.")
    text = output.text
    if not isinstance(output.value, str):
        text = msgspec.json.format(values.source_of(output.value), indent=2)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _theirs(access: Access, item: int) -> tuple[ReviewItem, Rater]:
    """An item whose outputs this person may see as A and B: one that is or was theirs at the
    desk, a disputed one that they may adjudicate, or a resolved one."""
    found, rater = access.item(item), access.rater()
    if found.state == ReviewItem.State.RESOLVED or found.slots.filter(rater=rater).exists():
        return found, rater
    if found.state == ReviewItem.State.DISPUTED and access.may(Action.ADJUDICATE):
        return found, rater
    raise PermissionDenied("This item is not at your desk: its outputs are shown once it is.")
