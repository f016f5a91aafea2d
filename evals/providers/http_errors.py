"""What a server that did not answer with 200 meant by it."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from evals.providers.base import ProviderError
from evals.values import loads

_LONGEST_EXCERPT = 300
# A server may ask for a long pause, not for the end of a run.
_LONGEST_PAUSE_S = 3600.0
_RETRYABLE = {408, 409, 425, 429}
_FINAL_CODES = {"insufficient_quota"}
# A key that is refused, an address or a model that is not there: no request's own fault.
_NOT_THE_REQUESTS = {401, 403, 404, 405, 407}


def error_of_status(
    status: int, headers: Mapping[str, str], body: bytes, said: str | None = None
) -> ProviderError:
    """The error for an HTTP status that is not 200; `said` where the caller knows what it says."""
    read, code = _read(body)
    said = read if said is None else excerpt(said)
    if 300 <= status < 400:
        message = f"HTTP {status}: redirects are not followed; set base_url to the final address"
        return ProviderError(message, retryable=False, servers=True)
    retryable = (status in _RETRYABLE or status >= 500) and code not in _FINAL_CODES
    message = f"HTTP {status}: {said}" if said else f"HTTP {status} from upstream"
    return ProviderError(
        message,
        retryable=retryable,
        retry_after=retry_after(headers) if retryable else None,
        servers=retryable or status in _NOT_THE_REQUESTS or code in _FINAL_CODES,
        throttled=retryable and status == 429,
    )


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds of pause that the server asks for (a number or a date), at most an hour."""
    asked = headers.get("Retry-After", "").strip()
    try:
        seconds = float(asked)
    except ValueError:
        try:
            until = parsedate_to_datetime(asked)
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            seconds = (until - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, OverflowError, TypeError):
            return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_PAUSE_S)


def excerpt(text: str | bytes) -> str:
    """The beginning of what a server said, on one line and without control characters."""
    start = text[: 20 * _LONGEST_EXCERPT]
    shown = start.decode(errors="replace") if isinstance(start, bytes) else start
    shown = " ".join("".join(c if c.isprintable() else " " for c in shown).split())
    return shown if len(shown) <= _LONGEST_EXCERPT else shown[: _LONGEST_EXCERPT - 1] + "…"


def _read(body: bytes) -> tuple[str, object]:
    """(message, code) of an error body, whatever it is."""
    try:
        value = loads(body)
    except ValueError:
        return excerpt(body), None
    error = value.get("error") if isinstance(value, dict) else None
    if isinstance(error, dict):
        message = error.get("message")
        return excerpt(message if isinstance(message, str) else body), error.get("code")
    return excerpt(error if isinstance(error, str) else body), None
