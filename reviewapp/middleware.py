"""What the whole site does with a request that no view can use."""

from __future__ import annotations

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
