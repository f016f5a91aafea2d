"""The queue for clients of one's own: claim, judge, skip. A and B, and nothing that tells which
of them is the candidate until the item is resolved."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from evals import values
from evals.models import Output
from reviewapp.access import Access, Action
from reviewapp.actions import reviews
from reviewapp.api.auth import enter
from reviewapp.api.fields import AnyJSON
from reviewapp.api.schema import NOTHING, operation
from reviewapp.judgement import check, sides_of
from reviewapp.models import Draft, Rater, Review, ReviewItem
from taxonomy.models import Category, Severity

#: Bytes of a draft that is kept.
DRAFT_LIMIT = 200_000


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
    draft = AnyJSON(allow_null=True, help_text="What you had typed on it.")


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=300)


class FindingSent(serializers.Serializer[Any]):
    side = serializers.CharField(help_text="A or B")
    category = serializers.CharField(required=False, allow_null=True)
    severity = serializers.CharField(required=False, allow_null=True)
    where = serializers.CharField(default="output", help_text="output or input")
    path = serializers.CharField(required=False, allow_null=True)
    span = serializers.ListField(
        child=serializers.IntegerField(), required=False, allow_null=True, help_text="[start, end)"
    )
    note = serializers.CharField(required=False)


class ReviewSent(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    submission = serializers.UUIDField(help_text="Made by you; a repeat is the same review.")
    sides = serializers.DictField(
        child=serializers.CharField(), help_text='{"A": "ok", "B": "error"}'
    )
    findings = FindingSent(many=True, required=False)
    corrected_output = AnyJSON(required=False, allow_null=True)
    note = serializers.CharField(required=False)
    duration_s = serializers.FloatField(required=False, allow_null=True)


class Identity(serializers.Serializer[Any]):
    """What is checked here; the judgement itself is checked against the item."""

    item = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    submission = serializers.UUIDField()


class ReviewStored(serializers.Serializer[Any]):
    review = serializers.IntegerField()
    item = serializers.IntegerField()
    submission = serializers.UUIDField()
    revision = serializers.IntegerField()
    state = serializers.CharField(help_text="Of the item: pending, disputed or resolved.")
    sides = serializers.DictField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Which side was which, once the item is resolved; null until then.",
    )


@operation("queue.claim", "Claim the next item", answer=ClaimedItem, also={204: NOTHING})
@api_view(["POST"])
def claim(request: Request, slug: str) -> Response:
    """The item that you hold, its lease renewed, or the next one; 204 when nothing is left."""
    access = enter(request, slug, Action.REVIEW)
    rater = access.rater()
    claimed = reviews.claim(project=access.project, rater=rater)
    if claimed is None:
        return Response(status=204)
    item = access.item(claimed.item_id)
    return Response({"lease_until": claimed.lease_until, **_shown(item, rater)})


@operation("queue.release", "Give back what you hold", status=204)
@api_view(["POST"])
def release(request: Request, slug: str) -> Response:
    reviews.release(rater=enter(request, slug, Action.REVIEW).rater())
    return Response(status=204)


@operation("queue.skip", "Leave an item to somebody else", body=Reason, status=204, fails=[409])
@api_view(["POST"])
def skip(request: Request, slug: str, item: int) -> Response:
    access = enter(request, slug, Action.REVIEW)
    sent = Reason(data=request.data)
    sent.is_valid(raise_exception=True)
    reviews.skip(
        item=access.item(item), rater=access.rater(), by=access.user, **sent.validated_data
    )
    return Response(status=204)


@operation(
    "reviews.submit",
    "Submit a review",
    body=ReviewSent,
    answer=ReviewStored,
    status=201,
    also={200: ReviewStored},
    fails=[409],
)
@api_view(["POST"])
def submit(request: Request, slug: str) -> Response:
    """201 means committed; 200 that this submission was committed before. 409 where the item is
    not (or no longer) yours: what you sent is kept as your draft on it."""
    access = enter(request, slug, Action.REVIEW)
    identity = Identity(data=request.data)
    identity.is_valid(raise_exception=True)
    submission = identity.validated_data["submission"]
    item, rater = access.item(identity.validated_data["item"]), access.rater()
    sent = {k: v for k, v in dict(request.data).items() if k not in ("item", "submission")}
    judgement = check(sent, item, rater)
    again = Review.objects.filter(item=item, rater=rater, submission=submission).exists()
    try:
        review = reviews.submit(
            item=item, rater=rater, judgement=judgement, submission=submission, by=access.user
        )
    except reviews.SlotLost:
        _keep(sent, item, rater)
        raise
    return Response(_stored(review, access), status=200 if again else 201)


def _shown(item: ReviewItem, rater: Rater) -> dict[str, Any]:
    """An item as its reviewer may see it."""
    request, version = item.comparison.request, item.run.taxonomy_version
    draft = Draft.objects.filter(item=item, rater=rater).first()
    categories = version.leaves().select_related("parent", "default_severity")
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
        "categories": CategoryShown(categories, many=True).data,
        "severities": SeverityShown(version.severities.all(), many=True).data,
        "draft": draft.body if draft else None,
    }


def _side(output: Output) -> dict[str, Any]:
    return {"text": output.text, "value": output.value}


def _stored(review: Review, access: Access) -> dict[str, Any]:
    item = access.item(review.item_id)
    resolved = item.state == ReviewItem.State.RESOLVED
    return {
        "review": review.pk,
        "item": item.pk,
        "submission": str(review.submission),
        "revision": review.revision,
        "state": item.state,
        "sides": sides_of(item, review.rater) if resolved else None,
    }


def _keep(sent: dict[str, Any], item: ReviewItem, rater: Rater) -> None:
    if len(values.source_of(sent)) <= DRAFT_LIMIT:
        reviews.save_draft(item=item, rater=rater, body=sent)
