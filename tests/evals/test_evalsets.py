"""Eval sets: all or nothing, digested, immutable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from evals.evalsets import (
    EvalSetError,
    NewExample,
    UnknownVersion,
    create_from_records,
    create_version,
    export_examples,
    find_version,
)
from evals.models import EvalSet, EvalSetVersion, Example, Output, Project, Request
from evals.records import decode_lines
from tests.evals.test_ingest import at_once, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("models")]

THREE = [{"id": f"r{i}", "input": f"question {i}", "expected": i} for i in range(3)]


def make(project: Project, *records: object, name: str = "gold", **fields: Any) -> EvalSetVersion:
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in records]
    return create_from_records(
        project=project, name=name, lines=decode_lines([b"\n".join(lines)]), **fields
    )


class TestMaking:
    def test_it_works(self, project: Project) -> None:
        version = make(project, *THREE, created_by="erin", file="gold.jsonl")
        assert (str(version), version.size, version.created_by) == ("gold@1", 3, "erin")
        assert version.sealed_at
        assert [one.expected for one in version.examples.all()] == [0, 1, 2]
        assert version.examples.get(position=2).provenance == {"file": "gold.jsonl", "line": 2}
        assert set(Request.objects.values_list("source", flat=True)) == {"evalset"}

    def test_the_same_content_is_the_same_version(self, project: Project) -> None:
        assert make(project, *THREE) == make(project, *THREE)
        assert EvalSetVersion.objects.count() == 1

    def test_other_content_is_the_next_version(self, project: Project) -> None:
        first = make(project, *THREE)
        second = make(project, *THREE, {"id": "r3", "input": "question 3", "expected": 3})
        assert (second.number, second.size, first.examples.count()) == (2, 4, 3)

    def test_a_known_correct_output_can_be_put_right(self, project: Project) -> None:
        first = make(project, *THREE)
        second = make(project, {**THREE[0], "expected": "zero"}, *THREE[1:])
        assert [e.expected for e in second.examples.all()] == ["zero", 1, 2]
        assert [e.expected for e in first.examples.all()] == [0, 1, 2]
        assert Request.objects.get(key="r0").expected == 0

    def test_the_digest_depends_on_content_and_order(self, project: Project) -> None:
        sets = [THREE, THREE[::-1], THREE[:2], [*THREE[:2], {**THREE[2], "expected": "2"}]]
        digests = [make(project, *one, name=f"s{i}").digest for i, one in enumerate(sets)]
        assert len(set(digests)) == 4
        assert make(project, *THREE, name="other").digest == digests[0]

    def test_takes_outputs_and_requests_that_are_known(self, project: Project) -> None:
        output = {"model": "triage-09", "output": "x"}
        send(project, {"id": "r0", "input": "question 0", "group": "g"})
        make(project, {**THREE[0], "outputs": [output]})
        assert Output.objects.get().request.source == "traffic"

    @pytest.mark.parametrize("expected", [False, 0, "", [], {}])
    def test_expected_may_be_falsy(self, project: Project, expected: object) -> None:
        make(project, {**THREE[0], "expected": expected})
        assert Example.objects.get().expected == expected

    def test_many(self, project: Project, django_assert_max_num_queries: Any) -> None:
        lines = [{"id": f"r{i}", "input": i, "expected": i} for i in range(1500)]
        with django_assert_max_num_queries(30):
            assert make(project, *lines).size == 1500


class TestAllOrNothing:
    def test_every_line_that_is_wrong_is_told(self, project: Project) -> None:
        none = {"id": "r7", "input": "x", "expected": None}
        with pytest.raises(EvalSetError) as error:
            make(project, *THREE, b"{", none, THREE[0])
        told = [(problem.line, problem.path) for problem in error.value.problems]
        assert told == [(4, "$"), (5, "$.expected"), (6, "$.id")]
        assert "line 6, $.id: 'r0' stands on line 1 already" in str(error.value)
        assert not Request.objects.exists()
        assert not EvalSet.objects.exists()

    def test_a_conflict_or_an_unknown_model_undoes_all(self, project: Project) -> None:
        send(project, {"id": "r1", "input": "another question"})
        bad = {**THREE[2], "outputs": [{"model": "nobody", "output": "x"}]}
        with pytest.raises(EvalSetError) as error:
            make(project, *THREE[:2], bad)
        assert [p.path for p in error.value.problems] == ["$.input", "$.outputs[0].model"]
        assert list(Request.objects.values_list("key", flat=True)) == ["r1"]

    def test_an_empty_file(self, project: Project) -> None:
        with pytest.raises(EvalSetError, match="no records"):
            make(project)

    @pytest.mark.django_db(transaction=True)
    def test_two_files_at_the_same_time(self, project: Project) -> None:
        lines = [{"id": f"r{i}", "input": i, "expected": i} for i in range(1200)]
        results = at_once(
            lambda: make(project, *lines),
            lambda: make(project, *lines[::-1]),
            lambda: send(project, *lines),
            lambda: make(project, *lines),
        )
        assert [r for r in results if isinstance(r, Exception)] == []
        assert Request.objects.count() == 1200
        versions = EvalSetVersion.objects.order_by("number")
        assert [version.number for version in versions] == list(range(1, len(versions) + 1))


class TestSealed:
    @pytest.fixture
    def version(self, project: Project) -> EvalSetVersion:
        return make(project, *THREE)

    @pytest.mark.parametrize(
        "change",
        [
            lambda v: EvalSetVersion.objects.filter(pk=v.pk).update(sealed_at=None),
            lambda v: EvalSetVersion.objects.filter(pk=v.pk).update(note="better"),
            lambda v: EvalSetVersion.objects.filter(pk=v.pk)._raw_delete(using="default"),
            lambda v: v.examples.update(expected="other"),
            lambda v: v.examples.filter(position=1)._raw_delete(using="default"),
            lambda v: v.examples.filter(position=3).delete(),
            lambda v: Example.objects.create(
                version=v, request=Request.objects.first(), position=9, expected=1, origin="import"
            ),
            lambda v: v.evalset.delete(),
        ],
    )
    def test_refuses_any_change(self, version: EvalSetVersion, change: Any) -> None:
        with pytest.raises(IntegrityError, match="make a new version"), transaction.atomic():
            change(version)
        assert version.examples.count() == 3

    def test_nor_can_an_example_move_in_from_an_open_version(self, version: EvalSetVersion) -> None:
        other = EvalSetVersion.objects.create(evalset=version.evalset, number=2)
        example = Example.objects.create(
            version=other, request=Request.objects.first(), position=7, expected=1, origin="import"
        )
        with pytest.raises(IntegrityError, match="make a new version"), transaction.atomic():
            Example.objects.filter(pk=example.pk).update(version=version)

    def test_needs_a_digest(self, version: EvalSetVersion) -> None:
        with pytest.raises(IntegrityError, match="evalset_sealed_has_digest"), transaction.atomic():
            EvalSetVersion.objects.create(
                evalset=version.evalset, number=2, sealed_at=version.sealed_at
            )

    def test_a_failure_in_the_middle_leaves_nothing(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(EvalSetVersion, "save", _break_on_seal(EvalSetVersion.save))
        with pytest.raises(RuntimeError):
            make(project, *THREE)
        assert not EvalSetVersion.objects.exists()
        assert not Request.objects.exists()


def _break_on_seal(save: Any) -> Any:
    def broken(self: EvalSetVersion, **kwargs: Any) -> None:
        if self.sealed_at:
            raise RuntimeError("killed")
        save(self, **kwargs)

    return broken


class TestFinding:
    def test_by_number_or_the_latest(self, project: Project) -> None:
        first, second = make(project, *THREE[:1]), make(project, *THREE)
        assert find_version(project, "gold@1") == first
        assert find_version(project, "gold") == second

    @pytest.mark.parametrize(
        ("reference", "said"),
        [
            ("gold@3", "no version '3'; it has 1"),
            ("gold@x", "no version 'x'"),
            ("gold@99999999999999999999", "it has 1"),
            ("silver", r"no eval set 'silver' in this project \(there are: gold\)"),
            ("", "there are: gold"),
        ],
    )
    def test_says_which_there_are(self, project: Project, reference: str, said: str) -> None:
        make(project, *THREE)
        with pytest.raises(UnknownVersion, match=said):
            find_version(project, reference)

    def test_an_unsealed_version_is_not_found(self, project: Project) -> None:
        evalset = EvalSet.objects.create(project=project, name="open")
        EvalSetVersion.objects.create(evalset=evalset, number=1)
        with pytest.raises(UnknownVersion):
            find_version(project, "open")


class TestExamples:
    def test_come_out_in_their_order_with_where_they_came_from(self, project: Project) -> None:
        send(project, {"id": "r9", "input": {"messages": []}, "segment": {"tier": "free"}})
        request = Request.objects.get()
        provenance = {"run": "shadow-1", "review": 7}
        example = NewExample(request, {"label": "x"}, Example.Origin.DISCREPANCY, provenance)
        version = create_version(project=project, name="grown", examples=[example])
        (found,) = export_examples(version)
        assert (found.id, found.expected, found.segment) == ("r9", {"label": "x"}, {"tier": "free"})
        assert found.provenance == {"origin": "discrepancy", "run": "shadow-1", "review": 7}
