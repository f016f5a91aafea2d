"""Clients of the API: by token, with JSON in and out."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from evals.models import Project
from reviewapp.actions import tokens
from reviewapp.models import User

HERE = "/api/v1/projects/support/"


class Api:
    """Talks to one project's addresses as a user, by token."""

    def __init__(self, secret: str, base: str = HERE) -> None:
        self.client = Client(headers={"authorization": f"Bearer {secret}"})
        self.base = base

    def _send(self, verb: str, path: str, body: Any = None, **more: Any) -> HttpResponse:
        url = path if path.startswith("/") else self.base + path
        if body is not None:
            more |= {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(self.client, verb)(url, **more)

    def get(self, path: str, **more: Any) -> HttpResponse:
        return self._send("get", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> HttpResponse:
        return self._send("post", path, body, **more)

    def put(self, path: str, body: Any) -> HttpResponse:
        return self._send("put", path, body)

    def patch(self, path: str, body: Any) -> HttpResponse:
        return self._send("patch", path, body)

    def delete(self, path: str) -> HttpResponse:
        return self._send("delete", path)

    def lines(self, path: str, body: bytes, **more: Any) -> HttpResponse:
        more.setdefault("content_type", "application/x-ndjson")
        return self._send("post", path, data=body, **more)


@pytest.fixture
def api(project: Project) -> Callable[[User], Api]:
    """`api(alice).get("runs/")`. Charlie's token is for this project too, which he has left."""

    def of(user: User) -> Api:
        return Api(tokens.make(project=project, name="test", by=user)[1])

    return of
