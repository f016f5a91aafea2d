"""Traffic in: a stream of records, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.http import UnreadablePostError
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from evals.ingest import IngestResult, ingest
from evals.models import Project
from evals.records import LineError, TrafficRecord, UnknownFields, decode_lines
from reviewapp.access import Action
from reviewapp.actions.runs import advance
from reviewapp.api.auth import enter
from reviewapp.api.bodies import LIMIT, pieces
from reviewapp.api.errors import BadBody, Told, tell
from reviewapp.api.schema import LINES, operation


class LineProblem(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    field = serializers.CharField(help_text="JSON path; $ for the whole line.")
    reason = serializers.CharField()


class Warned(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="JSON path; [] for any place of a list.")
    line = serializers.IntegerField(help_text="The first that has it.")
    count = serializers.IntegerField(help_text="Lines that have it.")
    reason = serializers.CharField()


class Ingested(serializers.Serializer[Any]):
    """Lines by what became of them. Problems are listed up to the first thousand."""

    stored = serializers.IntegerField(help_text="New requests.")
    added = serializers.IntegerField(help_text="Known requests that got something new.")
    unchanged = serializers.IntegerField(help_text="Nothing new: sent before.")
    conflicting = serializers.IntegerField(help_text="Contradict what is stored, which stayed.")
    rejected = serializers.IntegerField(help_text="Bad lines.")
    problems = LineProblem(many=True)
    warnings = Warned(many=True, help_text="Fields that are not known, and so were not read.")


@operation("traffic.send", "Send traffic", body=LINES, answer=Ingested, fails=[413, 415])
@api_view(["POST"])
def traffic(request: Request, slug: str) -> Response:
    """One traffic record a line, any Content-Type, `Content-Encoding: gzip` if you like, of any
    length. 200 means committed, also where some lines were bad; 400 that every line was.

        {"id": "req-81723", "occurred_at": "2026-11-20T23:04:11Z", "input": "text or any JSON",
         "expected": null, "segment": {"locale": "de"}, "group": "conversation-77",
         "outputs": [{"model": "triage-09", "sample": 0, "output": "billing", "latency_ms": 412,
                      "input_tokens": 388, "output_tokens": 12, "cost_usd": 0.0007},
                     {"model": "triage-11", "error": "HTTP 503 from upstream"}]}

    Only `id` and `input` must be there. The same line again changes nothing; a new output, or an
    `expected` where there was none, is added; what contradicts the stored is told, never written.
    A field that is not known is told in `warnings`, and the line stored all the same. A body that
    breaks off answers an error with the counts of what was stored; send it again as it is.
    """
    access = enter(request, slug, Action.INGEST)
    body, unknown = pieces(request), UnknownFields()
    return take(access.project, decode_lines(body, LIMIT, unknown), unknown)


def take(
    project: Project,
    lines: Iterable[tuple[int, TrafficRecord | LineError]],
    unknown: UnknownFields,
) -> Response:
    """Stores the lines, which must not use the database while they are read, and answers. Where
    they break off, the error comes with what is stored by then."""
    result, broken = IngestResult(), None
    try:
        ingest(project, lines, overlap=True, result=result)
    except (BadBody, UnreadablePostError) as error:
        broken = tell(error)
    advance(project=project)
    counts = {**result.as_dict(), "warnings": unknown.as_list()}
    if told := broken or _nothing(result):
        return Response({**told.as_dict(), **counts}, status=told.status)
    return Response(counts)


def _nothing(result: IngestResult) -> Told | None:
    if result.lines > result.rejected:
        return None
    return Told(
        400,
        "nothing_stored",
        "Every line was bad." if result.rejected else "The body has no lines.",
        "Send one JSON object a line; traffic/ in /api/schema/ has the fields.",
        list(_listed(result.problems)),
    )


def _listed(problems: list[LineError]) -> Iterator[tuple[str, str]]:
    for one in problems:
        yield f"line {one.line}, {one.path}", one.reason
