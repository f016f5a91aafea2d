"""Traffic in, on a real database: what is new, what is a conflict, what is refused."""

from __future__ import annotations

import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from evals.ingest import LISTED, IngestResult, cost_of, ingest
from evals.models import Attempt, ModelVersion, Output, Project, Request
from evals.records import decode_lines

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("models")]

LINE: dict[str, Any] = {
    "id": "req-1",
    "occurred_at": "2026-11-20T23:04:11Z",
    "input": "My card was charged twice",
    "expected": None,
    "segment": {"locale": "de", "tier": "enterprise"},
    "group": "conversation-77",
    "outputs": [
        {"model": "triage-09", "output": "billing", "latency_ms": 412, "input_tokens": 388,
         "output_tokens": 12, "cost_usd": 0.0007},
        {"model": "triage-09", "sample": 1, "output": "refund", "latency_ms": 398},
        {"model": "triage-11", "error": "HTTP 503 from upstream", "latency_ms": 350},
    ],
}  # fmt: skip


def send(project: Project, *records: object) -> IngestResult:
    """Records, or lines as they are where a record is bytes."""
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in records]
    return ingest(project, decode_lines([b"\n".join(lines)]))


def said(result: IngestResult) -> list[tuple[int, str]]:
    return [(problem.line, problem.path) for problem in result.problems]


class TestStoring:
    def test_it_works(self, project: Project) -> None:
        assert send(project, LINE).as_dict()["stored"] == 1
        request = project.requests.get()
        assert (request.key, request.source, request.expected) == ("req-1", "traffic", None)
        assert request.segment == {"locale": "de", "tier": "enterprise"}
        assert request.occurred_at.isoformat() == "2026-11-20T23:04:11+00:00"
        first, second = Output.objects.order_by("sample")
        assert (first.value, first.latency_ms, str(first.cost_usd)) == (
            "billing",
            412,
            "0.000700000",
        )
        assert (second.value, second.sample) == ("refund", 1)
        attempt = Attempt.objects.get()
        assert (attempt.error, attempt.uploaded) == ("HTTP 503 from upstream", True)

    def test_the_same_line_twice_changes_nothing(self, project: Project) -> None:
        send(project, LINE)
        result = send(project, LINE, LINE)
        assert (result.unchanged, result.stored, result.added, result.problems) == (2, 0, 0, [])
        counts = [model.objects.count() for model in (Request, Output, Attempt)]
        assert counts == [1, 2, 1]

    def test_sides_that_arrive_apart(self, project: Project) -> None:
        for model in ("triage-09", "triage-11"):
            side = {**LINE, "outputs": [{"model": model, "output": "billing"}]}
            result = send(project, side)
        assert (result.stored, result.added) == (0, 1)
        assert Output.objects.count() == 2

    def test_expected_is_added_where_there_was_none(self, project: Project) -> None:
        send(project, LINE)
        assert send(project, {**LINE, "expected": "billing"}).added == 1
        assert project.requests.get().expected == "billing"
        assert send(project, {**LINE, "expected": "billing"}).unchanged == 1
        assert send(project, LINE).unchanged == 1  # and what is left out takes nothing away

    @pytest.mark.parametrize("expected", [False, 0, "", [], {}])
    def test_expected_may_be_falsy(self, project: Project, expected: object) -> None:
        send(project, LINE)
        assert send(project, {**LINE, "expected": expected}).added == 1
        assert send(project, {**LINE, "expected": expected}).unchanged == 1
        assert project.requests.get().expected == expected

    def test_an_error_is_an_attempt_and_a_later_success_an_addition(self, project: Project) -> None:
        failed = {**LINE, "outputs": [{"model": "triage-11", "error": "HTTP 503"}]}
        again = {**LINE, "outputs": [{"model": "triage-11", "error": "HTTP 504"}]}
        fine = {**LINE, "outputs": [{"model": "triage-11", "output": "billing"}]}
        results = [send(project, one) for one in (failed, failed, again, fine, failed)]
        assert [r.stored or r.added or -r.unchanged for r in results] == [1, -1, 1, 1, -1]
        assert Output.objects.get().value == "billing"
        assert sorted(Attempt.objects.values_list("error", flat=True)) == ["HTTP 503", "HTTP 504"]

    def test_outputs_stay_as_they_were_received(self, project: Project) -> None:
        source = (
            b'{"id":"r","input":1,"outputs":[{"model":"triage-09","output":{"b": 1.0,  "a":[]}}]}'
        )
        send(project, source)
        output = Output.objects.get()
        assert output.text == '{"b": 1.0,  "a":[]}'
        assert output.value == {"a": [], "b": 1}

    def test_cost_from_prices(self, project: Project) -> None:
        ModelVersion.objects.filter(name="triage-09").update(price_input="2.5", price_output="10")
        tokens = {"model": "triage-09", "output": "x", "input_tokens": 400, "output_tokens": 20}
        send(project, {**LINE, "outputs": [tokens]})
        assert str(Output.objects.get().cost_usd) == "0.001200000"

    def test_a_cost_that_no_row_holds_is_unknown(self, project: Project) -> None:
        ModelVersion.objects.filter(name="triage-09").update(price_input=99_999_999, price_output=1)
        many = {"model": "triage-09", "output": "x", "input_tokens": 2**31 - 1, "output_tokens": 0}
        assert send(project, {**LINE, "outputs": [many]}).stored == 1
        assert Output.objects.get().cost_usd is None
        assert cost_of(ModelVersion(), 1, 1) is None

    def test_a_project_sees_its_own_models_and_requests(self, project: Project) -> None:
        other = Project.objects.create(
            slug="other", name="Other", taxonomy_version=project.taxonomy_version
        )
        send(project, LINE)
        assert send(other, {**LINE, "outputs": [], "input": "something else"}).stored == 1
        assert send(other, LINE).rejected == 1


