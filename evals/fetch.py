"""Asking models for the outputs that a run still wants.

What is wanted is read from rows: a comparison without an outcome whose side has no output, no
final failure and no later time to be tried again. One process asks one model at a time (a
PostgreSQL advisory lock that dies with it), with as many calls in flight as the model allows.
An output is stored once whatever dies: the database has one place for it.
"""

from __future__ import annotations

import os
import random
import re
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from evals import values
from evals.ingest import cost_of
from evals.models import Attempt, ModelVersion, Output, Request, Run
from evals.providers import PROVIDERS
from evals.providers.base import Call, Provider, ProviderError, Reply
from evals.providers.messages import MessageError, build_messages, build_tools, check_template

#: Failures in a row after which a run pauses and says why, rather than use up every attempt.
BREAKER = 10
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
                  AND (a.final OR a.retry_at > now()))
ORDER BY w.sample, c.id LIMIT %(limit)s
"""


class ConfigurationError(Exception):
    """A model version cannot be asked as it is configured; no attempt was made."""


def wanted(run: Run, model: ModelVersion, limit: int) -> list[tuple[int, int]]:
    """(request id, sample) pairs that `model` should be asked for now."""
    with connection.cursor() as cursor:
        cursor.execute(
            _WANTED,
            {
                "run": run.pk,
                "model": model.pk,
                "noise": model.pk == run.baseline_id,
                "limit": limit,
            },
        )
        return cursor.fetchall()


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


@dataclass
class Asked:
    request: Request
    sample: int


def _fetch(run: Run, model: ModelVersion, until: float) -> int:
    stored = failures = 0
    calls: dict[Future[Reply | ProviderError], Asked] = {}
    provider = PROVIDERS[model.provider]
    with ThreadPoolExecutor(model.concurrency, thread_name_prefix="ask") as pool:
        going = True
        while going or calls:
            room = model.concurrency - len(calls)
            if going and room:
                going = time.monotonic() < until and Run.objects.filter(
                    pk=run.pk, state=Run.State.RUNNING
                ).exists()
                in_flight = {(one.request.pk, one.sample) for one in calls.values()}
                pairs = wanted(run, model, model.concurrency * 2) if going else []
                pairs = [pair for pair in pairs if pair not in in_flight][:room]
                going = going and bool(pairs or calls)
                requests = Request.objects.in_bulk([pk for pk, _ in pairs])
                for pk, sample in pairs:
                    try:
                        call = call_of(model, requests[pk])
                    except MessageError as error:
                        fail(model, requests[pk], sample, ProviderError(str(error), retryable=False))
                        continue
                    calls[pool.submit(_ask, provider, call)] = Asked(requests[pk], sample)
            if not calls:
                continue
            done, _ = wait(calls, return_when=FIRST_COMPLETED)
            for future in done:
                asked, answer = calls.pop(future), future.result()
                if isinstance(answer, Reply):
                    stored += store(model, asked.request, asked.sample, answer)
                    failures = 0
                    continue
                fail(model, asked.request, asked.sample, answer)
                failures += answer.retryable
                if failures >= BREAKER and going:
                    going = False
                    pause(run, f"{model.name} failed {failures} times in a row: {answer}")
    return stored


def _ask(provider: Provider, call: Call) -> Reply | ProviderError:
    """In a thread: no database here."""
    try:
        reply = provider.ask(call)
    except ProviderError as error:
        return error
    if problem := values.problem_in(reply.value):
        return ProviderError(f"the answer cannot be stored: {problem[1]}", retryable=False)
    return reply


def call_of(model: ModelVersion, request: Request) -> Call:
    """The call that asks `model` for an answer to `request`. Raises ConfigurationError where the
    model cannot be asked at all, MessageError where it cannot be asked this."""
    return Call(
        model=model.upstream_model,
        messages=build_messages(request.input, model.system, model.prompt),
        tools=build_tools(request.input),
        parameters=model.parameters,
        base_url=from_environment(model.base_url),
        api_key=from_environment(f"${model.api_key_env}") if model.api_key_env else "",
        timeout_s=model.timeout_s,
    )


def check_prompt(model: ModelVersion) -> None:
    """Raises ValidationError where the prompt template cannot be rendered."""
    try:
        check_template(model.prompt)
    except MessageError as error:
        raise ValidationError({"prompt": str(error)}) from error


def from_environment(value: str) -> str:
    """`$NAME` is the variable's value; anything else is itself."""
    name = re.fullmatch(r"\$([A-Za-z_][A-Za-z0-9_]*)", value)
    if not name:
        return value
    if not (found := os.environ.get(name[1], "")):
        raise ConfigurationError(
            f"the environment variable {name[1]} is not set where the workers run; "
            "set it, restart the workers and resume the run"
        )
    return found


@transaction.atomic
def store(model: ModelVersion, request: Request, sample: int, reply: Reply) -> int:
    """Keeps an answer as the one output of (request, model, sample). Gives 1, or 0 if another
    was there first."""
    made = Output.objects.bulk_create(
        [
            Output(
                request=request,
                model=model,
                sample=sample,
                text=reply.text,
                value=reply.value,
                digest=values.digest(reply.value),
                latency_ms=reply.latency_ms,
                input_tokens=reply.input_tokens,
                output_tokens=reply.output_tokens,
                cost_usd=cost_of(model, reply.input_tokens, reply.output_tokens),
            )
        ],
        ignore_conflicts=True,
    )
    Attempt.objects.create(
        request=request, model=model, sample=sample, latency_ms=reply.latency_ms
    )
    return len(made)


@transaction.atomic
def fail(model: ModelVersion, request: Request, sample: int, error: ProviderError) -> None:
    """Keeps a failed call as an attempt, with when to try again; never as an output."""
    before = Attempt.objects.filter(
        request=request, model=model, sample=sample, uploaded=False
    ).exclude(error="").count()
    pause_s = error.retry_after or min(60.0, 2.0**before) * random.uniform(0.75, 1.25)  # noqa: S311
    final = not error.retryable or before + 1 >= model.max_attempts
    Attempt.objects.create(
        request=request,
        model=model,
        sample=sample,
        error=str(error)[:2000] or "unknown error",
        latency_ms=error.latency_ms,
        final=final,
        retry_at=None if final else timezone.now() + timedelta(seconds=min(pause_s, 3600)),
    )


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
