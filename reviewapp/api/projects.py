"""Projects: mine, one of them, a new one."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.validators import UniqueValidator
from rest_framework.views import APIView

from evals.models import Project
from reviewapp.access import projects_of
from reviewapp.actions import projects
from reviewapp.api.auth import enter
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import operation
from reviewapp.models import ApiToken, Membership, User
from taxonomy import presets


class Mine(serializers.Serializer[Any]):
    """A project as one of its members sees it."""

    slug = serializers.CharField(source="project.slug")
    name = serializers.CharField(source="project.name")
    role = serializers.CharField(help_text="Yours: reviewer, engineer, lead or owner.")
    taxonomy = serializers.CharField(source="project.taxonomy_version", help_text="support@2")
    created_at = serializers.DateTimeField(source="project.created_at")


class NewProject(serializers.Serializer[Any]):
    slug = serializers.SlugField(
        max_length=60,
        help_text="Its place in addresses.",
        validators=[UniqueValidator(Project.objects.all(), "This address is taken.")],
    )
    name = serializers.CharField(max_length=120, required=False, help_text="The slug if left out.")
    preset = serializers.CharField(default="classification", help_text="A taxonomy to start from.")

    def validate_preset(self, key: str) -> str:
        known = [name for name, _ in presets.names()]
        if key not in known:
            raise serializers.ValidationError(f"There is no {key!r}; there are {', '.join(known)}.")
        return key


class Projects(APIView):
    @operation("projects.list", "My projects", answer=page_of(Mine), parameters=PARAMETERS)
    def get(self, request: Request) -> Response:
        """A token has one project: its own."""
        mine = projects_of(request.user).select_related("project__taxonomy_version__taxonomy")
        if isinstance(request.auth, ApiToken):
            mine = mine.filter(project=request.auth.project)
        return paged(request, mine, Mine)

    @operation("projects.create", "A new project", body=NewProject, answer=Mine, status=201)
    def post(self, request: Request) -> Response:
        """Whoever makes it owns it. A token cannot enter it: make one in the new project."""
        assert isinstance(request.user, User)
        new = NewProject(data=request.data)
        new.is_valid(raise_exception=True)
        fields = {"name": new.validated_data["slug"], **new.validated_data}
        project = projects.create(by=request.user, **fields)
        membership = Membership.objects.get(project=project, user=request.user)
        return Response(Mine(membership).data, status=201)


@operation("projects.get", "One project", answer=Mine)
@api_view(["GET"])
def project(request: Request, slug: str) -> Response:
    access = enter(request, slug)
    return Response(Mine(access).data)
