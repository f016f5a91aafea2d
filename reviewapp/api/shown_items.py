"""An item as its reviewer may see it: A and B, and the words of its taxonomy."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from evals.models import Output
from reviewapp.api.fields import AnyJSON
from reviewapp.desk import carrying
from reviewapp.desk.judgement import sides_of
from reviewapp.desk.palette import Palette, palette
from reviewapp.models import Rater, ReviewItem
from taxonomy.models import Category, Severity, TaxonomyVersion

#: The words of published versions, by the version's id.
_KEPT: dict[int, dict[str, Any]] = {}


class CategoryShown(serializers.ModelSerializer[Category]):
    parent = serializers.CharField(  # type: ignore[assignment]
        source="parent.key", allow_null=True, default=None
    )
    default_severity = serializers.CharField(
        source="default_severity.key", allow_null=True, default=None
    )

    class Meta:
        model = Category
        fields = (
            "key",
            "parent",
            "name",
            "definition",
            "use_when",
            "avoid_when",
            "examples",
            "critical",
            "evidence_required",
            "default_severity",
            "hotkey",
        )


class SeverityShown(serializers.ModelSerializer[Severity]):
    class Meta:
        model = Severity
        fields = ("key", "name", "hotkey")


class RequestShown(serializers.Serializer[Any]):
    id = serializers.CharField()
    input = AnyJSON()
    segment = serializers.DictField()
    expected = AnyJSON(allow_null=True)


class SideShown(serializers.Serializer[Any]):
    text = serializers.CharField(help_text="As received; spans count its code points.")
    value = AnyJSON(help_text="The same as JSON.")


class SidesShown(serializers.Serializer[Any]):
    A = SideShown()
    B = SideShown()


class ClaimedItem(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    lease_until = serializers.DateTimeField()
    request = RequestShown()
    sides = SidesShown()
    taxonomy = serializers.CharField(help_text="support@2")
    categories = CategoryShown(many=True, help_text="Those that a finding can have.")
    severities = SeverityShown(many=True)
    draft = AnyJSON(
        allow_null=True,
        help_text="What you had typed on it; on an item to relabel, what was said before: where a "
        "finding has `choose`, one of those categories has to be chosen.",
    )
    relabels = serializers.CharField(
        allow_null=True, help_text="support@1: said in it before, and to be said again in this one."
    )


def shown(item: ReviewItem, rater: Rater) -> dict[str, Any]:
    """An item as its reviewer may see it."""
    request, version = item.comparison.request, item.run.taxonomy_version
    begins = carrying.beginning(item, rater)
    words = _words(version)
    return {
        "item": item.pk,
        "request": {
            "id": request.key,
            "input": request.input,
            "segment": request.segment,
            "expected": item.comparison.expected,
        },
        "sides": {
            letter: _side(getattr(item.comparison, f"{real}_output"))
            for letter, real in sorted(sides_of(item, rater).items())
        },
        "taxonomy": str(version),
        **words,
        "draft": begins.draft,
        "relabels": str(begins.relabels.taxonomy_version) if begins.relabels else None,
    }


def _words(version: TaxonomyVersion) -> dict[str, Any]:
    """The same for every item of a published version, and so put into words once a process."""
    kept = _KEPT.get(version.pk)
    if kept is None:
        kept = _put(palette(version))
        if version.state != TaxonomyVersion.State.DRAFT:
            _KEPT[version.pk] = kept
    return kept


def _put(words: Palette) -> dict[str, Any]:
    return {
        "categories": CategoryShown(words.categories, many=True).data,
        "severities": SeverityShown(words.severities, many=True).data,
    }


def _side(output: Output) -> dict[str, Any]:
    return {"text": output.text, "value": output.value}
