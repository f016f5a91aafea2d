"""A run with something in every part of its report: traffic of several days and segments, known
answers, latencies, costs, several raters, and labels made by a fixed rule."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from evals.models import ModelVersion, Project, Run
from evals.sampling import SamplingPlan
from reviewapp.actions import parts, projects, reports
from reviewapp.models import Report, ReviewItem
from tests.reviewapp.actions.scenes import recorded, review_all

WORDS = ("billing", "refund", "login", "outage", "other")
DAYS = 14


def traffic(count: int) -> list[dict[str, Any]]:
    chance = random.Random(11)
    rows = []
    for i in range(count):
        right, kind = WORDS[i % 5], chance.random()
        old = right if kind > 0.12 else WORDS[(i + 1) % 5]
        new = right if kind > 0.05 and chance.random() > 0.09 else WORDS[(i + 2) % 5]
        new = new.title() if chance.random() < 0.06 else new
        slow = chance.lognormvariate(6, 0.5)
        outputs = [
            {"model": "triage-09", "output": old, "latency_ms": slow, "cost_usd": 0.0007},
            {
                "model": "triage-11",
                "output": new,
                "latency_ms": slow * chance.lognormvariate(-0.15, 0.4),
                "cost_usd": 0.00044,
            },
        ]
        rows.append(
            {
                "id": f"req-{i:05}",
                "occurred_at": f"2026-01-{1 + i % DAYS:02}T10:00:00Z",
                "input": f"message number {i}",
                "expected": right if i % 3 == 0 else None,
                "segment": {"locale": ("de", "en", "fr")[i % 3], "tier": ("free", "pro")[i % 2]},
                "outputs": outputs,
            }
        )
    return rows


def judge(rater: str) -> Callable[[ReviewItem], tuple[str, str]]:
    """By the request alone, so that it is the same at every asking; ben differs now and then."""

    def say(item: ReviewItem) -> tuple[str, str]:
        keys = [one.key for one in item.run.taxonomy_version.leaves()]
        chance = random.Random(item.comparison.request.key)
        draw = chance.random()
        if rater == "ben" and chance.random() < 0.1:
            return "", ""
        if draw < 0.25:
            return keys[0], ""
        if draw < 0.5:
            return "", keys[1]
        if draw < 0.58:
            return "", keys[2]
        return ("", "") if draw < 0.9 else (keys[0], keys[0])

    return say


def reported(
    project: Project,
    models: tuple[ModelVersion, ModelVersion],
    *,
    requests: int = 420,
    labels: int = 90,
    name: str = "shadow-11",
    budget: int | None = None,
) -> Run:
    """Its report is computed, with all of its parts."""
    plan = SamplingPlan(labels=labels, equivalent=6, identical=6, slots=1, double_share=0.2)
    projects.set_policy(
        project=project, margin=0.05, critical_margin=0.01, label_budget=budget, by="test"
    )
    run = recorded(project, models, rows=traffic(requests), name=name, plan=plan)
    for rater in ("ann", "ben"):
        review_all(run, project.raters.create(kind="script", name=rater), judge(rater))
    computed(run)
    return run


def computed(run: Run) -> Report:
    """The current report with all its parts."""
    reports.refresh(run=run)
    parts.up_to_date(run=run)
    found = Report.objects.current(Run.objects.get(pk=run.pk))
    assert found
    return found
