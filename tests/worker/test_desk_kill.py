"""A review that was acknowledged is in the database, once, however the web server ends."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from reviewapp.actions import tokens
from reviewapp.models import User
from tests import desk_clients, desk_kill, long_queue
from tests.worker.web import Web

pytestmark = [pytest.mark.worker, pytest.mark.django_db(transaction=True)]

SUBMISSIONS, KILLS, REVIEWERS = 120, 2, 8


def test_nothing_that_was_acknowledged_is_lost(olga: User, tmp_path: Path) -> None:
    project = long_queue.make(slug="long", waiting=SUBMISSIONS + 50, labelled=20, by=olga)
    people = [
        {"token": tokens.make(project=project, name="desk", by=user)[1]}
        for user in long_queue.members(project, REVIEWERS)
    ]
    told: list[dict[str, Any]] = []
    done = threading.Event()

    def review(job: dict[str, Any]) -> None:
        told.append(desk_clients.stubborn(job, stopped=done.is_set))

    with Web(tmp_path) as web:
        threads = [
            threading.Thread(target=review, args=[job], daemon=True)
            for job in desk_kill.jobs(web.port, people, SUBMISSIONS)
        ]
        for thread in threads:
            thread.start()
        for moment in range(1, KILLS + 1):
            wait_for(moment * SUBMISSIONS // (KILLS + 1))
            web.kill()
            web.start()
        for thread in threads:
            thread.join(60)
        done.set()
    assert desk_kill.found_wrong(told) == []
    assert sum(len(one["acknowledged"]) for one in told) == SUBMISSIONS
    assert sum(one["broken"] for one in told) > 0  # they were in the middle of it


def wait_for(count: int) -> None:
    """Until that many reviews are stored."""
    deadline = time.monotonic() + 60
    while desk_kill.reviews() < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)
