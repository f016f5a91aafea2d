"""Label records out and in: those made here, and those made elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase, UnreadablePostError
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.formats.base import json_line
from evals.models import Run, SeveralRaters
from evals.records import decode_labels
from reviewapp.access import Action
from reviewapp.actions import exposures
from reviewapp.actions.imported import import_labels
from reviewapp.actions.several_raters import set_several_raters
from reviewapp.api.auth import enter
from reviewapp.api.bodies import LIMIT, pieces
from reviewapp.api.errors import BadBody, Told, tell
from reviewapp.api.evalsets import streamed
from reviewapp.api.schema import LINES, NDJSON, operation
from reviewapp.api.traffic import LineProblem
from reviewapp.labelling import label_records
from reviewapp.labelling.importing import ImportResult, Statement
from reviewapp.models import LabelSet


class About(serializers.Serializer[Any]):
    """What is said of all labels that are sent; what is left out stays as it was."""

    set = serializers.CharField(required=False, default="imported", help_text="The label set.")
    design = serializers.ChoiceField(
        LabelSet.Design.values, required=False, default=None, help_text="How items were chosen."
    )
    kind = serializers.CharField(
        required=False, default=None, max_length=40, help_text="What the raters are: expert …"
    )
    blind = serializers.BooleanField(
        required=False,
        default=None,
        allow_null=True,
        help_text="No rater knew which version an output is of, where a record does not say.",
    )
    average = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Average several raters of an output, in the project; leads and owners only.",
    )


class Imported(serializers.Serializer[Any]):
    """Records by what became of them. Problems are listed up to the first thousand."""

    stored = serializers.IntegerField(help_text="New judgements.")
    added = serializers.IntegerField(help_text="A side that this rater had not judged yet.")
    superseded = serializers.IntegerField(help_text="A higher revision of what was stored.")
    unchanged = serializers.IntegerField(help_text="Sent before.")
    conflicting = serializers.IntegerField(help_text="Contradict what is stored, which stayed.")
    rejected = serializers.IntegerField(help_text="Bad lines.")
    not_blind = serializers.IntegerField(
        help_text="Of those stored, not known to be blind: kept, and left out of estimates."
    )
    problems = LineProblem(many=True)


class Labels(APIView):
    @operation(
        "labels.export",
        "Export labels",
        answer={NDJSON: OpenApiTypes.STR},
        parameters=[OpenApiParameter("run", str, description="All, and those of none, if not.")],
    )
    def get(self, request: Request, slug: str) -> HttpResponseBase:
        """Label records of resolved items, one a line, with the real sides; and without `run`
        those of label sets, whose sides are model versions. Who may review is not given those of
        outputs that an item is about which is not resolved yet."""
        access = enter(request, slug, Action.EVALSET)
        name = request.query_params.get("run")
        chosen = [access.run(name)] if name else list(Run.objects.filter(project=access.project))
        exposures.show_runs(runs=chosen, to=access.user)
        rows = label_records.of(
            access.project,
            chosen,
            shown_to=access.user,
            loose=not name,
            blind=access.may(Action.REVIEW),
        )
        return streamed((json_line(one) for one in rows), f"{name or slug}.labels.jsonl")

    @operation(
        "labels.import",
        "Import labels",
        body=LINES,
        answer=Imported,
        parameters=[About],  # type: ignore[list-item]
        fails=[413, 415],
    )
    def post(self, request: Request, slug: str) -> Response:
        """One label record a line, any Content-Type, `Content-Encoding: gzip` if you like, of any
        length. 200 means committed, also where some lines were bad; 400 that every line was.

            {"request": "req-81723", "run": null, "reviewer": "rater1", "blind": true,
             "taxonomy": "support@2", "sides": {"triage-11": "error"},
             "findings": [{"side": "triage-11", "category": "intent.wrong", "severity": "major",
                           "span": [0, 6], "note": ""}]}

        With `run` null the sides are model versions, and every run over them sees the judgement;
        with a run they are baseline and candidate. The same line again changes nothing, a higher
        `revision` supersedes, what contradicts the stored is told and never written.
        """
        access = enter(request, slug, Action.INGEST)
        about = About(data=request.query_params.dict())
        about.is_valid(raise_exception=True)
        said = dict(about.validated_data)
        body = pieces(request)
        if said.pop("average"):
            access.require(Action.CONFIGURE)
            set_several_raters(
                project=access.project, several=SeveralRaters.AVERAGE, by=access.user
            )
        statement = Statement(said.pop("set"), **said)
        result, broken = ImportResult(), None
        try:
            import_labels(
                project=access.project,
                lines=decode_labels(body, LIMIT),
                statement=statement,
                by=access.user,
                result=result,
            )
        except (BadBody, UnreadablePostError) as error:
            broken = tell(error)
        if told := broken or _nothing(result):
            return Response({**told.as_dict(), **result.as_dict()}, status=told.status)
        return Response(result.as_dict())


def _nothing(result: ImportResult) -> Told | None:
    if result.lines > result.rejected:
        return None
    return Told(
        400,
        "nothing_stored",
        "Every line was bad." if result.rejected else "The body has no lines.",
        "Send one label record a line; labels/ in /api/schema/ has the fields.",
        [(f"line {one.line}, {one.path}", one.reason) for one in result.problems],
    )
