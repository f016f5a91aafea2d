"""When failures are not the requests' fault: a run pauses and says why, rather than use up every
attempt on an address that answers nobody, a key that is refused, a prompt that fits no request.

It opens at BREAKER failures in a row, counted over all workers from rows. With fewer requests left
than that it opens as well: a failure of the server's that would be final waits for a proof that
the server lives, another answer, and without one the run pauses instead of giving the request up.
Once resumed, the run asks one call at a time until the model answers (half open).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from evals.attempts import THROTTLED, Failed, fail
from evals.models import Attempt, ModelVersion, Run
from evals.providers.base import ProviderError
from evals.wanted import Asked

#: Failures in a row at which a run pauses.
BREAKER = 10
#: After how many fruitless resumptions a request is given up although nothing else has answered:
#: or one bad request could hold up a run for ever.
PATIENCE = 2


def pause(run: Run, reason: str, by: Run.PausedBy, broken: ModelVersion | None = None) -> None:
    Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
        state=Run.State.PAUSED, state_reason=reason[:1000], paused_by=by, broken=broken
    )


class Breaker:
    """`failed`, `answered`, and `ended` once nothing is in flight any more."""

    def __init__(self, run: Run, model: ModelVersion) -> None:
        self.run, self.model = run, model
        self.open = False
        self.probing = run.broken_id == model.pk
        self.count = _failures_in_a_row(run, model)
        # Attempts that would be final, held back until it is known whose fault they are.
        self.held: dict[int, ProviderError] = {}

    @transaction.atomic
    def failed(self, asked: Asked, error: ProviderError) -> None:
        outcome = fail(self.model, asked.request, asked.sample, error, self.run.started_at)
        if error.throttled:
            return
        self.count += 1
        held = outcome.final and self._is_held(asked, outcome, error)
        if held:
            # Should this process die undecided, it is asked again then.
            later = timezone.now() + timedelta(minutes=10)
            Attempt.objects.filter(pk=outcome.attempt).update(final=False, retry_at=later)
            self.held[outcome.attempt] = error
        if self.count >= BREAKER:
            self._open(f"failed {self.count} times in a row", error)
        elif self.probing and error.servers and (held or not outcome.final):
            self._open("does not answer yet", error)

    def answered(self) -> None:
        """The model lives: what failed, failed by itself."""
        self._decide(final=True)
        self.count = 0
        if self.probing:
            self.probing = False
            Run.objects.filter(pk=self.run.pk, broken=self.model).update(broken=None)

    def ended(self) -> None:
        """No call is left that could answer."""
        servers = [error for error in self.held.values() if error.servers]
        if servers:
            self._open("has not answered since", servers[-1])
        self._decide(final=not self.open)

    def _is_held(self, asked: Asked, outcome: Failed, error: ProviderError) -> bool:
        if not error.servers:
            return outcome.failures == 1
        if outcome.failures >= PATIENCE + (self.model.max_attempts if error.retryable else 1):
            return False
        first = Attempt.objects.filter(
            request=asked.request,
            model=self.model,
            sample=asked.sample,
            finished_at__gte=self.run.started_at,
        ).order_by("finished_at")[:1]
        lived = _answers(self.model).filter(finished_at__gt=first.values("finished_at"))
        return outcome.failures == 1 or not lived.exists()

    def _decide(self, final: bool) -> None:
        if self.held:
            Attempt.objects.filter(pk__in=self.held).update(final=final, retry_at=None)
        self.held = {}

    def _open(self, what: str, error: ProviderError) -> None:
        if not self.open:
            self.open = True
            reason = f"{self.model.name} {what}: {error}"
            pause(self.run, reason, Run.PausedBy.FAILURES, self.model)


def _answers(model: ModelVersion) -> QuerySet[Attempt]:
    return Attempt.objects.filter(model=model, uploaded=False, error="")


def _failures_in_a_row(run: Run, model: ModelVersion) -> int:
    """Failures of the model since it last answered, since the run began, and since it was last
    resumed; BREAKER at most."""
    last = _answers(model).aggregate(last=Max("finished_at"))["last"]
    since = max(moment for moment in (last, run.started_at, run.resumed_at) if moment)
    failures = Attempt.objects.filter(model=model, uploaded=False, finished_at__gt=since)
    failures = failures.exclude(error="").exclude(error__startswith=THROTTLED)
    return failures[:BREAKER].count()
