"""A run goes to another version of its taxonomy."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from evals.models import Run
from reviewapp.access import Action
from reviewapp.actions import relabel
from reviewapp.api.auth import enter
from reviewapp.api.errors import Conflict
from reviewapp.api.schema import operation
from reviewapp.labelling import moving
from taxonomy.models import TaxonomyVersion

VERSION = OpenApiParameter(
    "version", str, required=True, description="support@2: what would going there do?"
)


class NewVersion(serializers.Serializer[Any]):
    version = serializers.CharField(help_text="support@2")


class MovedRun(serializers.Serializer[Any]):
    run = serializers.CharField()
    version = serializers.CharField(help_text="That the run is labelled in.")
    to = serializers.CharField(help_text="That these numbers are about.")
    follow = serializers.IntegerField(help_text="Labels that say the same in it.")
    again = serializers.IntegerField(help_text="Labels that are asked for again.")
    items = serializers.IntegerField(help_text="Items that go back to the queue for it.")
    split = serializers.DictField(
        child=serializers.IntegerField(), help_text="Their findings, by old category."
    )
    untranslatable = serializers.IntegerField(
        help_text="Labels with a finding whose category was retired."
    )
    lost = serializers.DictField(
        child=serializers.IntegerField(), help_text="Those findings, by old category."
    )
    severities = serializers.IntegerField(help_text="Findings whose severity was retired.")
    unasked = serializers.ListField(
        child=serializers.CharField(), help_text="Categories that no label so far could say."
    )
    drafts = serializers.IntegerField(help_text="Drafts that are carried over.")


class Moving(APIView):
    @operation(
        "runs.outlook", "What another version would do", answer=MovedRun, parameters=[VERSION]
    )
    def get(self, request: Request, slug: str, name: str) -> Response:
        """In numbers, from what is there now; nothing is changed."""
        run = enter(request, slug).run(name)
        version = _version(run, request.query_params.get("version", ""))
        return Response(_told(run, version, moving.look(run, version)))

    @operation("runs.move", "Go to another version", body=NewVersion, answer=MovedRun, fails=[409])
    def post(self, request: Request, slug: str, name: str) -> Response:
        """Judgements are made in it from then on; labels keep the version they were made in."""
        access = enter(request, slug, Action.CONFIGURE)
        sent = NewVersion(data=request.data)
        sent.is_valid(raise_exception=True)
        run = access.run(name)
        version = _version(run, sent.validated_data["version"])
        try:
            seen = relabel.move_run(run=run, version=version, by=access.user)
        except relabel.RelabelError as error:
            raise Conflict(str(error)) from None
        return Response(_told(access.run(name), version, seen))


def _version(run: Run, reference: str) -> TaxonomyVersion:
    try:
        return moving.find(run, reference)
    except moving.UnknownVersion as error:
        raise serializers.ValidationError({"version": str(error)}) from None


def _told(run: Run, version: TaxonomyVersion, seen: moving.Outlook) -> dict[str, Any]:
    return {
        "run": run.name,
        "version": str(run.taxonomy_version),
        "to": str(version),
        **seen.as_dict(),
    }
