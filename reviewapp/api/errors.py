"""Every error as JSON of one shape: what is wrong, where, and what to do. Never a traceback.

{"error": {"code": "invalid", "what": "…", "where": "sides", "do": "…",
           "problems": [{"where": "sides", "what": "…"}]}}
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.core import exceptions as django
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as rest
from rest_framework.response import Response

from evals.comparators.config import ConfigError
from evals.evalsets import EvalSetError
from reviewapp.actions.evalsets import NothingToAdd
from reviewapp.actions.members import LastOwner
from reviewapp.actions.models import Frozen
from reviewapp.actions.promotions import AlreadyDecided
from reviewapp.actions.reports import ComparedAgain, PartsMissing
from reviewapp.actions.reviews import SlotLost, Undone
from reviewapp.actions.runs import RunError
from reviewapp.actions.undo import TooLate
from reviewapp.desk.judgement import JudgementError
from reviewapp.imports import Unconfirmed
from taxonomy.interchange import TaxonomyError

log = logging.getLogger(__name__)

#: Problems that one answer lists.
LISTED = 100

Problems = Sequence[tuple[str, str]]


class Conflict(rest.APIException):
    status_code = 409
    default_code = "conflict"


class NotReady(rest.APIException):
    """What was asked for is being computed; ask again after `wait` seconds."""

    status_code = 404
    default_code = "not_ready"
    wait = 3


class BadBody(rest.APIException):
    """The body cannot be read: cut off, not what its headers say, or empty."""

    status_code = 400
    default_code = "bad_body"


@dataclass(frozen=True)
class Told:
    """What an error says to whoever asked. Each problem is (where, what)."""

    status: int
    code: str
    what: str
    do: str = "Correct the request and send it again."
    problems: Problems = ()
    more: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The answer's body."""
        listed = [{"where": where, "what": what} for where, what in self.problems[:LISTED]]
        error = {
            "code": self.code,
            "what": self.what,
            "where": listed[0]["where"] if listed else None,
            "do": self.do,
            "problems": listed,
            **self.more,
        }
        return {"error": error}


def handle(error: Exception, context: dict[str, Any]) -> Response:
    """The answer to an error that a view raised (DRF's EXCEPTION_HANDLER)."""
    told = tell(error)
    return Response(told.as_dict(), status=told.status, headers=told.headers)


def tell(error: Exception) -> Told:
    if isinstance(error, rest.APIException):
        return _rest(error)
    for kind, status, code, do in _KINDS:
        if isinstance(error, kind):
            problems = list(_problems(error))
            return Told(status, code, _what(error, problems), do, problems)
    return _database(error) or _unexpected(error)


_CORRECT = "Correct what is named here and send it again."
_LOOK = "Read the present state and decide again; nothing was changed."
_KINDS: tuple[tuple[type[Exception], int, str, str], ...] = (
    (Http404, 404, "not_found", "Check the address; a project is visible to its members only."),
    (django.PermissionDenied, 403, "forbidden", "Ask for a role that allows it."),
    (django.ValidationError, 400, "invalid", _CORRECT),
    (ConfigError, 400, "invalid", _CORRECT),
    (EvalSetError, 400, "invalid", "Correct these lines and send all lines again."),
    (JudgementError, 400, "invalid", _CORRECT),
    (TaxonomyError, 400, "invalid", _CORRECT),
    (RunError, 400, "run", _LOOK),
    (NothingToAdd, 409, "nothing_to_add", "Resolve items of the run first."),
    (Frozen, 409, "frozen", "Define a new model version; limits and benchmarks may change."),
    (Unconfirmed, 409, "unconfirmed", "Map it otherwise, or send it again with confirm=true."),
    (LastOwner, 409, "last_owner", _LOOK),
    (AlreadyDecided, 409, "already_decided", _LOOK),
    (ComparedAgain, 409, "compared_again", "Send it again when that is done."),
    (PartsMissing, 409, "parts_missing", "Send it again in a minute."),
    (Undone, 409, "undone", "Claim the item and send it with a new submission."),
    (TooLate, 409, "too_late", "Revise it on the page of its item."),
    (SlotLost, 409, "slot_lost", "Claim the next item; what was sent is kept as your draft."),
    (django.RequestDataTooBig, 413, "too_large", "Send less at once, or use an NDJSON address."),
    (UnreadablePostError, 400, "bad_body", "Send it again: lines that were stored stay the same."),
    (django.SuspiciousOperation, 400, "bad_request", _CORRECT),
    (RecursionError, 400, "too_deep", "Nest less deeply."),
)
_WORDS: dict[type[Exception], str] = {
    django.SuspiciousOperation: "The request cannot be taken as it is.",
    UnreadablePostError: "The connection broke while the body was being read.",
    RecursionError: "The JSON is nested too deeply.",
}


