"""Further samples of an offline run, and which outputs are wanted when."""

from __future__ import annotations

from typing import Any

import pytest

from evals import compare, fetch
from evals.models import Attempt, Comparison, ModelVersion, Output, Project, Run
from evals.records import decode_lines
from evals.wanted import Backlog, further, wanted
from reviewapp.actions import evalsets as evalset_actions
from reviewapp.actions import models as model_actions
from reviewapp.actions import runs
from reviewapp.models import User
from tests.evals.fetching import again
from tests.evals.model_server import ModelServer, refuses, says
from tests.evals.test_ingest import send

pytestmark = pytest.mark.django_db


@pytest.fixture
def offline(project: Project, model: ModelVersion, olga: User) -> Any:
    """An offline run of four examples, both sides asked at the same server."""
    lines = [b'{"id": "e%d", "input": "q%d", "expected": "a"}\n' % (i, i) for i in range(4)]
    version = evalset_actions.create(
        project=project, name="gold", lines=decode_lines(lines), by=olga
    )
    other = model_actions.define(
        project=project, name="other", provider="openai", base_url=model.base_url,
        upstream_model="big", by=olga,
    )  # fmt: skip

    def started(samples: int) -> Run:
        run = runs.start(
            project=project, name="offline", baseline=model, candidate=other,
            evalset_version=version, samples=samples, by=olga,
        )  # fmt: skip
        compare.enrol(run)
        return run

    return started


class TestFurtherSamples:
    def test_both_models_are_asked_again(self, offline: Any, server: ModelServer) -> None:
        run = offline(3)
        for model in (run.baseline, run.candidate):
            assert fetch.fetch(run, model) == 16
        compare.settle(run)
        for model in (run.baseline, run.candidate):
            samples = Output.objects.filter(model=model).values_list("request__key", "sample")
            assert sorted(samples) == [(f"e{i}", k) for i in range(4) for k in range(4)]
        assert compare.finish_if_done(run)
        assert not Comparison.objects.filter(noise_differs=None).exists()

    def test_after_the_first(self, offline: Any, server: ModelServer) -> None:
        run = offline(2)
        assert {sample for _, sample in wanted(run, run.candidate, 99)} == {0}
        server.answer = lambda text, nth: refuses(400) if text == "q1" else says(text)
        fetch.fetch(run, run.candidate)
        assert server.asked["q1"] == 1
        assert server.asked["q2"] == 3

    def test_the_run_waits_for_them_or_for_their_failing(
        self, offline: Any, server: ModelServer
    ) -> None:
        run = offline(1)
        fetch.fetch(run, run.baseline)
        server.answer = lambda text, nth: refuses(400) if text == "q0" and nth > 3 else says(text)
        Output.objects.filter(sample=1).delete()
        fetch.fetch(run, run.candidate)
        compare.settle(run)
        assert further(run).left == 4
        assert not compare.finish_if_done(run)
        server.answer = lambda text, nth: says(text)
        fetch.fetch(run, run.baseline)
        compare.settle(run)
        progress = compare.progress(run)
        assert (progress.further_wanted, progress.further_there) == (8, 7)
        assert further(run).left == 0
        assert Attempt.objects.filter(final=True).count() == 1
        assert compare.finish_if_done(run)

    def test_a_run_without_them_wants_none(self, offline: Any) -> None:
        run = offline(0)
        assert further(run) == (0, 0, 0)
        assert not run.samples


class TestBacklog:
    def test_it_reads_ahead_and_gives_nothing_twice(
        self, start: Any, model: ModelVersion, django_assert_num_queries: Any
    ) -> None:
        backlog = Backlog(start(30), model)
        with django_assert_num_queries(2):
            first = backlog.take(4, [])
            second = backlog.take(4, [one.key for one in first])
        backlog.put_back(second[2:])
        third = backlog.take(99, [one.key for one in first + second[:2]])
        keys = [one.key for one in first + second[:2] + third]
        assert len(keys) == len(set(keys))
        assert third[:2] == second[2:]

    def test_what_is_uploaded_is_wanted_no_more(self, start: Any, model: ModelVersion) -> None:
        run = start(2)
        output = {"model": model.name, "output": "x"}
        send(run.project, {"id": "r0", "input": "q0", "outputs": [output]})
        assert len(wanted(run, model, 9)) == 1
        again()
