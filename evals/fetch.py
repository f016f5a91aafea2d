"""Asking models for the outputs that a run still wants.

What is wanted is read from rows (evals.wanted). One process asks one model at a time (a PostgreSQL
advisory lock that dies with it), with as many calls in flight as the model allows, as fast as its
address allows (evals.limits), for as much as the run may spend (evals.spending), until too many
fail in a row (evals.breaker). An output is stored once whatever dies: the database has one place
for it. Failures count in the run in which they happened: a later run asks again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from decimal import Decimal
from typing import NamedTuple

from django.db import connection, transaction

from evals import limits, spending, values
from evals.attempts import as_asked, pause_s, store_each
from evals.breaker import BREAKER, Breaker, pause
from evals.calls import ConfigurationError, call_of
from evals.ingest import cost_of
from evals.models import ModelVersion, Run
from evals.providers import PROVIDERS
from evals.providers.base import Call, Provider, ProviderError, Reply
from evals.providers.messages import MessageError
from evals.wanted import Asked, Backlog, wanted

__all__ = ["BREAKER", "fetch", "only_one", "pause", "wanted"]

LOCK_SPACE = 0x0C7E  # of our advisory locks
#: Longest time between two looks at whether the run still goes on.
LOOK_S = 0.25


def fetch(run: Run, model: ModelVersion, seconds: float = 10.0) -> int:
    """Asks `model` for what `run` wants until nothing is left to ask now, the run stops, or
    `seconds` have passed. Gives how many outputs were stored."""
    with only_one(model) as alone:
        if not alone:
            return 0
        spending.recover(model)
        run.refresh_from_db(fields=["broken", "resumed_at"])
        try:
            return _Asking(run, model, time.monotonic() + seconds).go()
        except ConfigurationError as error:
            pause(run, f"{model.name}: {error}", Run.PausedBy.CONFIGURATION)
            return 0


class _Out(NamedTuple):
    """A call in flight, and what is set aside for it."""

    asked: Asked
    estimate: Decimal


class _Asking:
    def __init__(self, run: Run, model: ModelVersion, until: float) -> None:
        self.run, self.model, self.until = run, model, until
        self.endpoint = limits.endpoint_of(model)
        self.breaker = Breaker(run, model)
        self.backlog = Backlog(run, model)
        self.calls: dict[Future[Reply | ProviderError], _Out] = {}
        self.stored = self.rests = 0
        self.resting = time.monotonic() + limits.resting_for(model)
        self.stopped = False

    def go(self) -> int:
        with ThreadPoolExecutor(self.model.concurrency, thread_name_prefix="ask") as pool:
            going, pause_s = True, 0.0
            while going or self.calls:
                going = going and self._goes_on()
                if going:
                    going, pause_s = self._start(pool)
                self._take(pause_s if going else 60.0)
        self.breaker.ended()
        return self.stored

    def _goes_on(self) -> bool:
        now = time.monotonic()
        if self.stopped or self.breaker.open or max(now, self.resting) >= self.until:
            return False
        running = Run.objects.filter(pk=self.run.pk, state=Run.State.RUNNING)
        return running.exists() and as_asked(self.model).exists()

    def _start(self, pool: Executor) -> tuple[bool, float]:
        """Starts what may be started now. Gives whether there is more to come, and in how many
        seconds to look again."""
        if (resting := self.resting - time.monotonic()) > 0:
            return True, resting
        limit = 1 if self.breaker.probing else self.model.concurrency
        in_flight = [out.asked.key for out in self.calls.values()]
        new = self.backlog.take(limit - len(self.calls), in_flight)
        if not new:
            return bool(self.calls), 60.0
        ready = [(asked, call) for asked in new if (call := self._call(asked))]
        if self.breaker.open:
            return False, 0.0
        tokens = [limits.tokens_of(self.model, call) for _, call in ready]
        granted, again = limits.grant(self.model, self.endpoint, tokens)
        estimates = [spending.most_of(self.model, call) for _, call in ready[:granted]]
        paid = granted
        if any(estimates):
            paid, again = self._reserve(estimates, again)
        for (asked, call), estimate in zip(ready[:paid], estimates, strict=False):
            future = pool.submit(_ask, PROVIDERS[self.model.provider], call)
            self.calls[future] = _Out(asked, estimate)
        self.backlog.put_back(asked for asked, _ in ready[paid:])
        return not self.stopped, again if paid < len(ready) else 60.0

    def _call(self, asked: Asked) -> Call | None:
        try:
            return call_of(self.model, asked.request, asked.sample)
        except MessageError as error:
            self.breaker.failed(asked, ProviderError(str(error), retryable=False))
            return None

    def _reserve(self, estimates: list[Decimal], again: float) -> tuple[int, float]:
        """How many of the calls the run can pay for; where the next could pass its cap even when
        all in flight turn out to be free, the run pauses."""
        reserved = spending.reserve(self.run, self.model, estimates)
        if reserved.calls == len(estimates):
            return reserved.calls, again
        following = estimates[reserved.calls]
        if not reserved.calls and reserved.is_passed_by(following):
            self.stopped = True
            pause(
                self.run,
                f"the spending cap of US$ {reserved.cap:.4f} could be passed by the next call: "
                f"US$ {reserved.spent:.4f} spent, and one more call to {self.model.name} can cost "
                f"up to US$ {following:.4f}. Raise the cap to go on",
                Run.PausedBy.CAP,
            )
        return reserved.calls, LOOK_S

    def _take(self, seconds: float) -> None:
        """Waits for answers, and keeps those that came."""
        if not self.calls:
            time.sleep(max(0.0, min(seconds, LOOK_S)) if seconds < 60 else 0.0)
            return
        timeout = max(0.01, min(seconds, LOOK_S)) if seconds < 60 else None
        done = wait(self.calls, timeout, FIRST_COMPLETED).done
        came = [(self.calls.pop(future), future.result()) for future in done]
        replies = [(out, answer) for out, answer in came if isinstance(answer, Reply)]
        errors = [(out, answer) for out, answer in came if isinstance(answer, ProviderError)]
        with transaction.atomic():
            if replies:
                stored, refused = store_each(self.model, [(out.asked, r) for out, r in replies])
                self.stored += stored
                unkept = {asked.key: error for asked, error in refused}
                errors += [(o, unkept[o.asked.key]) for o, _ in replies if o.asked.key in unkept]
                self.breaker.answered()
                self.rests = 0
            spending.spend(
                self.run,
                self.model,
                sum((out.estimate for out, _ in came), spending.NOTHING),
                sum((self._cost(out, answer) for out, answer in came), spending.NOTHING),
            )
        for out, error in errors:
            self.breaker.failed(out.asked, error)
            self._rest(error)

    def _cost(self, out: _Out, answer: Reply | ProviderError) -> Decimal:
        """What the call has cost; the estimate where the server may have answered and did not say
        how much."""
        if not out.estimate:
            return spending.NOTHING
        if isinstance(answer, ProviderError):
            return out.estimate if answer.charged else spending.NOTHING
        cost = cost_of(self.model, answer.input_tokens, answer.output_tokens)
        return out.estimate if cost is None else cost

    def _rest(self, error: ProviderError) -> None:
        """Asks nothing more for as long as the server asked, whichever request it said it to."""
        now = time.monotonic()
        if now < self.resting or not (error.throttled or error.retry_after):
            return
        seconds = pause_s(error, self.rests)
        self.rests += 1
        self.resting = now + seconds
        limits.rest(self.endpoint, seconds)


def _ask(provider: Provider, call: Call) -> Reply | ProviderError:
    """In a thread: no database here."""
    try:
        reply = provider.ask(call)
    except ProviderError as error:
        return error
    if problem := values.problem_in(reply.value):
        reason = f"the answer cannot be stored: {problem[1]}"
        return ProviderError(reason, retryable=False, charged=True)
    return reply


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
