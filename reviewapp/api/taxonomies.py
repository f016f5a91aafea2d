"""Taxonomies: versions that a project has, and new ones from YAML or JSON."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.values import row_number
from reviewapp.access import Action
from reviewapp.actions import projects
from reviewapp.api.auth import enter
from reviewapp.api.bodies import whole
from reviewapp.api.errors import BadBody
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import operation
from taxonomy import interchange
from taxonomy.models import TaxonomyVersion

NAME = OpenApiParameter("name", str, description="Of the taxonomy; the project's own if left out.")


class TaxonomyVersionShown(serializers.Serializer[Any]):
    version = serializers.CharField(source="*", help_text="support@2")
    title = serializers.CharField()
    state = serializers.CharField(help_text="draft, published or retired")
    digest = serializers.CharField()
    published_at = serializers.DateTimeField(allow_null=True)
    adopted = serializers.SerializerMethodField(help_text="New runs take this one.")

    def get_adopted(self, version: TaxonomyVersion) -> bool:
        return bool(version.pk == self.context["adopted"])


class WholeTaxonomy(TaxonomyVersionShown):
    content = serializers.DictField(help_text="As POST takes it: severities, categories …")


class Taxonomies(APIView):
    @operation(
        "taxonomies.list", "Versions", answer=page_of(TaxonomyVersionShown), parameters=PARAMETERS
    )
    def get(self, request: Request, slug: str) -> Response:
        project = enter(request, slug).project
        rows = TaxonomyVersion.objects.filter(taxonomy__project=slug).select_related("taxonomy")
        return paged(request, rows, TaxonomyVersionShown, adopted=project.taxonomy_version_id)

    @operation(
        "taxonomies.create",
        "Publish and adopt a version",
        body={"application/yaml": OpenApiTypes.STR, "application/json": OpenApiTypes.OBJECT},
        answer=TaxonomyVersionShown,
        status=201,
        parameters=[NAME],
    )
    def post(self, request: Request, slug: str) -> Response:
        """Runs that have started keep theirs. Content that is published already makes nothing
        new. Each problem comes with its line."""
        access = enter(request, slug, Action.CONFIGURE)
        body = whole(request, interchange.MAX_BYTES)
        try:
            content = interchange.read(body.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise BadBody(f"byte {error.start + 1} of the body is not UTF-8") from None
        name = request.query_params.get("name") or access.project.taxonomy_version.taxonomy.name
        version = projects.import_taxonomy(
            project=access.project, name=name, content=content, by=access.user
        )
        return Response(
            TaxonomyVersionShown(version, context={"adopted": version.pk}).data, status=201
        )


@operation("taxonomies.get", "One version in full", answer=WholeTaxonomy)
@api_view(["GET"])
def taxonomy(request: Request, slug: str, version: str) -> Response:
    project = enter(request, slug).project
    name, _, number = version.partition("@")
    rows = TaxonomyVersion.objects.filter(taxonomy__project=slug, taxonomy__name=name)
    found = rows.filter(number=row_number(number)).first()
    if found is None:
        raise Http404(f"There is no taxonomy version {version!r} in this project.")
    content = interchange.as_dict(interchange.content_of(found))
    shown = TaxonomyVersionShown(found, context={"adopted": project.taxonomy_version_id}).data
    return Response({**shown, "content": content})
