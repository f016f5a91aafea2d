"""Records without a run: judgements of outputs."""

import json

import pytest
from django.db import IntegrityError, transaction

from reviewapp.labelling import label_records
from reviewapp.models import AuditEvent, LabelSet, OutputFinding, OutputJudgement, Rater
from tests.reviewapp.labelling.importing.scenes import NEW, OLD, bare, bring, found, record


@pytest.fixture
def run(project, models):
    return bare(project, models)


class TestImport:
    def test_it_works(self, project, run, olga):
        rows = [
            record(1, sides={OLD: "ok", NEW: "error"}, findings=[found(span=[0, 2], note="odd")]),
            record(1, "ben", sides={NEW: "error"}, findings=[found(), found()]),
        ]
        result = bring(project, *rows, by=olga, kind="expert")
        assert (result.stored, result.problems) == (2, [])
        assert OutputJudgement.objects.filter(live=True).count() == 3
        one = OutputFinding.objects.get(note="odd")
        assert (one.category.key, one.severity.key) == ("label.missed", "major")
        assert (one.span_start, one.span_end) == (0, 2)
        assert OutputFinding.objects.filter(judgement__rater__name="ben").count() == 2
        assert set(Rater.objects.values_list("kind", "about")) == {("imported", "expert")}
        event = AuditEvent.objects.get(verb="imported labels")
        assert (event.by, event.subject, event.data) == (olga, "imported", {"stored": 2})

    def test_again_changes_nothing(self, project, run):
        rows = [record(i, findings=[]) for i in (1, 2)]
        bring(project, *rows)
        before = AuditEvent.objects.count()
        again = bring(project, *rows, *rows)
        assert (again.unchanged, again.lines) == (4, 4)
        assert OutputJudgement.objects.count() == 4
        assert AuditEvent.objects.count() == before

    def test_one_after_the_other_in_one_file(self, project, run):
        first = record(sides={NEW: "ok"})
        second = record(sides={NEW: "error"}, findings=[found()], revision=2)
        result = bring(project, first, second, first, second)
        assert (result.stored, result.superseded, result.unchanged) == (1, 1, 2)
        assert list(OutputJudgement.objects.values_list("revision", "live", "verdict")) == [
            (1, False, "ok"),
            (2, True, "error"),
        ]
        assert bring(project, first, second).unchanged == 2

    def test_sides_that_come_apart(self, project, run):
        result = bring(project, record(sides={OLD: "ok"}), record(sides={OLD: "ok", NEW: "ok"}))
        assert (result.stored, result.added) == (1, 1)

    def test_a_contradiction_is_told_and_not_written(self, project, run):
        bring(project, record(sides={NEW: "ok"}))
        result = bring(project, record(sides={NEW: "error"}, findings=[found()]))
        assert (result.conflicting, result.written) == (1, 0)
        assert "send `revision` 2" in result.problems[0].reason
        assert OutputJudgement.objects.get().verdict == "ok"

    def test_one_authoritative_word(self, project, run):
        bring(project, record(sides={NEW: "ok"}, authoritative=True))
        result = bring(project, record(1, "ben", sides={NEW: "ok"}, authoritative=True))
        assert result.conflicting == 1
        assert "authoritative" in result.problems[0].reason

    def test_what_is_not_known_to_be_blind_is_counted(self, project, run):
        assert bring(project, record(blind=None)).not_blind == 1
        assert bring(project, record(2, blind=None), blind=True).not_blind == 0
        assert bring(project, record(3, blind=False), blind=True).not_blind == 1

    def test_what_is_said_of_a_set_can_be_said_anew(self, project, run):
        bring(project, record(), design=None, name="mine")
        assert LabelSet.objects.get().design == "unknown"
        bring(project, record(), design="census", name="mine")
        assert LabelSet.objects.get().design == "census"
        assert AuditEvent.objects.filter(verb="said of label set").count() == 1

    def test_out_and_in_again(self, project, run):
        findings = [found(span=[0, 1], note="x"), found(category=None, note="odd")]
        bring(project, record(sides={NEW: "error"}, findings=findings, note="all", duration_s=3))
        (out,) = label_records.of(project, [], loose=True)
        assert out["sides"] == {NEW: "error"}
        assert bring(project, json.loads(json.dumps(out))).unchanged == 1

    def test_a_default_severity_is_filled_in(self, project, run):
        bring(project, record(sides={NEW: "error"}, findings=[found(severity=None)]))
        expected = project.taxonomy_version.leaves().get(key="label.missed").default_severity
        assert OutputFinding.objects.get().severity == expected