class TestConflicts:
    @pytest.mark.parametrize(
        ("field", "change"),
        [
            ("$.input", {"input": "other"}),
            ("$.expected", {"expected": "refund"}),
            ("$.segment", {"segment": {"locale": "fr"}}),
            ("$.group", {"group": "conversation-78"}),
            ("$.variant_of", {"variant_of": "req-0"}),
            ("$.outputs[0]", {"outputs": [{"model": "triage-09", "output": "refund"}]}),
        ],
    )
    def test_nothing_is_overwritten(self, project: Project, field: str, change: Any) -> None:
        send(project, {**LINE, "expected": "billing"})
        before = [list(model.objects.values()) for model in (Request, Output, Attempt)]
        result = send(project, {**LINE, "id": "req-2"}, {**LINE, "expected": "billing", **change})
        assert said(result) == [(2, field)]
        assert "kept as it was" in result.problems[0].reason
        assert (result.stored, result.conflicting) == (1, 1)
        after = [
            list(model.objects.filter(**{path: "req-1"}).values())
            for model, path in (
                (Request, "key"),
                (Output, "request__key"),
                (Attempt, "request__key"),
            )
        ]
        assert after == before

    def test_numbers_and_order_of_keys_are_no_conflict(self, project: Project) -> None:
        send(project, b'{"id":"r","input":{"a":1,"b":[1.0]},"expected":{"x":1,"y":2}}')
        result = send(project, b'{"id":"r","input":{"b":[1],"a":1e0},"expected":{"y":2.0,"x":1}}')
        assert (result.unchanged, result.problems) == (1, [])

    def test_an_answer_to_another_input_is_not_taken_for_one_to_this(
        self, project: Project
    ) -> None:
        send(project, {**LINE, "outputs": []})
        new = {"model": "triage-09", "output": "billing"}
        result = send(project, {**LINE, "input": "other", "expected": "x", "outputs": [new]})
        assert said(result) == [(1, "$.input")]
        assert not Output.objects.exists()
        assert project.requests.get().expected is None

    def test_what_does_not_conflict_is_added_beside_what_does(self, project: Project) -> None:
        send(project, LINE)
        outputs = [
            {"model": "triage-09", "output": "refund"},
            {"model": "triage-11", "output": "billing"},
        ]
        assert said(send(project, {**LINE, "outputs": outputs})) == [(1, "$.outputs[0]")]
        stored = Output.objects.filter(sample=0).order_by("model__name")
        assert [output.value for output in stored] == ["billing", "billing"]

    def test_one_id_twice_in_a_chunk(self, project: Project) -> None:
        result = send(project, LINE, {**LINE, "expected": "billing"}, {**LINE, "input": "other"})
        assert (result.stored, result.added, result.conflicting) == (1, 1, 1)
        assert said(result) == [(3, "$.input")]
        assert project.requests.get().expected == "billing"

    def test_two_sides_on_two_lines_of_a_chunk(
        self, project: Project, django_assert_max_num_queries: Any
    ) -> None:
        sides = [
            {"id": f"r{i}", "input": i, "outputs": [{"model": model, "output": "x"}]}
            for i in range(300)
            for model in ("triage-09", "triage-11")
        ]
        with django_assert_max_num_queries(12):
            result = send(project, *sides)
        assert (result.stored, result.added, result.problems) == (300, 300, [])
        assert Output.objects.count() == 600

    def test_one_output_told_twice_in_a_chunk(self, project: Project) -> None:
        other = {**LINE, "outputs": [{"model": "triage-09", "output": "refund"}]}
        result = send(project, LINE, other)
        assert (result.stored, result.conflicting) == (1, 1)
        assert Output.objects.get(sample=0).value == "billing"


