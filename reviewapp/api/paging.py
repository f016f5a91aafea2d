"""Lists: every one has the same envelope, so that any of them may grow."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from evals import values

PARAMETERS = [
    OpenApiParameter("cursor", str, description="From `next` or `previous` of another page."),
    OpenApiParameter("limit", int, description="Rows a page, at most 500; 100 by default."),
]


class Pages(CursorPagination):
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 500

    def decode_cursor(self, request: Request) -> Any:
        """A cursor that was made up may hold any text where a row's number belongs."""
        cursor = super().decode_cursor(request)
        position = cursor.position if cursor else None
        if position is not None and values.row_number(str(position)) < 0:
            raise NotFound(self.invalid_cursor_message)
        return cursor


def paged(
    request: Request,
    rows: QuerySet[Any],
    shown: type[serializers.BaseSerializer[Any]],
    order: str = "id",
    **context: Any,
) -> Response:
    """One page of `rows` by a unique (or nearly unique) field."""
    pages = Pages()
    pages.ordering = (order,)
    page: list[Model] = pages.paginate_queryset(rows, request) or []
    return pages.get_paginated_response(shown(page, many=True, context=context).data)


def page_of(shown: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """The envelope, for the OpenAPI description."""
    return inline_serializer(
        f"{shown.__name__}Page",
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": shown(many=True),
        },
    )
