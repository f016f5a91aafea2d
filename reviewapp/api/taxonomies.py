"""Taxonomies: versions that a project has, what changed between them, and new ones."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.models import Project
from evals.values import row_number
from reviewapp.access import Action
from reviewapp.actions import projects
from reviewapp.api.auth import enter
from reviewapp.api.bodies import whole
from reviewapp.api.errors import BadBody
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import operation
from reviewapp.imports import SaidMap, as_dicts
from reviewapp.labelling.labelled import difference
from taxonomy import interchange
from taxonomy.models import TaxonomyVersion

NAME = OpenApiParameter("name", str, description="Of the taxonomy; the project's own if left out.")
MAPS = [
    OpenApiParameter(
        "map",
        str,
        many=True,
        description="What a category became, `old:new` or `old:new,new2`; `old:` if it is retired. "
        "What is not mapped is the same as what had its key before.",
    ),
    OpenApiParameter("map_severity", str, many=True, description="The same for a severity."),
    OpenApiParameter(
        "relabel",
        str,
        many=True,
        description="A category that leaves out some of what it meant before.",
    ),
    OpenApiParameter("draft", bool, description="Make it the draft; publish nothing."),
    OpenApiParameter(
        "confirm", bool, description="Even if labels that were made come to mean something else."
    ),
]
FORMAT = OpenApiParameter("format", str, enum=list(interchange.FORMATS), default="yaml")
FROM = OpenApiParameter(
    "from", str, description="support@1; the version that this one is based on if left out."
)


class TaxonomyVersionShown(serializers.Serializer[Any]):
    version = serializers.CharField(source="*", help_text="support@2")
    title = serializers.CharField()
    state = serializers.CharField(help_text="draft, published or retired")
    digest = serializers.CharField()
    published_at = serializers.DateTimeField(allow_null=True)
    based_on = serializers.CharField(allow_null=True, help_text="support@1")
    adopted = serializers.SerializerMethodField(help_text="New runs take this one.")

    def get_adopted(self, version: TaxonomyVersion) -> bool:
        return bool(version.pk == self.context["adopted"])


class MapShown(serializers.Serializer[Any]):
    version = serializers.CharField()
    based_on = serializers.CharField()
    categories = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))
    severities = serializers.DictField(child=serializers.CharField(allow_blank=True))
    relabel = serializers.ListField(child=serializers.CharField())


class WholeTaxonomy(TaxonomyVersionShown):
    moves = MapShown(allow_null=True, help_text="What became of the version it is based on.")
    content = serializers.DictField(help_text="As POST takes it: severities, categories …")


class ChangeShown(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="merged, split, relabel, retired, renamed, added …")
    level = serializers.CharField(help_text="warning where labels change their meaning, else info")
    sentence = serializers.CharField()
    old = serializers.ListField(child=serializers.CharField(), help_text="Keys.")
    new = serializers.ListField(child=serializers.CharField(), help_text="Keys.")
    labels = serializers.IntegerField(help_text="How many were made of the old ones.")


class ChangesShown(serializers.Serializer[Any]):
    old = serializers.CharField(help_text="support@1")
    new = serializers.CharField(help_text="support@2")
    mapped = serializers.BooleanField(help_text="Whether a map leads from the one to the other.")
    changes = ChangeShown(many=True)


class Taxonomies(APIView):
    @operation(
        "taxonomies.list", "Versions", answer=page_of(TaxonomyVersionShown), parameters=PARAMETERS
    )
    def get(self, request: Request, slug: str) -> Response:
        project = enter(request, slug).project
        rows = TaxonomyVersion.objects.filter(taxonomy__project=slug)
        rows = rows.select_related("taxonomy", "based_on__taxonomy")
        return paged(request, rows, TaxonomyVersionShown, adopted=project.taxonomy_version_id)

    @operation(
        "taxonomies.create",
        "Publish and adopt a version",
        body={"application/yaml": OpenApiTypes.STR, "application/json": OpenApiTypes.OBJECT},
        answer=TaxonomyVersionShown,
        status=201,
        parameters=[NAME, *MAPS],
        fails=[409],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Runs that have started keep theirs. Content that is published already makes nothing
        new. Each problem comes with its line. Where labels that were made would come to mean
        something else, nothing is done until that is confirmed."""
        access = enter(request, slug, Action.CONFIGURE)
        body = whole(request, interchange.MAX_BYTES)
        try:
            content = interchange.read(body.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise BadBody(f"byte {error.start + 1} of the body is not UTF-8") from None
        sent = request.query_params
        name = sent.get("name") or access.project.taxonomy_version.taxonomy.name
        said = {one: tuple(sent.getlist(one)) for one in ("map", "map_severity", "relabel")}
        version = projects.import_taxonomy(
            project=access.project,
            name=name,
            content=content,
            said=SaidMap(said["map"], said["map_severity"], said["relabel"], sign=":"),
            draft=_flag(request, "draft"),
            confirmed=_flag(request, "confirm"),
            by=access.user,
        )
        return Response(_shown(access.project, version), status=201)


@operation("taxonomies.get", "One version in full", answer=WholeTaxonomy)
@api_view(["GET"])
def taxonomy(request: Request, slug: str, version: str) -> Response:
    project = enter(request, slug).project
    found = _found(project, version)
    content = interchange.as_dict(interchange.content_of(found))
    shown = _shown(project, found)
    return Response({**shown, "moves": interchange.map_as_dict(found), "content": content})


@operation(
    "taxonomies.export",
    "One version as a file",
    answer={"application/yaml": OpenApiTypes.STR, "application/json": OpenApiTypes.OBJECT},
    parameters=[FORMAT],
)
@api_view(["GET"])
def export(request: Request, slug: str, version: str) -> HttpResponse:
    """The bytes that `export_taxonomy` writes; POST reads them back."""
    found = _found(enter(request, slug).project, version)
    form = request.query_params.get("format", "yaml")
    if form not in interchange.FORMATS:
        raise ValidationError({"format": f"write {' or '.join(interchange.FORMATS)}"})
    name = f"{found.taxonomy.name}-{found.number}.{form}"
    return HttpResponse(
        interchange.write(interchange.content_of(found), form),
        content_type=f"application/{form}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@operation("taxonomies.changes", "What changed, in words", answer=ChangesShown, parameters=[FROM])
@api_view(["GET"])
def changes(request: Request, slug: str, version: str) -> Response:
    """From any version to any other, with the labels that each change is about."""
    project = enter(request, slug).project
    new = _found(project, version)
    reference = request.query_params.get("from")
    old = _found(project, reference) if reference else new.based_on
    if old is None:
        raise ValidationError({"from": f"{new} is based on no other version: name one"})
    found = difference(old, new)
    shown = {"old": str(old), "new": str(new), "mapped": found.moves is not None}
    return Response({**shown, "changes": as_dicts(found.changes)})


@operation(
    "taxonomies.adopt", "Adopt a version for new runs", answer=TaxonomyVersionShown, fails=[400]
)
@api_view(["POST"])
def adopt(request: Request, slug: str, version: str) -> Response:
    """Runs that have started keep theirs. A draft or a retired version cannot be adopted."""
    access = enter(request, slug, Action.CONFIGURE)
    found = _found(access.project, version)
    projects.set_taxonomy(project=access.project, version=found, by=access.user)
    return Response(_shown(access.project, found))


@operation(
    "taxonomies.retire", "Take a version out of use", answer=TaxonomyVersionShown, fails=[400]
)
@api_view(["POST"])
def retire(request: Request, slug: str, version: str) -> Response:
    """Nobody can adopt it then; runs that have it go on. Not the version in force."""
    access = enter(request, slug, Action.CONFIGURE)
    found = _found(access.project, version)
    found = projects.retire_taxonomy(project=access.project, version=found, by=access.user)
    return Response(_shown(access.project, found))


@operation(
    "taxonomies.unretire",
    "Take a version back into use",
    answer=TaxonomyVersionShown,
    fails=[400],
)
@api_view(["POST"])
def unretire(request: Request, slug: str, version: str) -> Response:
    access = enter(request, slug, Action.CONFIGURE)
    found = _found(access.project, version)
    found = projects.unretire_taxonomy(project=access.project, version=found, by=access.user)
    return Response(_shown(access.project, found))


def _shown(project: Project, version: TaxonomyVersion) -> dict[str, Any]:
    context = {"adopted": project.taxonomy_version_id}
    return dict(TaxonomyVersionShown(version, context=context).data)


def _found(project: Project, reference: str) -> TaxonomyVersion:
    name, _, number = reference.partition("@")
    rows = TaxonomyVersion.objects.filter(taxonomy__project=project.slug, taxonomy__name=name)
    rows = rows.select_related("taxonomy", "based_on__taxonomy")
    found = rows.filter(number=row_number(number)).first()
    if found is None:
        raise Http404(f"There is no taxonomy version {reference!r} in this project.")
    return found


def _flag(request: Request, name: str) -> bool:
    """A query parameter that is true, false or left out."""
    sent = request.query_params.get(name, "false").lower()
    if sent not in ("true", "false", "1", "0"):
        raise ValidationError({name: "write true or false"})
    return sent in ("true", "1")
