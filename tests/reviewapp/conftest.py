"""A run from its traffic to its drawn items, which most tests of pages and addresses begin with."""

import json
from typing import Any

import pytest

from evals import compare
from evals.ingest import ingest
from evals.models import ModelVersion, Project, Run
from evals.records import decode_lines
from reviewapp.actions import items, runs
from reviewapp.models import User

#: (what production answers, what the candidate answers, what is right)
ANSWERS = [
    ("billing", "billing", "billing"),
    ("billing", "refund", "refund"),
    ("refund", "refund", "refund"),
    ("refund", "billing", "refund"),
    ("login", "login", "login"),
    ("login", "Login", "login"),
    ("other", "outage", "outage"),
    ("outage", "outage", "outage"),
    ("billing", "other", "billing"),
    ("other", "other", "other"),
    ("login", "billing", "login"),
    ("refund", "refund please", "refund"),
]


def records() -> list[dict[str, Any]]:
    return [
        {
            "id": f"req-{i:02}",
            "occurred_at": f"2026-01-{i:02}T10:00:00Z",
            "input": f"message number {i}",
            "expected": expected,
            "segment": {"locale": "de" if i % 2 else "en"},
            "outputs": [
                {"model": "triage-09", "output": old, "latency_ms": 400 + i, "cost_usd": 0.001},
                {"model": "triage-11", "output": new, "latency_ms": 300 + i, "cost_usd": 0.002},
            ],
        }
        for i, (old, new, expected) in enumerate(ANSWERS, start=1)
    ]


def as_lines(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def finished_run(project: Project, models: tuple[ModelVersion, ModelVersion], olga: User) -> Run:
    """Twelve recorded requests, compared; every pair is drawn, and its items wait for review."""
    result = ingest(project, decode_lines([as_lines(records())]))
    assert result.stored == len(ANSWERS), result.problems
    run = runs.start(
        project=project,
        name="shadow-11",
        baseline=models[0],
        candidate=models[1],
        recorded=True,
        by=olga,
    )
    compare.enrol(run)
    compare.settle(run)
    assert compare.finish_if_done(run)
    run.refresh_from_db()
    assert items.draw(run=run) == len(ANSWERS)
    return run
