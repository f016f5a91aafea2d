"""The queue for clients of one's own: claim, judge, skip. A and B, and nothing that tells which
of them is the candidate until the item is resolved."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from evals import values
from reviewapp.access import Access, Action
from reviewapp.actions import claims, exposures, places, reviews, undo
from reviewapp.api.auth import enter
from reviewapp.api.fields import AnyJSON
from reviewapp.api.schema import NOTHING, operation
from reviewapp.api.shown_items import ClaimedItem, shown
from reviewapp.desk.judgement import OtherVersion, check, sides_of
from reviewapp.models import Rater, Review, ReviewItem, Slot

SIDES = OpenApiParameter("sides", bool, description="Tell which side was which, once resolved.")
COUNTED = OpenApiParameter(
    "counted",
    bool,
    description="false: keep it, not counted, on an item that is somebody else's by now.",
)
AHEAD = OpenApiParameter(
    "ahead", bool, description="The one to judge after it, on a lease of two minutes."
)
#: Bytes of a draft that is kept.
DRAFT_LIMIT = 200_000


class Reason(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(
        choices=Slot.SkipKind.choices, default=Slot.SkipKind.OTHER, help_text="Why, in one word."
    )
    reason = serializers.CharField(
        max_length=300, required=False, default="", allow_blank=True, help_text="In your words."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["kind"] == Slot.SkipKind.OTHER and not attrs["reason"].strip():
            raise serializers.ValidationError({"reason": "Say why, or give a kind."})
        return attrs


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
    was = serializers.CharField(required=False, help_text="As it came in `draft`.")
    choose = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="As it came in `draft`."
    )


class ReviewSent(serializers.Serializer[Any]):
    item = serializers.IntegerField()
    submission = serializers.UUIDField(help_text="Made by you; a repeat is the same review.")
    sides = serializers.DictField(
        child=serializers.CharField(), help_text='{"A": "ok", "B": "error"}'
    )
    taxonomy = serializers.CharField(
        required=False, help_text="As claimed: refused where the run has moved since."
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
    counted = serializers.BooleanField(help_text="Whether the item was still yours.")
    sides = serializers.DictField(
        child=serializers.CharField(),
        allow_null=True,
        help_text="Which side was which, once the item is resolved, where ?sides=true asks for it; "
        "else null. Whoever has been told relabels the item not blindly later.",
    )


@operation(
    "queue.claim",
    "Claim the next item",
    answer=ClaimedItem,
    also={204: NOTHING},
    parameters=[AHEAD],
)
@api_view(["POST"])
def claim(request: Request, slug: str) -> Response:
    """The item that you hold, its lease renewed, or the next one; 204 when nothing is left.

    With `ahead` the one after it: once you have submitted or skipped the item that you hold, it is
    that one, and its full lease begins."""
    access = enter(request, slug, Action.REVIEW)
    rater = access.rater()
    ahead = request.query_params.get("ahead") == "true"
    claimed = reviews.claim(project=access.project, rater=rater, ahead=ahead)
    if claimed is None:
        return Response(status=204)
    item = access.item(claimed.item_id)
    return Response({"lease_until": claimed.lease_until, **shown(item, rater)})


@operation("queue.release", "Give back what you hold", status=204, parameters=[AHEAD])
@api_view(["POST"])
def release(request: Request, slug: str) -> Response:
    """Both the item that you hold and the one ahead; with `ahead` only that one."""
    rater = enter(request, slug, Action.REVIEW).rater()
    if request.query_params.get("ahead") == "true":
        claims.release_ahead(rater=rater)
    else:
        claims.release(rater=rater)
    return Response(status=204)


@operation("queue.skip", "Leave an item to somebody else", body=Reason, status=204, fails=[409])
@api_view(["POST"])
def skip(request: Request, slug: str, item: int) -> Response:
    access = enter(request, slug, Action.REVIEW)
    sent = Reason(data=request.data)
    sent.is_valid(raise_exception=True)
    reviews.skip(
        item=access.item_to_judge(item), rater=access.rater(), by=access.user, **sent.validated_data
    )
    return Response(status=204)


class Undone(serializers.Serializer[Any]):
    item = serializers.IntegerField(help_text="You hold it again; what you said is its draft.")
    lease_until = serializers.DateTimeField()


@operation("reviews.undo", "Take your last submission back", answer=Undone, fails=[409])
@api_view(["POST"])
def undo_last(request: Request, slug: str) -> Response:
    """Within ten minutes, while nobody has been shown the sides of the item, it is not adjudicated
    and no frozen report stands on it; 409 otherwise. The review is kept, marked as withdrawn."""
    access = enter(request, slug, Action.REVIEW)
    claimed = undo.undo(project=access.project, rater=access.rater(), by=access.user)
    return Response({"item": claimed.item_id, "lease_until": claimed.lease_until})


@operation(
    "reviews.submit",
    "Submit a review",
    body=ReviewSent,
    answer=ReviewStored,
    status=201,
    also={200: ReviewStored},
    parameters=[SIDES, COUNTED],
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
    item, rater = access.item_to_judge(identity.validated_data["item"]), access.rater()
    sent = {k: v for k, v in dict(request.data).items() if k not in ("item", "submission")}
    tell = request.query_params.get("sides") == "true"
    # First, for a repeat is the same review also when the run has moved since.
    made = reviews.same_submission(item, rater, submission) if places.was_sent(submission) else None
    if made:
        return Response(_stored(made, item, access, tell))
    try:
        judgement = check(sent, item, rater)
    except OtherVersion:
        _keep(sent, item, rater)
        raise
    act = reviews.submit if request.query_params.get("counted") != "false" else reviews.keep
    try:
        review = act(
            item=item, rater=rater, judgement=judgement, submission=submission, by=access.user
        )
    except reviews.SlotLost:
        _keep(sent, item, rater)
        raise
    return Response(_stored(review, item, access, tell), status=201)


def _stored(review: Review, item: ReviewItem, access: Access, tell: bool) -> dict[str, Any]:
    told = tell and item.state == ReviewItem.State.RESOLVED
    told = told and item.pk in exposures.show(items=[item.pk], to=access.user)
    return {
        "review": review.pk,
        "item": item.pk,
        "submission": str(review.submission),
        "revision": review.revision,
        "state": item.state,
        "counted": review.counted,
        "sides": sides_of(item, review.rater) if told else None,
    }


def _keep(sent: dict[str, Any], item: ReviewItem, rater: Rater) -> None:
    if len(values.source_of(sent)) <= DRAFT_LIMIT:
        reviews.save_draft(item=item, rater=rater, body=sent)
