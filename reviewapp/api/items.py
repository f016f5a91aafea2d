"""The queue as a list, by the same filters as the page."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from evals.values import row_number
from reviewapp import listing
from reviewapp.api.auth import enter
from reviewapp.api.paging import page_of
from reviewapp.api.schema import operation
from reviewapp.desk import gold
from reviewapp.listing import asked as asking
from reviewapp.models import ReviewItem

ROWS, MOST_ROWS = 100, 500

#: What each filter means, for the description of the address.
MEANS = {
    "state": f"One of {', '.join(ReviewItem.State.values)}.",
    "run": "The name of a run.",
    "stratum": "The name of a stratum.",
    "category": "Resolved items with a finding of the category with this key, whichever version "
    "of the taxonomy it was labelled in.",
    "segment": "key=value.",
    "reviewer": "Resolved items that a rater of this name judged.",
    "disagreement": f"One of {', '.join(asking.DISAGREEMENT)}.",
    "mark": f"One of {', '.join(asking.MARKS)}; gold is for leads.",
    "request": "What the id of the request starts with.",
    "q": 'Words of the request and both outputs; "words together", -without, begin*.',
    "order": "newest: newest first.",
}
PARAMETERS = [
    *(OpenApiParameter(name, str, description=words) for name, words in MEANS.items()),
    OpenApiParameter("after", int, description="From `next` of another page."),
    OpenApiParameter("before", int, description="From `previous` of another page."),
    OpenApiParameter("limit", int, description="Rows a page, at most 500; 100 by default."),
]


class ListedItem(serializers.Serializer[Any]):
    item = serializers.IntegerField(source="pk")
    run = serializers.CharField()
    request = serializers.CharField()
    segment = serializers.DictField()
    state = serializers.ChoiceField(ReviewItem.State.choices)
    batch = serializers.CharField()
    stratum = serializers.CharField()
    position = serializers.IntegerField()
    inclusion = serializers.FloatField(allow_null=True)
    reviews = serializers.IntegerField(help_text="That count as labels now.")
    drawn_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)


@operation(
    "queue.list",
    "List review items",
    answer=page_of(ListedItem),
    parameters=PARAMETERS,
)
@api_view(["GET"])
def items(request: Request, slug: str) -> Response:
    """Items by what is asked for. A category or a reviewer finds resolved items only: what
    somebody said of an item is not told while others may still judge it."""
    access = enter(request, slug)
    sent = request.query_params
    asked = listing.Asked.read(sent.dict())
    after, before = asking.cursors(sent.dict())
    limit = row_number(sent.get("limit", ""))
    rows = min(limit, MOST_ROWS) if limit > 0 else ROWS
    masked = list(gold.masked(access.user))
    page = listing.page(access, asked, after=after, before=before, masked=masked, rows=rows)
    shown = ListedItem(page.items, many=True).data
    return Response(
        {
            "next": _address(request, asked, rows, after=page.after),
            "previous": _address(request, asked, rows, before=page.before),
            "results": shown,
        }
    )


def _address(request: Request, asked: listing.Asked, rows: int, **cursor: int | None) -> str | None:
    (name, value) = next(iter(cursor.items()))
    if value is None:
        return None
    pairs: dict[str, Any] = {one.name: getattr(asked, one.name) for one in fields(asked)}
    query = urlencode({k: v for k, v in {**pairs, name: value, "limit": rows}.items() if v})
    return request.build_absolute_uri(f"{request.path}?{query}")
