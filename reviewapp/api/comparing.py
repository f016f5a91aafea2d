"""A run compared again by the comparators that its project has now."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from reviewapp import again
from reviewapp.access import Action
from reviewapp.actions import comparators
from reviewapp.api.auth import enter
from reviewapp.api.errors import Conflict
from reviewapp.api.schema import operation


class ComparedAgain(serializers.Serializer[Any]):
    run = serializers.CharField()
    comparators = serializers.CharField(help_text="The digest of the run's comparators now.")
    percent = serializers.FloatField(
        allow_null=True, help_text="How much is compared again; null where none is under way."
    )
    comparisons = serializers.IntegerField()
    items = serializers.IntegerField(help_text="Drawn items: all keep their place.")
    reviews = serializers.IntegerField(help_text="Reviews: all are kept.")


@operation(
    "runs.compare_again", "Compare a run again", answer=ComparedAgain, status=202, fails=[409]
)
@api_view(["POST"])
def compare_again(request: Request, slug: str, name: str) -> Response:
    """Gives the run the project's comparators; workers make its comparisons again from stored
    outputs. Meanwhile the report keeps its numbers of before."""
    access = enter(request, slug, Action.CONFIGURE)
    found = access.run(name)
    try:
        comparators.change(run=found, pipeline=access.project.pipeline, by=access.user)
    except comparators.ComparatorsError as error:
        raise Conflict(str(error)) from None
    found = access.run(name)
    told = {"run": found.name, "comparators": found.pipeline_digest, **again.of(found)}
    return Response(ComparedAgain(told).data, status=202)
