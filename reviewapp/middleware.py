"""What the whole site does with a request that no view can use."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


class Unstorable:
    """Answers 400 where a view was given what PostgreSQL can neither keep nor look for, such as
    a NUL character, in an address, a field or a cookie. The API has errors of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        # The page says nothing of who asks: the cookie may be what cannot be read.
        return render(None, "400.html", status=400) if isinstance(error, DataError) else None


class SamePerson:
    """Answers 403 to a page of somebody who is not signed in any more, where somebody else is by
    now in the same browser: what was judged, typed or asked for there is not theirs. The desk's
    script says whose page it is in `X-Person`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        person = request.headers.get("X-Person")
        if person and request.user.is_authenticated and person != str(request.user.pk):
            said = "This page is of somebody who is not signed in any more; somebody else is."
            return HttpResponse(said, "text/plain", 403, headers={"X-Person": "other"})
        return self.get_response(request)


#: What is read of a body that nobody wants any more, and for how long.
_READ_ON, _READ_ON_SECONDS = 64 * 1024 * 1024, 10


class ReadOn:
    """Reads a body on where the answer is an error: a server that closes a connection on which
    something still comes makes the sender see a broken pipe in place of the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Only where the server itself knows where the body ends.
        if response.status_code >= 400 and request.META.get("wsgi.input_terminated"):
            _read_on(request.META["wsgi.input"].read)
        return response


def _read_on(read: Callable[[int], bytes]) -> None:
    seen, until = 0, time.monotonic() + _READ_ON_SECONDS
    try:
        while seen < _READ_ON and time.monotonic() < until and (data := read(64 * 1024)):
            seen += len(data)
    except Exception:  # the sender is gone, or what it sends is no body
        return
