"""The report of a run, and the gate. Workers compute them; nothing here does."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from evals.models import Run
from reviewapp.access import Action, frozen_report
from reviewapp.actions import reports
from reviewapp.api.auth import enter
from reviewapp.api.errors import NotReady
from reviewapp.api.schema import operation
from reviewapp.labelling import moving
from reviewapp.models import Report
from reviewapp.reports.freshness import is_fresh
from taxonomy.models import TaxonomyVersion

FROZEN = OpenApiParameter("frozen", int, description="Id of a frozen report of this run.")
TAXONOMY = OpenApiParameter(
    "taxonomy", str, description="support@1: said in this version instead of the run's own."
)
WAITING = "the report is being brought up to date; ask again in a few seconds"


class WholeReport(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    computed_at = serializers.DateTimeField()
    fresh = serializers.SerializerMethodField(help_text="Nothing it shows has changed since.")
    frozen_at = serializers.DateTimeField(allow_null=True)
    frozen_by = serializers.CharField(allow_null=True)
    digest = serializers.CharField(help_text="Of a frozen report's data; else empty.")
    data = serializers.DictField(help_text="Every number that the report's page shows.")  # type: ignore[assignment]

    def get_fresh(self, one: Report) -> bool:
        return one.frozen_at is not None or is_fresh(one)


class Gate(serializers.Serializer[Any]):
    run = serializers.CharField()
    verdict = serializers.CharField(help_text="pass, fail, undecided, or no policy")
    outlook = serializers.CharField(
        allow_null=True, help_text="What the intervals say at present; it does not count."
    )
    waiting = serializers.ListField(
        child=serializers.CharField(), help_text="What the last look still waits for."
    )
    rules = serializers.ListField(child=serializers.DictField())
    margin = serializers.FloatField(required=False)
    critical_margin = serializers.FloatField(required=False)
    smallest_margin = serializers.FloatField(required=False, allow_null=True)
    seconds_a_label = serializers.FloatField(required=False, allow_null=True)
    plan = serializers.DictField(
        required=False, allow_null=True, help_text="Label budget, looks taken, the next one."
    )
    sentences = serializers.ListField(child=serializers.CharField())
    computed_at = serializers.DateTimeField(allow_null=True)
    fresh = serializers.BooleanField()


@operation("runs.report", "The report", answer=WholeReport, parameters=[FROZEN, TAXONOMY])
@api_view(["GET"])
def current(request: Request, slug: str, name: str) -> Response:
    """The current one, or a frozen one. 404 with Retry-After until a worker has computed it."""
    run = enter(request, slug).run(name)
    if number := request.query_params.get("frozen"):
        return Response(WholeReport(frozen_report(run, number)).data)
    version = _version(run, request.query_params.get("taxonomy", ""))
    also = version.pk if version and version.pk != run.taxonomy_version_id else None
    if (found := Report.objects.current(run, version)) is None:
        reports.refresh_soon(run.pk, also, looked_at=True)
        raise NotReady("The report has not been computed yet.")
    if not is_fresh(found):
        reports.refresh_soon(run.pk, also, looked_at=True)
    return Response(WholeReport(found).data)


@operation("runs.freeze", "Freeze the report", answer=WholeReport, status=201)
@api_view(["POST"])
def freeze(request: Request, slug: str, name: str) -> Response:
    """A digested report of what holds at this moment; it never changes again."""
    access = enter(request, slug, Action.DECIDE)
    frozen = reports.freeze(run=access.run(name), by=access.user)
    return Response(WholeReport(frozen).data, status=201)


@operation("runs.gate", "The gate", answer=Gate)
@api_view(["GET"])
def gate(request: Request, slug: str, name: str) -> Response:
    """For CI: read `verdict`. It is "undecided" while the numbers behind it are out of date."""
    run = enter(request, slug).run(name)
    return Response(_gate(run, Report.objects.current(run)))


def _version(run: Run, reference: str) -> TaxonomyVersion | None:
    try:
        return moving.find(run, reference) if reference else None
    except moving.UnknownVersion as error:
        raise serializers.ValidationError({"taxonomy": str(error)}) from None


def _gate(run: Run, current: Report | None) -> dict[str, Any]:
    fresh = current is not None and is_fresh(current)
    if not fresh:
        reports.refresh_soon(run.pk, looked_at=True)
    judged = current.data["gate"] if current else {"outlook": None, "waiting": [], "rules": []}
    stale = {} if fresh else {"verdict": "undecided", "waiting": [*judged["waiting"], WAITING]}
    return {
        "run": run.name,
        **judged,
        **stale,
        "sentences": current.data["sentences"] if current else [],
        "computed_at": current.computed_at if current else None,
        "fresh": fresh,
    }
