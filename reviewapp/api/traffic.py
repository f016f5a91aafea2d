"""Traffic in: a stream of records, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from evals.ingest import IngestResult, ingest
from evals.records import LineError, decode_lines
from reviewapp.access import Action
from reviewapp.actions.runs import advance
from reviewapp.api.auth import enter
from reviewapp.api.bodies import LIMIT, pieces
from reviewapp.api.errors import Told
from reviewapp.api.schema import LINES, operation


class LineProblem(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    field = serializers.CharField(help_text="JSON path; $ for the whole line.")
    reason = serializers.CharField()


class Ingested(serializers.Serializer[Any]):
    """Lines by what became of them. Problems are listed up to the first thousand."""

    stored = serializers.IntegerField(help_text="New requests.")
    added = serializers.IntegerField(help_text="Known requests that got something new.")
    unchanged = serializers.IntegerField(help_text="Nothing new: sent before.")
    conflicting = serializers.IntegerField(help_text="Contradict what is stored, which stayed.")
    rejected = serializers.IntegerField(help_text="Bad lines.")
    problems = LineProblem(many=True)


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
    """
    access = enter(request, slug, Action.INGEST)
    result = ingest(access.project, decode_lines(pieces(request), LIMIT))
    advance(project=access.project)
    return answer(result)


def answer(result: IngestResult) -> Response:
    good = result.stored + result.added + result.unchanged + result.conflicting
    if good:
        return Response(result.as_dict())
    told = Told(
        400,
        "nothing_stored",
        "Every line was bad." if result.rejected else "The body has no lines.",
        "Send one JSON object a line; traffic/ in /api/schema/ has the fields.",
        list(_listed(result.problems)),
    )
    return Response({**told.as_dict(), **result.as_dict()}, status=told.status)


def _listed(problems: list[LineError]) -> Iterator[tuple[str, str]]:
    for one in problems:
        yield f"line {one.line}, {one.path}", one.reason
