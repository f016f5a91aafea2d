"""What the database itself refuses, whatever the code does."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.utils import timezone

from evals import compare
from evals.models import (
    Attempt,
    Comparison,
    EvalSet,
    EvalSetVersion,
    Example,
    ModelVersion,
    Output,
    Project,
    Request,
    Run,
    Stratum,
)
from reviewapp.actions import runs
from reviewapp.models import User
from tests.evals.test_ingest import LINE, send

pytestmark = pytest.mark.django_db

Models = tuple[ModelVersion, ModelVersion]
NOW = timezone.now()


def refused(match: str, change: Callable[[], object]) -> None:
    """The change fails at once or at the end of its transaction, and says why."""

    def whole() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            change()
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises((IntegrityError, DataError), match=match):
        whole()


@pytest.fixture
def request_(project: Project, models: Models) -> Request:
    send(project, LINE)
    return project.requests.get()


@pytest.fixture
def run(project: Project, models: Models, request_: Request, olga: User) -> Run:
    started = runs.start(
        project=project, name="r", baseline=models[0], candidate=models[1], recorded=True, by=olga
    )
    compare.enrol(started)
    return started


class TestOutput:
    @pytest.mark.parametrize(
        "change",
        [{"text": "x"}, {"value": "x"}, {"latency_ms": 1}, {"cost_usd": 1}, {"sample": 7},
         {"digest": ""}, {"created_at": NOW}],
    )  # fmt: skip
    def test_never_changes(self, request_: Request, change: dict[str, Any]) -> None:
        rows = Output.objects.filter(request=request_, sample=0)
        before = rows.values().get()
        refused("stored as it was received", lambda: rows.update(**change))
        assert rows.values().get() == before

    def test_not_by_saving_either(self, request_: Request) -> None:
        output = Output.objects.first()
        output.text = "better"
        refused("stored as it was received", output.save)

    def test_one_a_sample(self, request_: Request, models: Models) -> None:
        fields = {"request": request_, "model": models[0], "text": "x", "digest": "x"}
        refused("output_one_per_sample", lambda: Output.objects.create(**fields))
        assert Output.objects.create(sample=2, **fields).pk

    @pytest.mark.parametrize("wrong", [{"latency_ms": -1.0}, {"cost_usd": Decimal(-1)}])
    def test_measures(self, request_: Request, models: Models, wrong: dict[str, Any]) -> None:
        fields = {"request": request_, "model": models[1], "text": "x", "digest": "x", **wrong}
        refused("output_measures_not_negative", lambda: Output.objects.create(**fields))

    @pytest.mark.parametrize("wrong", [{"sample": -1}, {"input_tokens": -1}, {"output_tokens": -1}])
    def test_counts(self, request_: Request, models: Models, wrong: dict[str, Any]) -> None:
        fields = {"request": request_, "model": models[1], "text": "x", "digest": "x", **wrong}
        refused("check constraint", lambda: Output.objects.create(**fields))


class TestModelVersion:
    FROZEN = {
        "name": "renamed",
        "provider": "",
        "base_url": "http://127.0.0.1:2/v1",
        "upstream_model": "other",
        "options": {"file": "a.jsonl"},
        "system": "x",
        "prompt": "{{ input }}!",
        "parameters": {"temperature": 1},
        "price_input": 3,
        "price_output": 3,
        "created_at": NOW,
    }
    FREE = {
        "benchmarks": {"MMLU-Pro": 41.2},
        "concurrency": 9,
        "requests_per_minute": 9,
        "tokens_per_minute": 9,
        "timeout_s": 9,
        "max_attempts": 9,
        "api_key_env": "OTHER_KEY",
    }

    @pytest.fixture
    def model(self, models: Models) -> ModelVersion:
        fields = {"provider": "openai", "base_url": "http://127.0.0.1:1/v1", "upstream_model": "m"}
        ModelVersion.objects.filter(pk=models[0].pk).update(**fields)
        return models[0]

    @pytest.mark.parametrize("field", FROZEN)
    def test_is_free_until_it_has_an_output(self, model: ModelVersion, field: str) -> None:
        rows = ModelVersion.objects.filter(pk=model.pk)
        assert rows.update(**{field: self.FROZEN[field]}) == 1

    @pytest.mark.parametrize("field", FROZEN)
    def test_is_frozen_once_it_has_one(
        self, model: ModelVersion, request_: Request, field: str
    ) -> None:
        rows = ModelVersion.objects.filter(pk=model.pk)
        refused("has outputs and cannot change", lambda: rows.update(**{field: self.FROZEN[field]}))

    @pytest.mark.parametrize("field", FREE)
    def test_limits_and_benchmarks_stay_free(
        self, model: ModelVersion, request_: Request, field: str
    ) -> None:
        assert ModelVersion.objects.filter(pk=model.pk).update(**{field: self.FREE[field]}) == 1

    def test_every_field_is_one_or_the_other(self) -> None:
        fields = {field.name for field in ModelVersion._meta.fields} - {"id", "project"}
        assert fields == set(self.FROZEN) | set(self.FREE)

    def test_another_one_is_not_frozen_by_it(self, request_: Request, models: Models) -> None:
        # triage-11 failed and has no output
        assert ModelVersion.objects.filter(pk=models[1].pk).update(prompt="new {{ input }}") == 1

    def test_one_a_name(self, project: Project, models: Models) -> None:
        refused("model_one_per_name", lambda: project.models.create(name=models[0].name))

    @pytest.mark.parametrize("missing", ["base_url", "upstream_model"])
    def test_a_fetched_one_has_an_address(self, model: ModelVersion, missing: str) -> None:
        rows = ModelVersion.objects.filter(pk=model.pk)
        refused("model_fetched_has_address", lambda: rows.update(**{missing: ""}))

    @pytest.mark.parametrize(
        "fields",
        [
            {"provider": "http_json", "options": {}},
            {"provider": "http_json", "options": {"output": "$"}, "base_url": ""},
            {"provider": "recorded", "options": {"file": "a.jsonl"}},
            {"provider": "recorded", "options": {}, "base_url": ""},
            {"provider": "astrology"},
        ],
    )
    def test_each_provider_has_what_it_needs(self, model: ModelVersion, fields: Any) -> None:
        rows = ModelVersion.objects.filter(pk=model.pk)
        refused("model_fetched_has_address", lambda: rows.update(**fields))

    @pytest.mark.parametrize(
        ("field", "wrong"),
        [("concurrency", 0), ("concurrency", 257), ("timeout_s", 0), ("timeout_s", 3601),
         ("max_attempts", 0), ("max_attempts", 21), ("requests_per_minute", 0),
         ("tokens_per_minute", 0)],
    )  # fmt: skip
    def test_limits(self, model: ModelVersion, field: str, wrong: int) -> None:
        rows = ModelVersion.objects.filter(pk=model.pk)
        refused("model_limits_positive", lambda: rows.update(**{field: wrong}))


class TestRequest:
    def test_one_a_key(self, project: Project, request_: Request) -> None:
        fields = {"input": 1, "input_digest": "x", "source": "traffic", "occurred_at": NOW}
        refused("request_one_per_key", lambda: project.requests.create(key="req-1", **fields))

    def test_an_uploaded_error_once(self, request_: Request, models: Models) -> None:
        attempt = Attempt.objects.get()
        attempt.pk = None
        refused("attempt_uploaded_once", lambda: attempt.save(force_insert=True))
        attempt.uploaded = False  # what we call ourselves may fail the same way again and again
        attempt.save(force_insert=True)


class TestRun:
    @pytest.mark.parametrize(
        ("constraint", "change"),
        [
            ("run_offline_has_evalset", {"kind": "offline"}),
            ("run_window_in_order", {"closes_at": NOW.replace(year=1990)}),
            ("run_finished_has_date", {"state": "finished"}),
            ("run_finished_has_date", {"finished_at": NOW}),
            ("run_finished_has_date", {"state": "cancelled", "finished_at": NOW}),
            ("run_samples_are_offline", {"samples": 1}),
            ("run_cap_not_negative", {"cap_usd": -1}),
            ("null value", {"seed": None}),
        ],
    )
    def test_refuses(self, run: Run, constraint: str, change: dict[str, Any]) -> None:
        refused(constraint, lambda: Run.objects.filter(pk=run.pk).update(**change))

    def test_two_models(self, run: Run) -> None:
        rows = Run.objects.filter(pk=run.pk)
        refused("run_two_models", lambda: rows.update(candidate=run.baseline_id))

    def test_a_shadow_has_no_eval_set(self, run: Run, project: Project) -> None:
        evalset = EvalSet.objects.create(project=project, name="gold")
        version = EvalSetVersion.objects.create(evalset=evalset, number=1)
        rows = Run.objects.filter(pk=run.pk)
        refused("run_offline_has_evalset", lambda: rows.update(evalset_version=version))

    def test_one_a_name(self, run: Run) -> None:
        run.pk = None
        refused("run_one_per_name", lambda: run.save(force_insert=True))


class TestComparison:
    DONE = {"outcome": "identical", "settled_at": NOW, "batch": "all", "stratum": "identical"}

    @pytest.mark.parametrize(
        ("constraint", "change"),
        [
            ("comparison_u_in_range", {"u": 1.0}),
            ("comparison_u_in_range", {"u": -0.1}),
            ("comparison_u_in_range", {"u": float("nan")}),
            ("comparison_settled_is_whole", {"outcome": "failed", "failed_side": "both"}),
            ("comparison_settled_is_whole", {"settled_at": NOW}),
            ("comparison_settled_is_whole", {"batch": "all"}),
            ("comparison_settled_is_whole", {"stratum": "identical"}),
            ("comparison_failed_has_side", {"failed_side": "both"}),
            ("comparison_failed_has_side", {**DONE, "outcome": "failed"}),
            ("comparison_failed_has_side", {**DONE, "outcome": "failed", "failed_side": "left"}),
            ("comparison_compared_has_outputs", DONE),
            ("comparison_compared_has_outputs", {**DONE, "outcome": "differ"}),
        ],
    )
    def test_refuses(self, run: Run, constraint: str, change: dict[str, Any]) -> None:
        rows = Comparison.objects.filter(run=run)
        refused(constraint, lambda: rows.update(**change))

    def test_a_failed_one_needs_no_outputs(self, run: Run) -> None:
        whole = {**self.DONE, "outcome": "failed", "failed_side": "both"}
        assert Comparison.objects.filter(run=run).update(**whole) == 1

    def test_one_a_request(self, run: Run, request_: Request) -> None:
        refused(
            "comparison_one_per_request",
            lambda: Comparison.objects.create(run=run, request=request_, u=0.5),
        )

    def test_a_stratum_once(self, run: Run) -> None:
        fields = {"run": run, "batch": "all", "name": "identical", "size": 1}
        Stratum.objects.create(**fields)
        refused("stratum_once", lambda: Stratum.objects.create(**fields))
        rows = Stratum.objects.filter(run=run)
        refused("check constraint", lambda: rows.update(size=-1))


class TestEvalSet:
    @pytest.fixture
    def version(self, project: Project) -> EvalSetVersion:
        evalset = EvalSet.objects.create(project=project, name="gold")
        return EvalSetVersion.objects.create(evalset=evalset, number=1)

    def _example(self, version: EvalSetVersion, request: Request, position: int) -> Example:
        return Example.objects.create(
            version=version, request=request, position=position, expected=1, origin="import"
        )

    def test_one_a_name_and_a_number(self, version: EvalSetVersion, project: Project) -> None:
        refused(
            "evalset_one_per_name", lambda: EvalSet.objects.create(project=project, name="gold")
        )
        refused(
            "evalset_version_one_per_number",
            lambda: EvalSetVersion.objects.create(evalset=version.evalset, number=1),
        )

    def test_one_a_request_and_a_place(self, version: EvalSetVersion, request_: Request) -> None:
        send(request_.project, {**LINE, "id": "req-2"})
        other = Request.objects.get(key="req-2")
        self._example(version, request_, 1)
        refused("example_one_per_request", lambda: self._example(version, request_, 2))
        refused("example_one_per_place", lambda: self._example(version, other, 1))

    def test_what_is_in_use_is_not_deleted(
        self, version: EvalSetVersion, request_: Request
    ) -> None:
        self._example(version, request_, 1)
        refused("violates", lambda: Request.objects.filter(pk=request_.pk)._raw_delete("default"))
