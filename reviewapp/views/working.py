"""What the form of a judgement shows: the request, both outputs in the way that the person likes,
and the words of the taxonomy. Sides are A and B and nothing else."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from evals import values
from evals.models import Output
from reviewapp.access import Access, Action, open_project
from reviewapp.desk.judgement import sides_of
from reviewapp.desk.rendering import shown
from reviewapp.desk.rendering.turns import of_output, of_request
from reviewapp.models import Rater, ReviewItem

#: Remembers how a person likes to see outputs, so that the first paint is right already.
WAY = "crosscheck_way"
#: The ways in which the shown text is the stored one, so that stretches of it can be marked.
MARKED_IN = ("words", "plain")


def way_of(request: HttpRequest) -> str:
    """The way of showing outputs that this person chose last; empty where they chose none."""
    way = request.COOKIES.get(WAY, "")
    return way if way in shown.WAYS else ""


def work(
    item: ReviewItem, rater: Rater, *, draft: object, named: bool = False, way: str = ""
) -> dict[str, Any]:
    """What the form of a judgement needs. `named`: the sides are visible (a resolved item)."""
    real = sides_of(item, rater)
    version = item.run.taxonomy_version
    categories = list(version.leaves().select_related("default_severity"))
    severities = list(version.severities.all())
    outputs = _outputs(item, rater)
    return {
        **asked(item),
        "letters": [{"letter": side, "real": real[side] if named else ""} for side in "AB"],
        **_seen(outputs, way),
        "categories": categories,
        "severities": severities,
        "submission": uuid4(),
        "desk_data": {
            "item": item.pk,
            "person": rater.pk,
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


def _seen(outputs: dict[str, Output], way: str, *, whole: bool = False) -> dict[str, Any]:
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


def asked(item: ReviewItem, *, whole: bool = False) -> dict[str, Any]:
    """The request with what is known about it, for the partial "request"."""
    request, expected = item.comparison.request, item.comparison.expected
    return {
        "item": item,
        "turns": of_request(request.input, fold=None if whole else shown.FOLD),
        "known": [] if expected is None else of_output(expected),
        "segment": request.segment,
    }


@login_required
@require_GET
@never_cache
def shown_in(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Both outputs of an item in another way, which is remembered; `whole`: nothing folded."""
    access = open_project(request.user, slug, Action.REVIEW)
    found, rater = _theirs(access, item)
    if request.GET.get("whole") == "request":
        return render(request, "desk.html#request", asked(found, whole=True))
    way = request.GET.get("way", "")
    way = way if way in shown.WAYS else way_of(request)
    seen = _seen(_outputs(found, rater), way, whole="whole" in request.GET)
    response = render(request, "desk.html#shown", seen)
    response.set_cookie(WAY, way or "words", max_age=365 * 86_400, samesite="Lax", httponly=True)
    return response


@login_required
@require_GET
@never_cache
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