def _what(error: Exception, problems: Problems) -> str:
    """One sentence: that of the error itself, unless it is a list of problems."""
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        where, what = problems[0]
        return f"{where}: {what}{more}" if where else f"{what}{more}"
    return str(error) or "There is nothing at this address."


def _problems(error: Exception) -> Iterator[tuple[str, str]]:
    if isinstance(error, ConfigError):
        yield from error.problems
    elif isinstance(error, JudgementError):
        yield from error.problems.items()
    elif isinstance(error, Unconfirmed):
        yield from ((", ".join(one.old), one.sentence) for one in error.plan.warnings)
    elif isinstance(error, EvalSetError):
        yield from ((f"line {one.line}, {one.path}", one.reason) for one in error.problems)
    elif isinstance(error, TaxonomyError):
        for one in error.problems:
            line = [f"line {one.line}"] if one.line else []
            yield ", ".join([*line, *([one.path] if one.path else [])]), one.message
    elif isinstance(error, django.ValidationError):
        if hasattr(error, "error_dict"):
            for name, messages in error.message_dict.items():
                yield from ((name.replace("__all__", ""), message) for message in messages)
        else:
            yield from (("", message) for message in error.messages)


_DO = {
    401: "Send `Authorization: Bearer cc_…` with a token made in the project's settings.",
    403: "Sign in again, and send the page's CSRF token as X-CSRFToken.",
    404: "Ask again in a few seconds.",
    405: "See /api/schema/ for what each address takes.",
    406: "Ask for application/json.",
    415: "Send application/json, or what /api/schema/ names for this address.",
}


def _rest(error: rest.APIException) -> Told:
    status = error.status_code
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, NotReady):
        headers["Retry-After"] = str(error.wait)
    if isinstance(error, rest.ValidationError):
        problems = list(_flat(error.detail))
        return Told(status, "invalid", _what(error, problems), _CORRECT, problems)
    code = str(getattr(error.detail, "code", error.default_code))
    return Told(status, code, str(error.detail), _DO.get(status, _CORRECT), headers=headers)


def _flat(detail: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """DRF's nested errors as (path, message): parameters.temperature, findings[0].side."""
    if isinstance(detail, dict):
        for key, inner in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            yield from _flat(inner, f"{at}.{name}" if at and name else at or name)
    elif isinstance(detail, list):
        for i, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _flat(inner, f"{at}[{i}]" if nested else at)
    else:
        yield at, str(detail)


def _database(error: Exception) -> Told | None:
    """What the database refused. Its own words hold rows, so they are not passed on."""
    if isinstance(error, IntegrityError):
        log.info("refused by the database: %s", error)
        what = "This conflicts with something that is stored already."
        return Told(409, "conflict", what, _LOOK)
    if isinstance(error, DataError):
        return Told(400, "invalid", "A value cannot be stored: it is too long, or no text.")
    if isinstance(error, OperationalError | InterfaceError):
        log.error("the database cannot be reached: %s", error)
        what = "The database cannot be reached at the moment."
        later = {"Retry-After": "5"}
        return Told(503, "unavailable", what, "Send it again in a moment.", headers=later)
    return None


def _unexpected(error: Exception) -> Told:
    number = uuid4().hex[:12]
    log.error("unexpected error %s", number, exc_info=error)
    return Told(
        500,
        "unexpected",
        "Something went wrong here that should not have.",
        f"Send it again; if it stays, tell the operator: the log has it under {number}.",
        more={"id": number},
    )
