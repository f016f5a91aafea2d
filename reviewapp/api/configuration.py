"""What is configured on a project: comparators, sampling plan, gate policy. Each holds for runs
that start from now on; the policy and the lease hold at once."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals import sampling, values
from evals.comparators import COMPARATORS, NORMALISERS, Pipeline
from evals.models import Project
from reviewapp.access import Action
from reviewapp.actions import projects
from reviewapp.api.auth import enter
from reviewapp.api.schema import operation
from reviewapp.forms.gate import FEWER_THAN_LOOKS
from reviewapp.models import GatePolicy


class Comparator(serializers.Serializer[Any]):
    name = serializers.CharField(required=False, help_text="The kind if left out.")
    kind = serializers.CharField(help_text=", ".join(COMPARATORS))
    extract = serializers.ListField(child=serializers.DictField(), required=False)
    normalise = serializers.ListField(
        child=serializers.JSONField(), required=False, help_text=", ".join(NORMALISERS)
    )
    options = serializers.DictField(required=False)
    weight = serializers.FloatField(
        required=False, min_value=0, help_text="With weights similarity is their weighted mean."
    )


class Override(serializers.Serializer[Any]):
    """Other comparators for the requests of a segment; the first that fits is taken."""

    name = serializers.CharField(required=False)
    when = serializers.DictField(help_text='{"locale": "de"}, or lists of values')
    serves_extract = serializers.BooleanField(required=False)
    comparators = Comparator(many=True)


class Comparators(serializers.Serializer[Any]):
    serves_extract = serializers.BooleanField(required=False)
    comparators = Comparator(many=True)
    overrides = Override(many=True, required=False)
    digest = serializers.CharField(read_only=True)


class Plan(serializers.Serializer[Any]):
    """Fields as evals.sampling.SamplingPlan has them; what is left out takes its default."""

    labels = serializers.IntegerField(required=False, help_text="Discrepancies to draw in a run.")
    equivalent = serializers.IntegerField(required=False, help_text="Audit of equivalent pairs.")
    identical = serializers.IntegerField(required=False, help_text="Audit of identical pairs.")
    slots = serializers.IntegerField(required=False, help_text="Reviewers an item, 1 to 5.")
    double_share = serializers.FloatField(required=False, help_text="Items that get more.")
    more_slots = serializers.IntegerField(required=False, help_text="How many more those get.")
    noise_share = serializers.FloatField(required=False, help_text="Requests asked twice.")
    traffic_share = serializers.FloatField(required=False, help_text="Traffic that a run takes.")
    lease_minutes = serializers.IntegerField(required=False, help_text="How long a claim lasts.")
    gold_share = serializers.FloatField(required=False, help_text="Gold items among those given.")
    adjudicate_share = serializers.FloatField(
        required=False, help_text="Items that are adjudicated although their reviewers agree."
    )


class Policy(serializers.Serializer[Any]):
    """Shares of all requests: 0.01 is one point. All null where no policy is set."""

    margin = serializers.FloatField(min_value=0, max_value=1, help_text="For any category.")
    critical_margin = serializers.FloatField(
        min_value=0, max_value=1, help_text="For critical categories."
    )
    label_budget = serializers.IntegerField(
        min_value=1,
        max_value=2_000_000_000,
        allow_null=True,
        default=None,
        help_text="Labels of a run over which looks are spread. null: a single look, at its end.",
    )
    looks = serializers.IntegerField(
        min_value=1, max_value=100, default=14, help_text="How many, with a label budget."
    )
    hold_to_j = serializers.BooleanField(
        default=False,
        help_text="A pass needs the margin times the lower end of J, which gold items tell.",
    )
    set_by = serializers.CharField(source="created_by.username", read_only=True, allow_null=True)
    set_at = serializers.DateTimeField(source="created_at", read_only=True, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        budget = attrs.get("label_budget")
        if budget is not None and budget < attrs["looks"]:
            raise serializers.ValidationError({"label_budget": FEWER_THAN_LOOKS})
        return attrs


class ComparatorsOf(APIView):
    @operation("comparators.get", "Comparators", answer=Comparators)
    def get(self, request: Request, slug: str) -> Response:
        """With every default spelled out."""
        return Response(_comparators(enter(request, slug).project))

    @operation("comparators.set", "Set the comparators", body=Comparators, answer=Comparators)
    def put(self, request: Request, slug: str) -> Response:
        access = enter(request, slug, Action.CONFIGURE)
        given = _object(request.data)
        given.pop("digest", None)  # of the answer to a GET, which may be sent back
        project = projects.set_pipeline(project=access.project, pipeline=given, by=access.user)
        return Response(_comparators(project))


class SamplingOf(APIView):
    @operation("sampling.get", "Sampling plan", answer=Plan)
    def get(self, request: Request, slug: str) -> Response:
        project = enter(request, slug).project
        return Response(sampling.SamplingPlan.parse(project.sampling).as_dict())

    @operation("sampling.set", "Set the sampling plan", body=Plan, answer=Plan)
    def put(self, request: Request, slug: str) -> Response:
        """The whole plan: what is left out takes its default."""
        access = enter(request, slug, Action.CONFIGURE)
        try:
            plan = sampling.SamplingPlan.parse(_object(request.data))
        except ValueError as error:
            field, _, what = str(error).removeprefix("sampling").lstrip(".").partition(": ")
            raise serializers.ValidationError({field or "non_field_errors": what}) from None
        projects.set_sampling(project=access.project, plan=plan, by=access.user)
        return Response(plan.as_dict())


class PolicyOf(APIView):
    @operation("policy.get", "Gate policy", answer=Policy)
    def get(self, request: Request, slug: str) -> Response:
        latest = GatePolicy.objects.filter(project=enter(request, slug).project)
        policy = latest.select_related("created_by").order_by("-id").first()
        return Response(Policy(policy).data if policy else dict.fromkeys(Policy().fields))

    @operation("policy.set", "Set the gate policy", body=Policy, answer=Policy)
    def put(self, request: Request, slug: str) -> Response:
        """A new policy that holds from now on; earlier ones are kept."""
        access = enter(request, slug, Action.CONFIGURE)
        new = Policy(data=request.data)
        new.is_valid(raise_exception=True)
        made = projects.set_policy(project=access.project, by=access.user, **new.validated_data)
        return Response(Policy(made).data)


def _comparators(project: Project) -> dict[str, object]:
    pipeline = Pipeline.parse(project.pipeline)
    return {**pipeline.config, "digest": pipeline.digest}


def _object(data: object) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise serializers.ValidationError("Give a JSON object.")
    if problem := values.problem_in(data):
        raise serializers.ValidationError({problem[0]: problem[1]})
    return dict(data)
