"""Pages for what cannot be shown: what is wrong and what to do."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    context = {"title": "Not for your role", "what": str(exception or "")}
    return render(request, "error.html", context, status=403)


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    words = exception.args[0] if exception and exception.args else ""
    what = words if isinstance(words, str) else ""
    context = {"title": "Nothing here", "what": what or "There is no page at this address."}
    return render(request, "error.html", context, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)
