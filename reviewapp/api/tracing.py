"""Which spans are whose: what /v1/traces needs to know about a project."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals import values
from evals.otlp.tracing import Tracing
from reviewapp.access import Action
from reviewapp.actions import tracing as actions
from reviewapp.api.auth import enter
from reviewapp.api.schema import operation


class Rule(serializers.Serializer[Any]):
    name = serializers.CharField(
        required=False, help_text="The model's name on the span: answered or asked for."
    )
    attribute = serializers.CharField(
        required=False, allow_null=True, help_text="Of the span or its resource: service.name"
    )
    equals = serializers.CharField(required=False, help_text="That attribute's value.")
    model = serializers.CharField(
        allow_null=True, help_text="A model version; null leaves these spans alone."
    )


class TracingConfig(serializers.Serializer[Any]):
    """Fields as evals.otlp.tracing.Tracing has them; docs/traffic.md says what each does."""

    models = Rule(many=True, required=False, help_text="The first rule that matches counts.")
    pair_by = serializers.CharField(
        required=False, help_text="trace_id, or the attribute that holds the request's id."
    )
    group = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="The first attribute found."
    )
    segments = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="Key of a segment: attribute."
    )
    sample = serializers.CharField(
        required=False, allow_null=True, help_text="Attribute that numbers repeats."
    )
    drop_system = serializers.BooleanField(
        required=False, help_text="The system message belongs to the model version."
    )


class TracingOf(APIView):
    @operation("tracing.get", "How spans are read", answer=TracingConfig)
    def get(self, request: Request, slug: str) -> Response:
        """With every default spelled out."""
        project = enter(request, slug).project
        return Response(Tracing.parse(project.tracing).as_dict())

    @operation("tracing.change", "Change it", body=TracingConfig, answer=TracingConfig)
    def patch(self, request: Request, slug: str) -> Response:
        """The fields that are given are replaced; the others stay."""
        access = enter(request, slug, Action.RUN)
        changes = _object(request.data)
        made = actions.change_tracing(project=access.project, changes=changes, by=access.user)
        return Response(made.as_dict())


def _object(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise serializers.ValidationError("Give a JSON object.")
    if problem := values.problem_in(data):
        raise serializers.ValidationError({problem[0]: problem[1]})
    return dict(data)
