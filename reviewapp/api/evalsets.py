"""Eval sets: made from records, grown from labels, exported."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.evalsets import UnknownVersion, export_examples, find_version
from evals.formats import FORMATS
from evals.models import EvalSet, EvalSetVersion
from evals.records import decode_lines
from reviewapp.access import Action
from reviewapp.actions import evalsets
from reviewapp.api.auth import enter
from reviewapp.api.bodies import LIMIT, pieces
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import LINES, NDJSON, operation
from reviewapp.forms.pages import not_an_address


class EvalSetVersionShown(serializers.ModelSerializer[EvalSetVersion]):
    version = serializers.IntegerField(source="number")

    class Meta:
        model = EvalSetVersion
        fields = ("version", "digest", "size", "note", "created_by", "created_at")


class EvalSetShown(serializers.Serializer[Any]):
    name = serializers.CharField()
    versions = EvalSetVersionShown(many=True, help_text="The newest last.")


class MadeVersion(EvalSetVersionShown):
    name = serializers.CharField(source="evalset.name")

    class Meta(EvalSetVersionShown.Meta):
        fields = ("name", *EvalSetVersionShown.Meta.fields)  # type: ignore[assignment]


class GrownVersion(MadeVersion):
    changed = serializers.IntegerField(help_text="Examples that came in or changed their answer.")

    class Meta(MadeVersion.Meta):
        fields = (*MadeVersion.Meta.fields, "changed")  # type: ignore[assignment]


class About(serializers.Serializer[Any]):
    name = serializers.SlugField(max_length=60, validators=[not_an_address])
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=2000)


class Upload(About):
    file = serializers.FileField()


class FromRun(serializers.Serializer[Any]):
    run = serializers.CharField()


class EvalSets(APIView):
    parser_classes = (MultiPartParser,)

    @operation("evalsets.list", "Eval sets", answer=page_of(EvalSetShown), parameters=PARAMETERS)
    def get(self, request: Request, slug: str) -> Response:
        rows = EvalSet.objects.filter(project=enter(request, slug).project)
        return paged(request, rows.prefetch_related("versions"), EvalSetShown)

    @operation(
        "evalsets.create",
        "Make a version from records",
        body={"multipart/form-data": Upload, **LINES},
        answer=MadeVersion,
        status=201,
        parameters=[
            OpenApiParameter("name", str, description="Where the body is the lines themselves."),
            OpenApiParameter("note", str),
        ],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Traffic records with an `expected` each, as a form's file or as the body. All or
        nothing; the same content again gives the version that there is."""
        access = enter(request, slug, Action.EVALSET)
        is_form = (request.content_type or "").startswith("multipart/form-data")
        about = Upload(data=request.data) if is_form else About(data=request.query_params.dict())
        about.is_valid(raise_exception=True)
        file = about.validated_data.get("file")
        version = evalsets.create(
            project=access.project,
            name=about.validated_data["name"],
            lines=decode_lines(file.chunks() if file else pieces(request), LIMIT),
            file=file.name if file else "",
            note=about.validated_data["note"],
            by=access.user,
        )
        return Response(MadeVersion(version).data, status=201)


@operation(
    "evalsets.export",
    "Export a version",
    answer={NDJSON: OpenApiTypes.STR},
    parameters=[
        OpenApiParameter("format", str, enum=sorted(FORMATS), description="traffic if left out"),
        OpenApiParameter("version", int, description="The latest if left out."),
    ],
    fails=[400],
)
@api_view(["GET"])
def export(request: Request, slug: str, name: str) -> HttpResponseBase:
    """One example a line, with its provenance: traffic records, or an Inspect AI dataset."""
    access = enter(request, slug, Action.EVALSET)
    format = request.query_params.get("format", "traffic")
    number = request.query_params.get("version")
    if format not in FORMATS:
        known = ", ".join(sorted(FORMATS))
        raise serializers.ValidationError({"format": f"There is no {format!r}; there are {known}."})
    try:
        version = find_version(access.project, f"{name}@{number}" if number else name)
    except UnknownVersion as error:
        raise Http404(str(error)) from None
    lines = FORMATS[format](export_examples(version))
    return streamed(lines, f"{name}-{version.number}.{format}.jsonl")


@operation(
    "evalsets.grow", "Grow from labels", body=FromRun, answer=GrownVersion, status=201, fails=[409]
)
@api_view(["POST"])
def grow(request: Request, slug: str, name: str) -> Response:
    """A new version: the latest one's examples, and the resolved items of a run whose correct
    output is known. A name that is new makes an eval set."""
    access = enter(request, slug, Action.EVALSET)
    sent = FromRun(data=request.data)
    sent.is_valid(raise_exception=True)
    run = access.run(sent.validated_data["run"])
    found = EvalSet.objects.filter(project=access.project, name=name).first()
    version, changed = evalsets.grow(
        evalset=found or EvalSet(project=access.project, name=name), run=run, by=access.user
    )
    return Response({**MadeVersion(version).data, "changed": changed}, status=201)


def streamed(lines: Any, filename: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type=NDJSON)
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
