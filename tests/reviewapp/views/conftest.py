"""What tests of pages ask for: who may see and who may send, in one line each."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from evals.models import EvalSetVersion, Project, Run
from evals.records import decode_lines
from reviewapp import workers
from reviewapp.actions import evalsets
from reviewapp.models import Finding, Rater, ReviewItem, User
from tests.reviewapp.conftest import as_lines
from tests.reviewapp.judging import judge, second_place
from tests.reviewapp.label_by_hand import label_one

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


@pytest.fixture
def labelled(finished_run: Run) -> Finding:
    """The one finding of a run whose first item is resolved."""
    return label_one(finished_run)


@pytest.fixture
def item(finished_run: Run) -> ReviewItem:
    """One of those whose outputs differ."""
    found = finished_run.items.filter(stratum__startswith="differ").first()
    assert found
    return found


@pytest.fixture
def disputed(
    item: ReviewItem,
    project: Project,
    rater: Callable[[Project, User], Rater],
    bob: User,
    dana: User,
) -> ReviewItem:
    """Bob and Dana differ about it."""
    second_place(item)
    judge(item, rater(project, bob), A="ok", B="ok")
    judge(item, rater(project, dana), A="error", B="ok")
    item.refresh_from_db()
    assert item.state == "disputed"
    return item