class TestBadLines:
    def test_an_unknown_model_costs_its_line_alone(self, project: Project) -> None:
        unknown = {**LINE, "id": "req-2", "outputs": [{"model": "triage-12", "output": "x"}]}
        result = send(project, LINE, unknown)
        assert said(result) == [(2, "$.outputs[0].model")]
        assert "known: triage-09, triage-11" in result.problems[0].reason
        assert (result.stored, result.rejected, Request.objects.count()) == (1, 1, 1)

    @pytest.mark.parametrize(
        "line",
        [
            b"{",
            b"[]",
            b"null",
            b'{"id":"x"}',
            b'{"id":"","input":1}',
            b'{"id":7,"input":1}',
            b'{"id":"x","input":1e999}',
            b'{"id":"x","input":"\\u0000"}',
            b'{"id":"x","input":{"\\u0000":1}}',
            b'{"id":"x","input":"\\ud800"}',
            b'{"id":"x","input":"\xff"}',
            b'{"id":"x","input":' + b"[" * 5000 + b"]" * 5000 + b"}",
            b'{"id":"x","input":' + b"9" * 5000 + b"}",
            b'{"id":"' + b"x" * 201 + b'","input":1}',
            b'{"id":"x","input":1,"occurred_at":"0001-01-01T00:00:00Z"}',
            b'{"id":"x","input":1,"occurred_at":"2026-01-01T00:00:00"}',
            b'{"id":"x","input":1,"occurred_at":"1970-01-01T00:00:00Z"}',
            b'{"id":"x","input":1,"occurred_at":"2200-01-01T00:00:00Z"}',
            b'{"id":"x","input":NaN}',
            b'{"id":"x","input":-Infinity}',
            b'{"id":"x","input":[' + b"[]," * 200_000 + b"1]}",
            b'{"id":"x","input":1,"segment":{"a":{}}}',
            b'{"id":"x","input":1,"outputs":[{"model":"triage-09"}]}',
            b'{"id":"x","input":1,"outputs":[{"model":"triage-09","output":"a","sample":-1}]}',
            b'{"id":"x","input":1,"outputs":[{"model":"triage-09","output":"a","latency_ms":-1}]}',
            b'{"id":"x","input":1,"outputs":[{"model":"triage-09","output":"a","cost_usd":1e9}]}',
            b'{"id":"x","input":1,"outputs":[{"model":"triage-09","output":"a","input_tokens":1e99}]}',
            b'{"id":"x","input":1,"outputs":[{"model":"triage-09","error":"\\u0000"}]}',
        ],
    )
    def test_hostile_json_is_one_rejected_line(self, project: Project, line: bytes) -> None:
        result = send(project, LINE, line, {**LINE, "id": "req-3"})
        assert (result.stored, result.rejected) == (2, 1)
        assert [problem.line for problem in result.problems] == [2]

    @pytest.mark.parametrize(
        "value",
        ["'; DROP TABLE evals_request; --", "%s %(x)s {}", "<script>alert(1)</script>", "\u202e",
         "1" * 309, "\\", "\\N", "\\.", "a\tb\nc\rd\be\x1f",
         "👩‍👩‍👧", "\ufdd0", "\x7f", {"__proto__": {"": [None, True, 1e-300]}}],
    )  # fmt: skip
    def test_odd_values_come_back_as_they_went_in(self, project: Project, value: object) -> None:
        output = {"model": "triage-09", "output": value}
        line = {"id": "x", "input": value, "expected": value, "outputs": [output]}
        assert send(project, line).stored == 1
        assert send(project, line).unchanged == 1
        request = project.requests.get()
        assert (request.input, request.expected) == (value, value)
        assert Output.objects.get().value == value

    def test_problems_are_counted_and_the_first_thousand_listed(self, project: Project) -> None:
        result = send(project, *[b"{"] * (LISTED + 200))
        assert (result.rejected, len(result.problems)) == (LISTED + 200, LISTED)

    def test_what_came_before_the_lines_broke_off_is_stored(self, project: Project) -> None:
        def broken() -> Iterator[bytes]:
            yield b'{"id":"a","input":1}\n{\n{"id":"b","inp'
            raise OSError("gone")

        for overlap in (False, True):
            result = IngestResult()
            with pytest.raises(OSError, match="gone"):
                ingest(project, decode_lines(broken()), overlap=overlap, result=result)
            assert (result.stored + result.unchanged, result.rejected) == (1, 1)
        assert project.requests.get().key == "a"

    def test_nothing_at_all(self, project: Project) -> None:
        assert send(project).as_dict() == IngestResult().as_dict()


