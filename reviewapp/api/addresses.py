"""The OpenAPI description, and the answer to addresses that are none."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.decorators import api_view
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response


class Schema(SpectacularAPIView):
    """YAML, or JSON with ?format=json. Open to everyone: it says nothing about any project."""

    content_negotiation_class = DefaultContentNegotiation
    permission_classes = [AllowAny]


@extend_schema(exclude=True)
@api_view(["GET", "POST", "PUT", "PATCH", "DELETE"])
def nowhere(request: Request, rest: str) -> Response:
    raise Http404("There is no such address; they are in /api/schema/, and each ends with a slash.")
