"""The OpenAPI description, the JSON Schema of taxonomies, and the answer elsewhere."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from reviewapp.reports.schema import schema_text as report_text
from taxonomy.interchange import schema_text


class Schema(SpectacularAPIView):
    """YAML, or JSON with ?format=json. Open to everyone: it says nothing about any project."""

    content_negotiation_class = DefaultContentNegotiation
    permission_classes = [AllowAny]


@extend_schema(
    operation_id="schema_taxonomy",
    summary="JSON Schema of a taxonomy",
    tags=["schema"],
    responses={(200, "application/schema+json"): OpenApiTypes.OBJECT},
)
@api_view(["GET"])
@authentication_classes([])
@permission_classes([AllowAny])
def taxonomy_schema(request: Request) -> HttpResponse:
    """For editors and programs that write taxonomies. Open to everyone."""
    return HttpResponse(schema_text(), content_type="application/schema+json; charset=utf-8")


@extend_schema(
    operation_id="schema_report",
    summary="JSON Schema of a report",
    tags=["schema"],
    responses={(200, "application/schema+json"): OpenApiTypes.OBJECT},
)
@api_view(["GET"])
@authentication_classes([])
@permission_classes([AllowAny])
def report_schema(request: Request) -> HttpResponse:
    """Of a report's `data`, which the command and the page give too. Open to everyone."""
    return HttpResponse(report_text(), content_type="application/schema+json; charset=utf-8")


@extend_schema(exclude=True)
@api_view(["GET", "POST", "PUT", "PATCH", "DELETE"])
def nowhere(request: Request, rest: str) -> Response:
    raise Http404("There is no such address; they are in /api/schema/, and each ends with a slash.")
