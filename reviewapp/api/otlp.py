"""OTLP/HTTP: POST /v1/traces, as the exporters of OpenTelemetry send it.

Answers are those of the OTLP specification, in the encoding of the request: an
ExportTraceServiceResponse, with a partial success where spans were rejected, or a
google.rpc.Status. 200 is sent once everything is committed. 503 with Retry-After is the one answer
after which the same export may succeed.
"""

from __future__ import annotations

from contextlib import ExitStack
from threading import BoundedSemaphore

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as rest
from rest_framework.request import Request

from evals.otlp import json_body, protobuf
from evals.otlp.answers import JSON, PROTOBUF, exported, refused
from evals.otlp.intake import take
from evals.otlp.spans import TooMuch, Undecodable
from evals.otlp.tracing import Tracing
from reviewapp import seen_spans
from reviewapp.access import Access, Action
from reviewapp.actions.runs import advance
from reviewapp.api.auth import TokenAuthentication, enter
from reviewapp.api.bodies import LIMIT, pieces
from reviewapp.api.errors import BadBody, Told, tell
from reviewapp.models import ApiToken

_READERS = {PROTOBUF: protobuf.spans, JSON: json_body.spans}
#: Bodies over this are taken one at a time, so that many of them at once do not fill the memory.
_BIG = 4 * 1024 * 1024
_WAIT = 20.0
_room = BoundedSemaphore(1)


class _TooLarge(rest.APIException):
    status_code = 413
    default_code = "too_large"


class _Busy(rest.APIException):
    status_code = 503
    default_code = "busy"


@csrf_exempt  # a token is all that is looked at, no cookie
def traces(http: HttpRequest) -> HttpResponse:
    kind = http.content_type or ""
    try:
        return _export(http, kind)
    except Exception as error:
        told = tell(error)
        headers = dict(told.headers)
        if told.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="Crosscheck"'
        elif told.status == 405:
            headers["Allow"] = "POST"
        elif told.status == 503:
            headers.setdefault("Retry-After", "2")
        kind = kind if kind in _READERS else JSON
        body = refused(kind, told.status, _words(told))
        return HttpResponse(body, status=told.status, content_type=kind, headers=headers)


def _export(http: HttpRequest, kind: str) -> HttpResponse:
    if http.method != "POST":
        raise rest.MethodNotAllowed(http.method or "", "Spans are sent with POST.")
    request = Request(http, authenticators=[TokenAuthentication()])
    access = _enter(request)
    if kind not in _READERS:
        raise rest.UnsupportedMediaType(kind, f"Send {PROTOBUF} or {JSON}, not {kind!r}.")
    with ExitStack() as held:
        try:
            spans = _READERS[kind](_body(request, held), LIMIT)
        except Undecodable as error:
            raise BadBody(f"The body is no export request: {error}.") from None
        except TooMuch as error:
            raise _TooLarge(f"The body holds too much: {error}.") from None
        taken = take(access.project, Tracing.parse(access.project.tracing), spans)
    if taken.stored:
        advance(project=access.project)
    seen_spans.note(access.project, taken)
    answer = exported(kind, taken.rejected, taken.message())
    return HttpResponse(answer, content_type=kind)


def _enter(request: Request) -> Access:
    """Access to the project that the token is for."""
    if not isinstance(request.auth, ApiToken):
        raise rest.NotAuthenticated("Spans need a token: it says which project they belong to.")
    return enter(request, request.auth.project.slug, Action.INGEST)


def _body(request: Request, held: ExitStack) -> bytearray:
    """The whole body, unpacked. One that is big holds the room until its spans are stored."""
    body, most = bytearray(), settings.MAX_EXPORT_BYTES
    big = False
    for piece in pieces(request):
        body += piece
        if len(body) > most:
            raise _TooLarge(f"The export is larger than {most} bytes: send smaller batches.")
        if len(body) > _BIG and not big:
            big = _room.acquire(timeout=_WAIT)
            if not big:
                raise _Busy("Another large export is being stored.")
            held.callback(_room.release)
    return body


#: What to do, where the sentence of the API does not fit or has said it.
_DO = {413: "", 415: "", 503: "Send it again in a moment."}


def _words(told: Told) -> str:
    return f"{told.what} {_DO.get(told.status, told.do)}".strip()
