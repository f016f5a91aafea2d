"""How fast an address may be asked, over all workers and all model versions that share it.

A version's limits (requests and tokens a minute) are applied to its address with its key: calls of
all versions that have both in common count together, since that is what providers count. What is
free when is kept in rows (a generic cell rate algorithm): a worker's death or an emptied broker
changes nothing. How many calls are in flight at once is a version's own (evals.fetch).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from evals.models import Endpoint, ModelVersion
from evals.providers.base import Call
from evals.values import source_of

#: What may go out at once after a silence, in seconds of the limit. So that no minute holds more
#: than the limit all the same, the rate is that much lower.
BURST_S = 1.0
MINUTE_S = 60.05 + BURST_S
#: Tokens that an answer is counted with where the parameters do not bound it.
UNBOUNDED = 8192
_BOUNDS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens")


def endpoint_of(model: ModelVersion) -> Endpoint:
    """The row of the model's address with its key; made where there is none."""
    return Endpoint.objects.get_or_create(digest=_digest(model))[0]


def _digest(model: ModelVersion) -> str:
    headers = model.options.get("headers", {})
    named = [model.provider, model.base_url, model.api_key_env, json.dumps(headers, sort_keys=True)]
    return hashlib.sha256("\x1f".join(named).encode()).hexdigest()


def longest_answer(model: ModelVersion) -> int:
    """Tokens that an answer can have by the version's parameters; UNBOUNDED where they set none."""
    bounds = [model.parameters.get(name) for name in _BOUNDS]
    found = [bound for bound in bounds if isinstance(bound, int) and bound > 0]
    return min(found) if found else UNBOUNDED


def bytes_sent(call: Call) -> int:
    """Never fewer than the tokens of the input: no tokenizer makes two of one byte."""
    sent = [call.input, call.prompt, call.system] if call.options else list(call.messages)
    return len(source_of([sent, call.tools, call.served]).encode()) + 32 * len(call.messages)


def tokens_of(model: ModelVersion, call: Call) -> int:
    """A guess at the tokens of a call as providers count them for limits: four bytes are one, and
    the longest answer counts whole."""
    return bytes_sent(call) // 4 + longest_answer(model)


@transaction.atomic
def grant(model: ModelVersion, endpoint: Endpoint, tokens: Sequence[int]) -> tuple[int, float]:
    """How many of the next calls may be made now (`tokens` each), and in how many seconds another
    look is worth while."""
    if model.requests_per_minute is None and model.tokens_per_minute is None:
        return len(tokens), 0.0
    row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
    now = _now()
    full = now - timedelta(seconds=BURST_S)
    calls_free = max(row.calls_free_at or full, full)
    tokens_free = max(row.tokens_free_at or full, full)
    granted = 0
    for count in tokens:
        if max(calls_free, tokens_free) > now:
            break
        granted += 1
        if model.requests_per_minute:
            calls_free += timedelta(seconds=MINUTE_S / model.requests_per_minute)
        if model.tokens_per_minute:
            tokens_free += timedelta(seconds=MINUTE_S * count / model.tokens_per_minute)
    row.calls_free_at, row.tokens_free_at = calls_free, tokens_free
    row.save(update_fields=["calls_free_at", "tokens_free_at"])
    return granted, max(0.0, (max(calls_free, tokens_free) - now).total_seconds())


def rest(endpoint: Endpoint, seconds: float) -> None:
    """Nobody asks at this address for so long: its server asked for that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE evals_endpoint SET resting_until = greatest(resting_until, "
            "clock_timestamp() + %s * interval '1 second') WHERE id = %s",
            [seconds, endpoint.pk],
        )


def resting_for(model: ModelVersion) -> float:
    """Seconds that the model's address rests from now on."""
    found = Endpoint.objects.filter(digest=_digest(model), resting_until__isnull=False)
    until = found.values_list("resting_until", flat=True).first()
    return max(0.0, (until - timezone.now()).total_seconds()) if until else 0.0


def _now() -> datetime:
    """The database's clock, which all workers share; also inside a transaction it goes on."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
