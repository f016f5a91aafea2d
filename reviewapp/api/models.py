"""Model versions."""

from __future__ import annotations

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.models import ModelVersion
from reviewapp.access import Access, Action
from reviewapp.actions import models
from reviewapp.api.auth import enter
from reviewapp.api.fields import JSONObject, KnownFields
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import operation


class Model(KnownFields, serializers.ModelSerializer[ModelVersion]):
    parameters = JSONObject(required=False, help_text='{"temperature": 0, "max_tokens": 64}')
    options = JSONObject(
        required=False,
        help_text="What this provider alone needs, such as "
        '{"body": {"text": "{{ input }}"}, "output": "$.text"} or {"file": "answers.jsonl"}',
    )
    benchmarks = JSONObject(required=False, help_text='Public scores: {"MMLU-Pro": 41.2}')

    class Meta:
        model = ModelVersion
        fields = (
            "name",
            "provider",
            "base_url",
            "upstream_model",
            "options",
            "api_key_env",
            "system",
            "prompt",
            "parameters",
            "price_input",
            "price_output",
            "benchmarks",
            "concurrency",
            "requests_per_minute",
            "tokens_per_minute",
            "timeout_s",
            "max_attempts",
            "created_at",
        )


class Models(APIView):
    @operation("models.list", "Model versions", answer=page_of(Model), parameters=PARAMETERS)
    def get(self, request: Request, slug: str) -> Response:
        access = enter(request, slug)
        return paged(request, ModelVersion.objects.filter(project=access.project), Model)

    @operation("models.create", "Define a model version", body=Model, answer=Model, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """Without a provider its outputs are uploaded. Frozen once it has an output."""
        access = enter(request, slug, Action.RUN)
        new = Model(data=request.data)
        new.is_valid(raise_exception=True)
        made = models.define(project=access.project, by=access.user, **new.validated_data)
        return Response(Model(made).data, status=201)


class OneModel(APIView):
    @operation("models.get", "One model version", answer=Model)
    def get(self, request: Request, slug: str, name: str) -> Response:
        return Response(Model(_model(enter(request, slug), name)).data)

    @operation("models.change", "Change a version", body=Model, answer=Model, fails=[409])
    def patch(self, request: Request, slug: str, name: str) -> Response:
        """Anything while it has no output; then its limits, key variable and benchmarks only."""
        access = enter(request, slug, Action.RUN)
        change = Model(data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        changed = models.change(model=_model(access, name), by=access.user, **change.validated_data)
        return Response(Model(changed).data)


def _model(access: Access, name: str) -> ModelVersion:
    found = ModelVersion.objects.filter(project=access.project, name=name).first()
    if found is None:
        raise Http404(f"There is no model version {name!r} in this project.")
    return found
