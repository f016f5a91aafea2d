"""Comparisons made again after the comparators changed: each once, whatever dies or comes late."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count

from evals import compare, recompute, settle, tasks
from evals.models import Comparison, ComparisonSet, ModelVersion, Project, Run, Stratum
from reviewapp.actions import comparators
from reviewapp.models import User
from tests.evals.test_compare import dies_after, go, line, outcomes, recorded
from tests.evals.test_ingest import at_once, send

pytestmark = pytest.mark.django_db

Models = tuple[ModelVersion, ModelVersion]
LABEL = {"comparators": [{"kind": "label"}]}
#: baseline, candidate, outcome when compared exactly, outcome as labels
PAIRS = [
    ("spam", "spam", "identical", "identical"),
    ("spam", " SPAM", "differ", "equivalent"),
    ("spam", "ham", "differ", "differ"),
    ("spam", None, "failed", "failed"),
    (None, "ham", "failed", "failed"),
]


@pytest.fixture
def run(project: Project, models: Models, olga: User) -> Run:
    """Compared exactly, finished, nothing drawn."""
    send(project, *[line(f"r{i}", *pair[:2], expected="Spam") for i, pair in enumerate(PAIRS)])
    run = recorded(project, models, olga)
    assert go(run)
    return run


def change(run: Run, pipeline: object = LABEL) -> ComparisonSet:
    return comparators.change(run=run, pipeline=pipeline, by="test")


def check_cells(run: Run) -> None:
    """The kept totals are what a count of the comparisons says, cell by cell."""
    cells = ("batch", "line", "stratum")
    settled = run.comparisons.exclude(outcome=None).values_list(*cells)
    counted = {tuple(row[:3]): row[3] for row in settled.annotate(n=Count("id")).order_by()}
    kept = Stratum.objects.filter(run=run).values_list("batch", "line", "name", "size")
    assert {tuple(row[:3]): row[3] for row in kept} == counted


class TestRecompute:
    def test_it_works(self, run: Run) -> None:
        assert outcomes(run) == {f"r{i}": pair[2] for i, pair in enumerate(PAIRS)}
        made = change(run)
        assert recompute.share(made) == 0
        assert not recompute.recompute(made)
        made.refresh_from_db()
        assert made.finished_at
        assert recompute.share(made) == 1
        assert outcomes(run) == {f"r{i}": pair[3] for i, pair in enumerate(PAIRS)}
        assert set(run.comparisons.values_list("comparison_set", flat=True)) == {2}
        check_cells(run)

    def test_what_was_expected_is_looked_at_again(self, run: Run) -> None:
        found = run.comparisons.filter(request__key="r1")
        assert found.values_list("baseline_correct", "candidate_correct").get() == (False, False)
        recompute.recompute(change(run))
        assert found.values_list("baseline_correct", "candidate_correct").get() == (True, True)

    def test_reason_and_path_are_those_of_now(self, run: Run) -> None:
        recompute.recompute(change(run))
        assert run.comparisons.get(request__key="r1").reason == ""
        assert run.comparisons.get(request__key="r2").reason == "label"

    def test_noise_too(self, project: Project, models: Models, olga: User) -> None:
        send(project, line("a", "x", "y", again=" X"), line("b", "x", "y", again="z"))
        run = recorded(project, models, olga)
        go(run)
        assert set(run.comparisons.values_list("noise_differs", flat=True)) == {True}
        recompute.recompute(change(run))
        found = dict(run.comparisons.values_list("request__key", "noise_differs"))
        assert found == {"a": False, "b": True}

    def test_twice_changes_nothing(self, run: Run) -> None:
        made = change(run)
        recompute.recompute(made)
        before = list(run.comparisons.order_by("pk").values())
        recompute.recompute(made)
        assert list(run.comparisons.order_by("pk").values()) == before
        check_cells(run)

    def test_back_again(self, run: Run) -> None:
        before = list(run.comparisons.order_by("pk").values_list("outcome", "stratum", "line"))
        for pipeline in (LABEL, {}):
            made = change(run, pipeline)
            recompute.recompute(made)
            ComparisonSet.objects.filter(pk=made.pk).update(redrawn_at=made.made_at)
            run.refresh_from_db()
        rows = run.comparisons.order_by("pk").values_list("outcome", "stratum", "line")
        assert list(rows) == before
        check_cells(run)

    def test_nothing_is_fetched(self, run: Run, django_assert_num_queries: Any) -> None:
        made = change(run)
        before = Counter(run.project.requests.values_list("outputs__id", flat=True))
        recompute.recompute(made)
        assert Counter(run.project.requests.values_list("outputs__id", flat=True)) == before

    def test_by_segment_and_tools(self, project: Project, models: Models, olga: User) -> None:
        tools = [
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "parameters": {"properties": {"n": {"type": "integer", "default": 5}}},
                },
            }
        ]
        sides = [{"tool_calls": [{"name": "f", "arguments": x}]} for x in ({}, {"n": "5"})]
        asked = {"messages": [{"role": "user", "content": "do"}], "tools": tools}
        send(
            project,
            line("tools", *sides, segment={"kind": "tools"}) | {"input": asked},
            line("label", "x", "X", segment={"kind": "label"}),
        )
        run = recorded(project, models, olga)
        go(run)
        assert set(outcomes(run).values()) == {"differ"}
        override = {"when": {"kind": "tools"}, "comparators": [{"kind": "tool_calls"}]}
        recompute.recompute(change(run, {**LABEL, "overrides": [override]}))
        assert set(outcomes(run).values()) == {"equivalent"}


class TestDeathAndOthers:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("place", ["judge", "keep"])
    def test_a_worker_that_dies_in_the_middle(
        self, project: Project, models: Models, olga: User, place: str, monkeypatch: Any
    ) -> None:
        send(project, *[line(f"r{i}", "spam", "SPAM") for i in range(1200)])
        run = recorded(project, models, olga)
        go(run)
        made = change(run)
        with monkeypatch.context() as patch:
            dies_after(patch, recompute, place, 700 if place == "judge" else 1)
            with pytest.raises(SystemError):
                recompute.recompute(made)
        assert run.comparisons.filter(outcome="equivalent").count() == 500
        assert recompute.share(made) == pytest.approx(500 / 1200)
        check_cells(run)
        assert not recompute.recompute(made)
        assert run.comparisons.filter(outcome="equivalent").count() == 1200
        check_cells(run)

    @pytest.mark.django_db(transaction=True)
    def test_several_workers_at_once(self, project: Project, models: Models, olga: User) -> None:
        send(project, *[line(f"r{i}", "spam", "SPAM") for i in range(2100)])
        run = recorded(project, models, olga)
        go(run)
        made = change(run)
        found = at_once(*[lambda: recompute.recompute(made)] * 3)
        assert not any(found), found
        recompute.recompute(made)
        made.refresh_from_db()
        assert made.finished_at
        assert outcomes(run) == {f"r{i}": "equivalent" for i in range(2100)}
        check_cells(run)

    @pytest.mark.django_db(transaction=True)
    def test_what_settles_meanwhile_is_settled_by_the_new_ones(
        self, project: Project, models: Models, olga: User
    ) -> None:
        send(project, line("r0", "spam", "SPAM"))
        run = recorded(project, models, olga)
        compare.enrol(run)
        change(run)
        compare.settle(run)  # `run` was read before the change
        found = run.comparisons.get()
        assert (found.outcome, found.comparison_set) == ("equivalent", 2)

    def test_it_comes_back_for_the_rest(self, project: Project, models: Models, olga: User) -> None:
        send(project, *[line(f"r{i}", "spam", "SPAM") for i in range(settle.CHUNK + 1)])
        run = recorded(project, models, olga)
        go(run)
        made = change(run)
        assert recompute.recompute(made, seconds=0)
        assert run.comparisons.filter(comparison_set=2).count() == settle.CHUNK
        tasks.recompute_run(made.pk)
        made.refresh_from_db()
        assert made.finished_at

    @pytest.mark.django_db(transaction=True)
    def test_places_are_limited(self, run: Run) -> None:
        made = change(run)
        other = connection.copy()
        try:
            with other.cursor() as cursor:
                for number in range(recompute.WORKERS):
                    key = made.pk * recompute.WORKERS + number
                    cursor.execute("SELECT pg_advisory_lock(%s, %s)", [recompute.LOCK_SPACE, key])
            assert not recompute.recompute(made)
            assert not Comparison.objects.filter(comparison_set=2).exists()
        finally:
            with other.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock_all()")
            other.close()
        recompute.recompute(made)
        assert recompute.share(made) == 1
