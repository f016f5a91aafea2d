"""What tests of pages ask for: who may see and who may send, in one line each."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evals.models import EvalSetVersion, Project
from evals.records import decode_lines
from reviewapp import workers
from reviewapp.actions import evalsets
from reviewapp.models import User
from tests.reviewapp.conftest import as_lines

SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _a_worker_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "alive", lambda: True)


@pytest.fixture
def closed(as_user: SignIn, charlie: User) -> Callable[..., None]:
    """An outsider gets 404, who is not signed in the sign-in page."""

    def check(address: str, method: str = "get") -> None:
        assert getattr(as_user(charlie), method)(address).status_code == 404
        answer = getattr(Client(), method)(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")

    return check


@pytest.fixture
def queries() -> Callable[..., int]:
    def count(client: Client, address: str, **headers: Any) -> int:
        with CaptureQueriesContext(connection) as context:
            assert client.get(address, **headers).status_code == 200
        return len(context)

    return count


def gold(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"gold-{i}", "input": f"message {i}", "expected": "billing"} for i in range(count)
    ]


@pytest.fixture
def version(project: Project, olga: User) -> EvalSetVersion:
    """Three examples, sealed."""
    lines = decode_lines([as_lines(gold(3))])
    return evalsets.create(project=project, name="gold", lines=lines, file="gold.jsonl", by=olga)
