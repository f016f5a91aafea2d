"""Asking models for the outputs that a run still wants.

What is wanted is read from rows: a comparison without an outcome whose side has no output, no
final failure and no later time to be tried again. One process asks one model at a time (a
PostgreSQL advisory lock that dies with it), with as many calls in flight as the model allows.
An output is stored once whatever dies: the database has one place for it. Failures count in the
run in which they happened: a later run asks again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from evals import values
from evals.calls import ConfigurationError, call_of
from evals.ingest import cost_of
from evals.models import Attempt, ModelVersion, Output, Request, Run
from evals.providers import PROVIDERS
from evals.providers.base import Call, Provider, ProviderError, Reply
from evals.providers.messages import MessageError

#: Failures in a row after which a run pauses and says why, rather than use up every attempt: an
#: address that answers nobody, a key that is refused, a prompt that fits no request.
BREAKER = 10
#: What of a model version shapes an answer or its cost.
SHAPE = (
    *("provider", "base_url", "upstream_model", "system", "prompt", "parameters"),
    *("price_input", "price_output"),
)
LOCK_SPACE = 0x0C7E  # of our advisory locks

_WANTED = """
SELECT c.request_id, w.sample
FROM evals_comparison c
CROSS JOIN (VALUES (0), (1)) AS w (sample)
WHERE c.run_id = %(run)s
  AND (w.sample = 0 AND c.outcome IS NULL
       OR w.sample = 1 AND %(noise)s AND c.noise_wanted AND c.noise_differs IS NULL)
  AND NOT EXISTS (SELECT FROM evals_output o WHERE o.request_id = c.request_id
                  AND o.model_id = %(model)s AND o.sample = w.sample)
  AND NOT EXISTS (SELECT FROM evals_attempt a WHERE a.request_id = c.request_id
                  AND a.model_id = %(model)s AND a.sample = w.sample
                  AND a.finished_at >= %(started)s AND (a.final OR a.retry_at > now()))
ORDER BY w.sample, c.id LIMIT %(limit)s
"""


def wanted(run: Run, model: ModelVersion, limit: int) -> list[tuple[int, int]]:
    """(request id, sample) pairs that `model` should be asked for now."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WANTED,
            {
                "run": run.pk,
                "model": model.pk,
                "noise": model.pk == run.baseline_id,
                "started": run.started_at,
                "limit": limit,
            },
        )
        pairs: list[tuple[int, int]] = cursor.fetchall()
        return pairs


def fetch(run: Run, model: ModelVersion, seconds: float = 10.0) -> int:
    """Asks `model` for what `run` wants until nothing is left to ask now, the run stops, or
    `seconds` have passed. Gives how many outputs were stored."""
    with only_one(model) as alone:
        if not alone:
            return 0
        try:
            return _fetch(run, model, time.monotonic() + seconds)
        except ConfigurationError as error:
            pause(run, f"{model.name}: {error}")
            return 0


class Asked(NamedTuple):
    request: Request
    sample: int


class Breaker:
    """Counts failures in a row; at BREAKER of them the run pauses.

    Where nothing succeeds in between it may not be the requests' fault, so a first failure that
    would be final is held back: final once another call succeeds or the asking ends, asked again
    where the run pauses.
    """

    def __init__(self, run: Run, model: ModelVersion) -> None:
        self.run, self.model = run, model
        self.count, self.open = 0, False
        self.held: list[int] = []

    @transaction.atomic
    def failed(self, asked: Asked, error: ProviderError) -> None:
        self.count += 1
        first = fail(self.model, asked.request, asked.sample, error, self.run.started_at)
        # Should this process die undecided, it is asked again then.
        later = timezone.now() + timedelta(minutes=10)
        if first is not None:
            final = Attempt.objects.filter(pk=first, final=True)
            self.held += [first] * final.update(final=False, retry_at=later)
        if self.count >= BREAKER and not self.open:
            self.open = True
            pause(self.run, f"{self.model.name} failed {self.count} times in a row: {error}")

    def decide(self) -> None:
        """Another call succeeded, or none is left."""
        if self.held:
            held = Attempt.objects.filter(pk__in=self.held)
            held.update(final=not self.open, retry_at=None)
        self.count, self.held = 0, []