class TestBadLines:
    @pytest.mark.parametrize(
        ("change", "path", "reason"),
        [
            ({"request": "none"}, "$.request", "send traffic first"),
            ({"sides": {"gpt": "ok"}}, "$.sides", "no model version 'gpt'"),
            ({"taxonomy": "support@9"}, "$.taxonomy", "classification@1"),
            ({"findings": [found(category="label")]}, "$.findings[0].category", "heading"),
            ({"findings": [found(category="no")]}, "$.findings[0].category", "no category"),
            ({"findings": [found(severity="bad")]}, "$.findings[0].severity", "major"),
            ({"findings": [found(span=[0, 5])]}, "$.findings[0].span", "4 characters"),
            ({"findings": [found(span=[1, 1])]}, "$.findings[0].span", "holds nothing"),
            ({"findings": [found(path="$.a")]}, "$.findings[0].path", "no text"),
            ({"findings": [found(note="x" * 10_001)]}, "$.findings[0].note", "longer"),
            ({"findings": [found(category=None, note=" ")]}, "$.findings[0].note", "blank"),
            ({"findings": [found()] * 1001}, "$.findings", "1,000"),
            ({"note": "x" * 10_001}, "$.note", "longer"),
            ({"sides": {"triage-11": "fine"}}, "$.sides[...]", 'is not "ok" or "error"'),
            ({"run": "none", "sides": {"baseline": "ok"}, "findings": []}, "$.run", "no run"),
        ],
    )
    def test_is_named_and_costs_nothing_else(self, project, run, change, path, reason):
        bad = {**record(sides={NEW: "error"}), **change}
        result = bring(project, bad, record(2))
        assert (result.rejected, result.stored) == (1, 1)
        (problem,) = result.problems
        assert (problem.line, problem.path) == (1, path)
        assert reason in problem.reason

    def test_a_million_findings(self, project, run):
        findings = [{"side": NEW, "note": "x"}] * 1_000_000
        result = bring(project, record(sides={NEW: "error"}, findings=findings))
        assert (result.rejected, OutputJudgement.objects.count()) == (1, 0)

    def test_an_output_that_is_not_there(self, project, run, olga):
        project.models.create(name="triage-13")
        result = bring(project, record(sides={"triage-13": "ok"}))
        assert "no output of 'triage-13'" in result.problems[0].reason

    def test_a_rater_of_another_kind(self, project, run):
        bring(project, record(), kind="expert")
        result = bring(project, record(2), kind="model")
        assert (result.rejected, result.problems[0].path) == (1, "$.reviewer")
        assert "known here as expert" in result.problems[0].reason

    def test_too_many_raters(self, project, run, monkeypatch):
        monkeypatch.setattr("reviewapp.actions.imported.MOST_RATERS", 2)
        result = bring(project, *(record(1, f"r{i}") for i in range(4)))
        assert (result.stored, result.rejected) == (2, 2)

    def test_another_projects_outputs(self, project, run, olga):
        from reviewapp.actions import projects

        other = projects.create(slug="other", name="Other", preset="classification", by=olga)
        assert bring(other, record()).rejected == 1


class TestTheDatabase:
    def test_keeps_judgements(self, project, run):
        bring(project, record(sides={NEW: "error"}, findings=[found()]))
        for change in (
            lambda: OutputJudgement.objects.update(verdict="ok"),
            lambda: OutputFinding.objects.update(note="x"),
            lambda: OutputFinding.objects.all().delete(),
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                change()

    def test_several_chunks(self, project, run, monkeypatch):
        monkeypatch.setattr("reviewapp.actions.imported.CHUNK", 2)
        rows = [record(i, name) for i in (1, 2, 3, 4) for name in ("ann", "ben")]
        assert bring(project, *rows).stored == 8
        assert AuditEvent.objects.filter(verb="imported labels").count() == 4
        assert LabelSet.objects.get().changes == 16
