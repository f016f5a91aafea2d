"""The desk: one item at a time, judged by keyboard. Sides are A and B and nothing else."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import reswap, retarget

from evals import values
from reviewapp import differences
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import reviews
from reviewapp.judgement import JudgementError, check, sides_of
from reviewapp.models import Draft, Rater, Review, ReviewItem, Slot
from taxonomy.models import TaxonomyVersion


@login_required
@require_GET
def desk(request: HttpRequest, slug: str) -> HttpResponse:
    """The item that the reviewer holds, or the next one in line."""
    access = open_project(request.user, slug, Action.REVIEW)
    return render(request, "desk.html", _next(access))


@login_required
@require_POST
def submit(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Stores a judgement and answers with the next item."""
    access = open_project(request.user, slug, Action.REVIEW)
    rater, found = access.rater(), access.item(item)
    try:
        judgement = check(sent_judgement(request), found, rater)
        reviews.submit(
            item=found,
            rater=rater,
            judgement=judgement,
            submission=submission_of(request),
            by=access.user,
        )
    except JudgementError as error:
        return problem(request, {"problems": error.problems})
    except reviews.SlotLost as error:
        kept = sent_judgement(request)
        reviews.save_draft(item=found, rater=rater, body=kept)
        context = {"lost": str(error), "access": access, "item": found}
        return problem(request, context)
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("desk", slug)
    return render(request, "desk.html#desk", _next(access))


@login_required
@require_POST
def draft(request: HttpRequest, slug: str, item: int) -> JsonResponse:
    """Keeps what was typed so far."""
    access = open_project(request.user, slug, Action.REVIEW)
    if len(request.body) > 200_000:
        return JsonResponse({"error": "The draft is longer than 200,000 bytes."}, status=413)
    try:
        body = sent_judgement(request)
    except JudgementError as error:
        return JsonResponse({"error": str(error)}, status=400)
    reviews.save_draft(item=access.item(item), rater=access.rater(), body=body)
    return JsonResponse({"saved_at": timezone.now().isoformat()})


@login_required
@require_POST
def skip(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    access = open_project(request.user, slug, Action.REVIEW)
    reason = request.POST.get("reason", "").strip() or "no reason given"
    try:
        reviews.skip(item=access.item(item), rater=access.rater(), reason=reason, by=access.user)
    except reviews.SlotLost as error:
        return problem(request, {"problems": {"skip": str(error)}})
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("desk", slug)
    return render(request, "desk.html#desk", _next(access))


@login_required
@require_POST
def claim_again(request: HttpRequest, slug: str, item: int) -> HttpResponse:
    """Takes an item back whose lease ran out, with the draft that was kept."""
    access = open_project(request.user, slug, Action.REVIEW)
    if reviews.claim_item(item=access.item(item), rater=access.rater()):
        return redirect("desk", slug)
    text = "No place on this item is open any more; your draft on it is kept."
    return render(request, "error.html", {"title": "Taken", "what": text, "access": access})


@login_required
@require_POST
def release(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.REVIEW)
    reviews.release(rater=access.rater())
    return redirect("project", slug)


def _next(access: Access) -> dict[str, Any]:
    rater = access.rater()
    claim = reviews.claim(project=access.project, rater=rater)
    context = {"access": access, "section": "desk", **counts(access, rater)}
    if claim is None:
        return {**context, "item": None}
    item = access.item(claim.item_id)
    kept = Draft.objects.filter(item=item, rater=rater).first()
    return {
        **context,
        **work(item, rater, draft=kept.body if kept else None),
        "lease_until": claim.lease_until,
        "post_to": reverse("desk_submit", args=[access.project.slug, item.pk]),
    }


def counts(access: Access, rater: Rater) -> dict[str, int]:
    """What is left for this reviewer, and what they did today (UTC)."""
    mine = Slot.objects.filter(rater=rater).values("item")
    waiting = Slot.objects.filter(
        project=access.project, state__in=[Slot.State.OPEN, Slot.State.CLAIMED]
    )
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "left": waiting.exclude(item__in=mine).values("item").distinct().count(),
        "today": Review.objects.filter(rater=rater, created_at__gte=midnight).count(),
    }


def work(item: ReviewItem, rater: Rater, *, draft: object, named: bool = False) -> dict[str, Any]:
    """What the form of a judgement needs. `named`: the sides are visible (a resolved item)."""
    real = sides_of(item, rater)
    outputs = {side: getattr(item.comparison, f"{real[side]}_output") for side in "AB"}
    pieces = differences.mark(outputs["A"].text, outputs["B"].text)
    version = item.run.taxonomy_version
    return {
        "item": item,
        "sides": [
            {"letter": side, "pieces": marked, "real": real[side] if named else ""}
            for side, marked in zip("AB", pieces, strict=True)
        ],
        "turns": turns(item.comparison.request.input),
        "expected": item.comparison.expected,
        "segment": item.comparison.request.segment,
        "categories": version.leaves(),
        "severities": version.severities.all(),
        "submission": uuid4(),
        "desk_data": {
            "item": item.pk,
            "texts": {side: outputs[side].text for side in "AB"},
            "draft": draft,
            **_palette(version),
        },
    }


def _palette(version: TaxonomyVersion) -> dict[str, Any]:
    categories = version.leaves().select_related("default_severity")
    return {
        "categories": [
            {
                "key": category.key,
                "name": category.name,
                "hotkey": category.hotkey,
                "severity": category.default_severity.key if category.default_severity else None,
                "evidence": category.evidence_required,
            }
            for category in categories
        ],
        "severities": [
            {"key": severity.key, "name": severity.name, "hotkey": severity.hotkey}
            for severity in version.severities.all()
        ],
    }


def turns(value: object) -> list[dict[str, Any]]:
    """A request as turns of who and what: one for a text, one a message for a chat. `path` is
    where in the input the shown text stands, for evidence; None where it is not shown as it is."""
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        return [_turn(one, f"$.messages[{i}].content") for i, one in enumerate(value["messages"])]
    if isinstance(value, str):
        return [{"who": "request", "text": value, "path": ""}]
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return [{"who": "request", "text": text, "path": None}]


def _turn(message: object, path: str) -> dict[str, Any]:
    if not isinstance(message, dict):
        return {"who": "", "text": values.as_text(message), "path": None}
    who, content = str(message.get("role", "")), message.get("content")
    rest = {key: value for key, value in message.items() if key not in ("role", "content")}
    if isinstance(content, str) and not rest:
        return {"who": who, "text": content, "path": path}
    shown = rest if content in (None, "") else {"content": content, **rest}
    return {"who": who, "text": json.dumps(shown, indent=2, ensure_ascii=False), "path": None}


def sent_judgement(request: HttpRequest) -> Any:
    """The JSON of a judgement: the body itself, or the form's field. Raises JudgementError."""
    is_json = request.content_type == "application/json"
    source = request.body.decode("utf-8", "replace") if is_json else request.POST.get("judgement")
    try:
        sent = values.loads(source or "{}")
    except ValueError as error:
        raise JudgementError({"judgement": f"this is not JSON that can be kept: {error}"}) from None
    if not isinstance(sent, dict):
        raise JudgementError({"judgement": "write a JSON object"})
    return sent


def submission_of(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("submission", ""))
    except ValueError:
        raise JudgementError({"submission": "a UUID made for this judgement is needed"}) from None


def problem(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Says what is wrong above the form and leaves everything that was typed where it is."""
    response = render(request, "desk.html#problems", context)
    return reswap(retarget(response, "#problems"), "innerHTML")
