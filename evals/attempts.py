"""What came of calls, kept in rows: outputs once, failures as attempts with when to try again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import DataError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from evals import values
from evals.ingest import cost_of
from evals.models import Attempt, ModelVersion, Output, Request
from evals.providers.base import ProviderError, Reply
from evals.wanted import Asked

#: What of a model version shapes an answer or its cost.
SHAPE = (
    *("provider", "base_url", "upstream_model", "options", "system", "prompt", "parameters"),
    *("price_input", "price_output"),
)
LONGEST_PAUSE_S = 3600.0
#: How the error of an attempt begins at whose time the server wanted to be asked less: it says
#: nothing of the request, so it does not use up one of its attempts.
THROTTLED = "HTTP 429"


def as_asked(model: ModelVersion) -> QuerySet[ModelVersion]:
    """The model version's row if it is still what was asked: it may change before its first
    output, and an answer to an older prompt is none of its."""
    shape = {name: getattr(model, name) for name in SHAPE}
    return ModelVersion.objects.filter(pk=model.pk, **shape)


@transaction.atomic
def store(model: ModelVersion, answers: Sequence[tuple[Asked, Reply]]) -> int:
    """Keeps each answer as the one output of (request, model, sample). Gives how many are new:
    another may have been there first, or the model version was changed while it was asked.
    Raises DataError where the database cannot keep one of them; then none is kept."""
    if not as_asked(model).select_for_update(no_key=True).exists():
        return 0
    asked = [one for one, _ in answers]
    there = set(
        Output.objects.filter(model=model, request__in={one.request for one in asked}).values_list(
            "request", "sample"
        )
    )
    outputs = [_output(model, one, reply) for one, reply in answers]
    Output.objects.bulk_create(outputs, ignore_conflicts=True)
    Attempt.objects.bulk_create(
        Attempt(request=one.request, model=model, sample=one.sample, latency_ms=reply.latency_ms)
        for one, reply in answers
    )
    return len({one.key for one in asked} - there)


def store_each(
    model: ModelVersion, answers: Sequence[tuple[Asked, Reply]]
) -> tuple[int, list[tuple[Asked, ProviderError]]]:
    """Stores them together, or one by one where one of them cannot be kept. Gives how many are
    new, and those that cannot be kept with the reason."""
    try:
        return store(model, answers), []
    except DataError:
        stored, refused = 0, []
    for one, reply in answers:
        try:
            stored += store(model, [(one, reply)])
        except DataError as error:
            reason = f"the answer cannot be stored: {str(error).splitlines()[0][:200]}"
            refused.append((one, ProviderError(reason, retryable=False, charged=True)))
    return stored, refused


def _output(model: ModelVersion, asked: Asked, reply: Reply) -> Output:
    cost = reply.cost_usd
    return Output(
        request=asked.request,
        model=model,
        sample=asked.sample,
        text=reply.text,
        value=reply.value,
        digest=values.digest(reply.value),
        latency_ms=reply.latency_ms,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
        cost_usd=cost_of(model, reply.input_tokens, reply.output_tokens) if cost is None else cost,
    )


class Failed(NamedTuple):
    """attempt: its id; failures: failures of this output in this run, this one among them, those
    apart at whose time the server wanted to be asked less; final: whether it is given up."""

    attempt: int
    failures: int
    final: bool


@transaction.atomic
def fail(
    model: ModelVersion,
    request: Request,
    sample: int,
    error: ProviderError,
    since: datetime | None = None,
) -> Failed:
    """Keeps a failed call as an attempt, with when to try again; never as an output. Attempts
    before `since` do not count."""
    earlier = Attempt.objects.filter(
        request=request, model=model, sample=sample, uploaded=False
    ).exclude(error="")
    earlier = earlier.filter(finished_at__gte=since) if since else earlier
    before = earlier.exclude(error__startswith=THROTTLED).count()
    final = not error.throttled and (not error.retryable or before + 1 >= model.max_attempts)
    again = timezone.now() + timedelta(seconds=pause_s(error, before))
    attempt = Attempt.objects.create(
        request=request,
        model=model,
        sample=sample,
        error=str(error)[:2000] or "unknown error",
        latency_ms=error.latency_ms,
        final=final,
        retry_at=None if final else again,
    )
    return Failed(attempt.pk, before + 1, final)


def pause_s(error: ProviderError, before: int) -> float:
    """Seconds until another try: what the server asked for and a little more, so that not all
    come back at once; else 1, 2, 4 … up to 60, give or take a quarter."""
    if error.retry_after:
        wait = error.retry_after + random.uniform(0, min(1.0, error.retry_after / 10))  # noqa: S311
    else:
        wait = min(60.0, 2.0 ** min(before, 10)) * random.uniform(0.75, 1.25)  # noqa: S311
    return min(wait, LONGEST_PAUSE_S)
