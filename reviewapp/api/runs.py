"""Runs: started, watched, paused, closed. Nothing here shows an output or the seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db.models import Count
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals import spending, uploads
from evals.compare import progress
from evals.evalsets import UnknownVersion, find_version
from evals.models import Project, Run
from evals.records import UnknownFields, decode_outputs
from reviewapp import watch
from reviewapp.access import Action
from reviewapp.actions import limits, runs
from reviewapp.api.auth import enter
from reviewapp.api.bodies import LIMIT, pieces
from reviewapp.api.errors import Conflict
from reviewapp.api.fields import KnownFields
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import LINES, operation
from reviewapp.api.traffic import Ingested, take
from reviewapp.forms.pages import not_an_address
from reviewapp.models import ReviewItem


class RunRow(serializers.Serializer[Any]):
    name = serializers.CharField()
    kind = serializers.CharField(help_text="shadow or offline")
    state = serializers.CharField(help_text="running, paused, finished or cancelled")
    state_reason = serializers.CharField()
    baseline = serializers.CharField()
    candidate = serializers.CharField()
    evalset = serializers.CharField(source="evalset_version", allow_null=True)
    taxonomy = serializers.CharField(source="taxonomy_version")
    comparators_digest = serializers.CharField(source="pipeline_digest")
    sampling = serializers.DictField()
    samples = serializers.IntegerField(help_text="Further samples of both models.")
    cap_usd = serializers.DecimalField(
        max_digits=12, decimal_places=4, allow_null=True, help_text="Spending cap; null: none."
    )
    opens_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField(allow_null=True)
    started_by = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class Progress(serializers.Serializer[Any]):
    total = serializers.IntegerField(help_text="Requests that the run has so far.")
    settled = serializers.IntegerField(help_text="Compared, or given up.")
    noise_wanted = serializers.IntegerField(
        help_text="Requests on which production is asked twice."
    )
    noise_settled = serializers.IntegerField()
    further_wanted = serializers.IntegerField(help_text="Further samples of both models, so far.")
    further_there = serializers.IntegerField()
    share = serializers.FloatField(help_text="Of everything that is wanted, 0 to 1.")


class Items(serializers.Serializer[Any]):
    pending = serializers.IntegerField()
    disputed = serializers.IntegerField()
    resolved = serializers.IntegerField()
    skipped = serializers.IntegerField()


class Late(serializers.Serializer[Any]):
    outputs = serializers.IntegerField(help_text="Came after their comparison had failed.")
    requests = serializers.IntegerField(help_text="Of its window, received after it had finished.")


class WholeRun(RunRow):
    progress = Progress()
    spent_usd = serializers.DecimalField(
        max_digits=18, decimal_places=9, help_text="What asking has cost, as far as is known."
    )
    late = Late(help_text="Counted, and without any effect on what was settled.")
    items = Items(help_text="Review items by state.")


class NewRun(KnownFields):
    name = serializers.SlugField(max_length=80, validators=[not_an_address])
    baseline = serializers.CharField(help_text="Name of the model version in production.")
    candidate = serializers.CharField(help_text="Name of the model version that may replace it.")
    evalset = serializers.CharField(
        required=False, allow_null=True, help_text='"name", "name@2", or null for a shadow run.'
    )
    recorded = serializers.BooleanField(
        default=False, help_text="A shadow over the traffic that is there already."
    )
    days = serializers.FloatField(required=False, allow_null=True, help_text="Window; 14.")
    traffic_share = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="Share of the traffic that a shadow takes, 0 to 1; the sampling plan's.",
    )
    samples = serializers.IntegerField(
        default=0, help_text="Offline: further samples of both models, for noise and flips."
    )
    cap_usd = serializers.DecimalField(
        required=False,
        allow_null=True,
        max_digits=12,
        decimal_places=4,
        help_text="Spending cap in US dollars: the run pauses before it is passed.",
    )
    draw = serializers.BooleanField(
        default=True, help_text="false: nothing is queued, its labels come from elsewhere."
    )


class Limits(KnownFields):
    """What of a run may change while it goes on."""

    cap_usd = serializers.DecimalField(
        required=False, allow_null=True, max_digits=12, decimal_places=4
    )
    traffic_share = serializers.FloatField(required=False, help_text="Can be raised only.")


class Runs(APIView):
    @operation("runs.list", "Runs", answer=page_of(RunRow), parameters=PARAMETERS)
    def get(self, request: Request, slug: str) -> Response:
        """The newest first."""
        rows = Run.objects.filter(project=enter(request, slug).project).select_related(
            "baseline", "candidate", "evalset_version__evalset", "taxonomy_version__taxonomy"
        )
        return paged(request, rows, RunRow, order="-id")

    @operation("runs.start", "Start a run", body=NewRun, answer=WholeRun, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """Comparators, sampling plan and taxonomy version are pinned as they are now."""
        access = enter(request, slug, Action.RUN)
        new = NewRun(data=request.data)
        new.is_valid(raise_exception=True)
        run = runs.start(
            project=access.project, by=access.user, **_looked_up(access.project, new.validated_data)
        )
        return Response(_whole(run), status=201)


class OneRun(APIView):
    @operation("runs.get", "One run with its progress", answer=WholeRun)
    def get(self, request: Request, slug: str, name: str) -> Response:
        return Response(_whole(enter(request, slug).run(name)))

    @operation("runs.change", "Change its limits", body=Limits, answer=WholeRun, fails=[409])
    def patch(self, request: Request, slug: str, name: str) -> Response:
        """Raising the cap of a run that had reached it lets it go on."""
        access = enter(request, slug, Action.RUN)
        change, found = Limits(data=request.data), access.run(name)
        change.is_valid(raise_exception=True)
        limits.change(run=found, by=access.user, **change.validated_data)
        return Response(_whole(access.run(name)))


def _move(verb: str, summary: str, act: Callable[..., None]) -> Callable[..., Response]:
    @operation(f"runs.{verb}", summary, answer=WholeRun, fails=[409])
    @api_view(["POST"])
    def move(request: Request, slug: str, name: str) -> Response:
        access = enter(request, slug, Action.RUN)
        found = access.run(name)
        try:
            act(run=found, by=access.user)
        except runs.RunError as error:
            raise Conflict(str(error)) from None
        return Response(_whole(access.run(name)))

    return move


MOVES = {
    "pause": _move("pause", "Pause a run", runs.pause),
    "resume": _move("resume", "Resume a run", runs.resume),
    "close": _move("close", "Wait for no more traffic or uploads", runs.close),
    "cancel": _move("cancel", "Stop a run for good", runs.cancel),
}


@operation("runs.outputs", "Upload outputs", body=LINES, answer=Ingested, fails=[413, 415])
@api_view(["POST"])
def outputs(request: Request, slug: str, name: str) -> Response:
    """Traffic records of requests that are stored already, one a line; `input` may be left out:
    `{"id": "req-1", "outputs": [{"model": "triage-11", "output": "billing"}]}`. The models are
    the run's two. Everything else as for traffic/."""
    access = enter(request, slug, Action.INGEST)
    found, unknown = access.run(name), UnknownFields()
    lines = uploads.for_run(found, decode_outputs(pieces(request), LIMIT, unknown))
    return take(access.project, lines, unknown)