def _fetch(run: Run, model: ModelVersion, until: float) -> int:
    stored = 0
    breaker = Breaker(run, model)
    calls: dict[Future[Reply | ProviderError], Asked] = {}
    with ThreadPoolExecutor(model.concurrency, thread_name_prefix="ask") as pool:
        going = True
        while going or calls:
            going = going and not breaker.open and time.monotonic() < until and _goes_on(run, model)
            if going:
                new = _next(run, model, {(request.pk, n) for request, n in calls.values()})
                going = bool(new or calls)
                for asked in new:
                    try:
                        call = call_of(model, asked.request)
                    except MessageError as error:
                        breaker.failed(asked, ProviderError(str(error), retryable=False))
                    else:
                        calls[pool.submit(_ask, PROVIDERS[model.provider], call)] = asked
            for future in wait(calls, return_when=FIRST_COMPLETED).done if calls else ():
                asked, answer = calls.pop(future), future.result()
                if isinstance(answer, Reply):
                    stored += store(model, asked.request, asked.sample, answer)
                    breaker.decide()
                else:
                    breaker.failed(asked, answer)
    breaker.decide()
    return stored


def _next(run: Run, model: ModelVersion, in_flight: set[tuple[int, int]]) -> list[Asked]:
    """As many as there is room for beside those in flight."""
    room = model.concurrency - len(in_flight)
    pairs = wanted(run, model, model.concurrency * 2) if room else []
    pairs = [pair for pair in pairs if pair not in in_flight][:room]
    requests = Request.objects.in_bulk([pk for pk, _ in pairs])
    return [Asked(requests[pk], sample) for pk, sample in pairs]


def _goes_on(run: Run, model: ModelVersion) -> bool:
    running = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING)
    return running.exists() and _as_asked(model).exists()


def _as_asked(model: ModelVersion) -> QuerySet[ModelVersion]:
    """The model version's row if it is still what was asked: it may change before its first
    output, and an answer to an older prompt is none of its."""
    shape = {name: getattr(model, name) for name in SHAPE}
    return ModelVersion.objects.filter(pk=model.pk, **shape)


def _ask(provider: Provider, call: Call) -> Reply | ProviderError:
    """In a thread: no database here."""
    try:
        reply = provider.ask(call)
    except ProviderError as error:
        return error
    if problem := values.problem_in(reply.value):
        return ProviderError(f"the answer cannot be stored: {problem[1]}", retryable=False)
    return reply


@transaction.atomic
def store(model: ModelVersion, request: Request, sample: int, reply: Reply) -> int:
    """Keeps an answer as the one output of (request, model, sample). Gives 1, or 0 if another
    was there first, or if the model version was changed while it was asked."""
    if not _as_asked(model).select_for_update(no_key=True).exists():
        return 0
    _, made = Output.objects.get_or_create(
        request=request,
        model=model,
        sample=sample,
        defaults={
            "text": reply.text,
            "value": reply.value,
            "digest": values.digest(reply.value),
            "latency_ms": reply.latency_ms,
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
            "cost_usd": cost_of(model, reply.input_tokens, reply.output_tokens),
        },
    )
    Attempt.objects.create(request=request, model=model, sample=sample, latency_ms=reply.latency_ms)
    return int(made)


@transaction.atomic
def fail(
    model: ModelVersion,
    request: Request,
    sample: int,
    error: ProviderError,
    since: datetime | None = None,
) -> int | None:
    """Keeps a failed call as an attempt, with when to try again; never as an output. Attempts
    before `since` do not count. Gives the attempt's id where it is the first that failed."""
    earlier = Attempt.objects.filter(
        request=request, model=model, sample=sample, uploaded=False
    ).exclude(error="")
    before = (earlier.filter(finished_at__gte=since) if since else earlier).count()
    pause_s = error.retry_after or min(60.0, 2.0**before) * random.uniform(0.75, 1.25)  # noqa: S311
    final = not error.retryable or before + 1 >= model.max_attempts
    attempt = Attempt.objects.create(
        request=request,
        model=model,
        sample=sample,
        error=str(error)[:2000] or "unknown error",
        latency_ms=error.latency_ms,
        final=final,
        retry_at=None if final else timezone.now() + timedelta(seconds=min(pause_s, 3600)),
    )
    return None if before else attempt.pk


def pause(run: Run, reason: str) -> None:
    Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
        state=Run.State.PAUSED, state_reason=reason[:1000]
    )


@contextmanager
def only_one(model: ModelVersion) -> Iterator[bool]:
    """Holds the lock under which a model is asked; False where another process has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, model.pk % 2**31])
        (alone,) = cursor.fetchone()
        try:
            yield bool(alone)
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, model.pk % 2**31])