def _lines(count: int, size: int) -> Iterator[bytes]:
    for i in range(count):
        outputs = [{"model": "triage-09", "output": "y" * size}]
        yield json.dumps({"id": f"r{i}", "input": "x" * size, "outputs": outputs}).encode() + b"\n"


class TestManyLines:
    def test_in_flat_memory(self, project: Project) -> None:
        def peak(count: int) -> int:
            tracemalloc.start()
            assert ingest(project, decode_lines(_lines(count, 4000))).rejected == 0
            found = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            return found

        few, many = peak(1500), peak(6000)
        assert many < 1.3 * few
        assert Request.objects.count() == 6000

    def test_in_a_few_statements_a_chunk(
        self, project: Project, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(60):
            assert ingest(project, decode_lines(_lines(2000, 10))).stored == 2000


def at_once(*jobs: Callable[[], object]) -> list[object]:
    """Runs the jobs in threads with connections of their own; gives what they gave or raised."""
    barrier, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def work(i: int, job: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[i] = job()
        except Exception as error:
            results[i] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.django_db(transaction=True)
class TestTwoSenders:
    def _file(self, count: int, turned: bool) -> list[dict[str, Any]]:
        """The same records; turned, their lines and the outputs in them come the other way."""
        way = -1 if turned else 1
        outputs = [{"model": name, "output": "x"} for name in ("triage-09", "triage-11")][::way]
        return [
            {"id": f"r{i}", "input": i, "expected": i, "outputs": outputs} for i in range(count)
        ][::way]

    @pytest.mark.parametrize("known", [False, True])
    def test_of_the_same_file(self, project: Project, known: bool) -> None:
        if known:  # then no row of a request makes the second sender wait
            send(project, *[{"id": f"r{i}", "input": i} for i in range(700)])
        files = [self._file(700, turned) for turned in (False, True, False, True)]
        results = at_once(*[lambda file=file: send(project, *file) for file in files])
        assert [r if isinstance(r, Exception) else r.problems for r in results] == [[]] * 4
        assert Request.objects.filter(expected__isnull=False).count() == 700
        assert Output.objects.count() == 1400

    def test_of_two_sides_of_the_same_requests(self, project: Project) -> None:
        def side(model: str, way: int) -> list[dict[str, Any]]:
            outputs = [{"model": model, "output": "x"}, {"model": model, "error": "late"}]
            outputs[1]["sample"] = 1  # type: ignore[assignment]
            lines = [{"id": f"r{i}", "input": i, "outputs": outputs} for i in range(3000)]
            return lines[::way]

        results = at_once(
            *[
                lambda model=model, way=way: send(project, *side(model, way))
                for model in ("triage-09", "triage-11")
                for way in (1, -1)
            ]
        )
        assert [r if isinstance(r, Exception) else r.problems for r in results] == [[]] * 4
        told = [(r.stored, r.added, r.unchanged) for r in results if isinstance(r, IngestResult)]
        assert [sum(column) for column in zip(*told, strict=True)] == [3000, 3000, 6000]
        assert (Output.objects.count(), Attempt.objects.count()) == (6000, 6000)

    def test_with_two_expected_one_is_kept_and_the_other_a_conflict(self, project: Project) -> None:
        lines = [[{**LINE, "id": f"r{i}", "expected": say} for i in range(50)] for say in "ab"]
        first, second = at_once(*[lambda file=file: send(project, *file) for file in lines])
        assert isinstance(first, IngestResult)
        assert isinstance(second, IngestResult)
        assert first.conflicting + second.conflicting == 50
        assert {path for _, path in said(first) + said(second)} == {"$.expected"}