def _looked_up(project: Project, given: dict[str, Any]) -> dict[str, Any]:
    """The rows behind the names. Raises ValidationError for all that are not known."""
    models = {model.name: model for model in project.models.all()}
    known = ", ".join(sorted(models)) or "none yet"
    problems = {
        side: f"There is no model version {given[side]!r} in this project (there are: {known})."
        for side in ("baseline", "candidate")
        if given[side] not in models
    }
    version = None
    if given.get("evalset"):
        try:
            version = find_version(project, given["evalset"])
        except UnknownVersion as error:
            problems["evalset"] = str(error)
    if problems:
        raise serializers.ValidationError(problems)
    return {
        "name": given["name"],
        "baseline": models[given["baseline"]],
        "candidate": models[given["candidate"]],
        "evalset_version": version,
        "recorded": given["recorded"],
        "days": given.get("days"),
        "share": given.get("traffic_share"),
        "samples": given["samples"],
        "cap_usd": given.get("cap_usd"),
        "draw": given["draw"],
    }


def _whole(run: Run) -> dict[str, Any]:
    states = dict.fromkeys(ReviewItem.State.values, 0)
    counted = ReviewItem.objects.filter(run=run).values_list("state").annotate(Count("id"))
    done = progress(run)
    return {
        **RunRow(run).data,
        "progress": {**asdict(done), "share": done.share},
        "spent_usd": f"{spending.totals(run)[0]:.9f}",
        "late": asdict(watch.late(run)),
        "items": {**states, **dict(counted.order_by())},
    }
