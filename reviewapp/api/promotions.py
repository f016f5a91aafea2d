"""Promotions: asked for, and decided once."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access import Action
from reviewapp.actions import promotions
from reviewapp.api.auth import enter
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import operation
from reviewapp.models import Decision, Promotion


class DecisionShown(serializers.ModelSerializer[Decision]):
    verdict = serializers.CharField(help_text="approve or refuse")
    decided_by = serializers.CharField(source="decided_by.username")

    class Meta:
        model = Decision
        fields = ("verdict", "reason", "against_gate", "decided_by", "decided_at")


class PromotionShown(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    run = serializers.CharField(source="report.run.name")
    baseline = serializers.CharField(source="report.run.baseline.name")
    candidate = serializers.CharField(source="report.run.candidate.name")
    report = serializers.IntegerField(source="report_id", help_text="runs/{run}/report/?frozen=")
    digest = serializers.CharField(source="report.digest")
    gate = serializers.CharField(help_text="On that report: pass, fail, undecided, no policy.")
    state = serializers.CharField(help_text="open, approved or refused")
    note = serializers.CharField()
    opened_by = serializers.CharField(source="opened_by.username")
    opened_at = serializers.DateTimeField()
    decision = DecisionShown(allow_null=True, default=None)


class NewPromotion(serializers.Serializer[Any]):
    run = serializers.CharField()
    note = serializers.CharField(required=False, default="", allow_blank=True, max_length=10_000)


class NewDecision(serializers.Serializer[Any]):
    verdict = serializers.CharField(help_text="approve or refuse")
    reason = serializers.CharField(max_length=10_000)

    def validate_verdict(self, verdict: str) -> str:
        if verdict not in Decision.Verdict.values:
            raise serializers.ValidationError("Write approve or refuse.")
        return verdict


class Promotions(APIView):
    @operation(
        "promotions.list", "Promotions", answer=page_of(PromotionShown), parameters=PARAMETERS
    )
    def get(self, request: Request, slug: str) -> Response:
        """The newest first."""
        rows = Promotion.objects.filter(project=enter(request, slug).project).select_related(
            "report__run__baseline", "report__run__candidate", "opened_by", "decision__decided_by"
        )
        return paged(request, rows, PromotionShown, order="-number")

    @operation(
        "promotions.open", "Open a promotion", body=NewPromotion, answer=PromotionShown, status=201
    )
    def post(self, request: Request, slug: str) -> Response:
        """Freezes the run's report as it stands and asks for a decision on it."""
        access = enter(request, slug, Action.DECIDE)
        new = NewPromotion(data=request.data)
        new.is_valid(raise_exception=True)
        run = access.run(new.validated_data["run"])
        made = promotions.open(run=run, by=access.user, note=new.validated_data["note"])
        return Response(PromotionShown(made).data, status=201)


@operation("promotions.get", "One promotion", answer=PromotionShown)
@api_view(["GET"])
def promotion(request: Request, slug: str, number: int) -> Response:
    return Response(PromotionShown(enter(request, slug).promotion(number)).data)


@operation(
    "promotions.decide",
    "Approve or refuse",
    body=NewDecision,
    answer=PromotionShown,
    fails=[409],
)
@api_view(["POST"])
def decide(request: Request, slug: str, number: int) -> Response:
    """Once. Approving against the gate is allowed, needs a reason as everything, and is marked."""
    access = enter(request, slug, Action.DECIDE)
    sent = NewDecision(data=request.data)
    sent.is_valid(raise_exception=True)
    promotions.decide(promotion=access.promotion(number), by=access.user, **sent.validated_data)
    return Response(PromotionShown(access.promotion(number)).data)
