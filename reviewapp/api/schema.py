"""What the OpenAPI description says beside the serializers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

F = TypeVar("F", bound=Callable[..., Any])

NDJSON = "application/x-ndjson"
#: A stream of one JSON object a line.
LINES = {NDJSON: OpenApiTypes.STR}
NOTHING = OpenApiResponse(description="Done; there is nothing to say.")


class Problem(serializers.Serializer[Any]):
    where = serializers.CharField(help_text="Field, JSON path or line; empty for the whole.")
    what = serializers.CharField()


class Trouble(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="One word for programs.")
    what = serializers.CharField(help_text="What is wrong, in a sentence.")
    where = serializers.CharField(allow_null=True, help_text="Of the first problem.")
    do = serializers.CharField(help_text="What to do about it.")
    problems = Problem(many=True)
    id = serializers.CharField(required=False, help_text="Of an unexpected error, in the log.")


class Error(serializers.Serializer[Any]):
    error = Trouble()


def operation(
    name: str,
    summary: str,
    *,
    answer: Any = None,
    status: int = 200,
    body: Any = None,
    parameters: Sequence[OpenApiParameter] = (),
    also: dict[Any, Any] | None = None,
    fails: Sequence[int] = (),
) -> Callable[[F], F]:
    """Describes one method of an address: "runs.start" is its id, and runs its tag.

    answer: a serializer, or {media type: type}; also: other answers by status; fails: statuses of
    errors beyond those that every address has.
    """
    tag = name.split(".")[0]
    good: dict[Any, Any] = (
        {(status, media): kind for media, kind in answer.items()}
        if isinstance(answer, dict)
        else {status: answer if answer is not None else NOTHING}
    )
    errors = sorted({400 if body is not None else 401, 401, 403, 404, *fails})
    return extend_schema(
        operation_id=name.replace(".", "_"),
        summary=summary,
        tags=[tag],
        request=body,
        parameters=list(parameters),
        responses={**good, **(also or {}), **dict.fromkeys(errors, Error)},
    )
