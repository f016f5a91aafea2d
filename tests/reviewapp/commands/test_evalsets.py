import json

import pytest

from evals.models import EvalSetVersion
from reviewapp.models import AuditEvent
from tests.reviewapp.conftest import as_lines, records


@pytest.fixture
def gold(manage, models, tmp_path):
    path = tmp_path / "gold.jsonl"
    path.write_bytes(as_lines(records()))
    manage("create_evalset", "support", "gold", path)
    return path


class TestCreateEvalSet:
    def test_it_works(self, manage, gold):
        version = EvalSetVersion.objects.get()
        assert (str(version), version.size) == ("gold@1", 12)
        assert version.examples.first().provenance["file"] == "gold.jsonl"
        assert AuditEvent.objects.filter(actor="command line", verb="made eval set").exists()

    def test_by_and_json(self, manage, gold, erin):
        gold.write_bytes(as_lines(records()[:5]))
        ran = manage("create_evalset", "support", "gold", gold, "--by", "erin", "--json")
        assert json.loads(ran.out)["version"] == 2
        assert EvalSetVersion.objects.get(number=2).created_by == "erin"

    def test_all_or_nothing(self, manage, gold):
        gold.write_bytes(as_lines([*records()[:5], {"id": "x", "input": "y"}]))
        ran = manage("create_evalset", "support", "gold", gold)
        assert ran.code == 1
        assert ran.err.splitlines()[0].startswith("line 6, $.expected")
        assert EvalSetVersion.objects.count() == 1

    def test_bad_input(self, manage, gold, tmp_path):
        assert manage("create_evalset", "support", "a b", gold).code == 1
        assert manage("create_evalset", "none", "gold", gold).code == 1
        assert manage("create_evalset", "support", "gold", tmp_path / "none").code == 1
        assert manage("create_evalset", "support", "gold", gold, "--by", "nobody").code == 1


class TestExportEvalSet:
    def test_it_works(self, manage, gold):
        rows = [json.loads(r) for r in manage("export_evalset", "support", "gold").out.splitlines()]
        assert [row["id"] for row in rows] == [row["id"] for row in records()]

    def test_it_reads_back(self, manage, gold, stdin):
        first = EvalSetVersion.objects.get()
        stdin(manage("export_evalset", "support", "gold").out.encode())
        manage("create_evalset", "support", "copy", "-")
        assert EvalSetVersion.objects.get(evalset__name="copy").digest == first.digest

    def test_format_and_version(self, manage, gold):
        args = ("support", "gold", "--version", "1", "--format", "inspect")
        row = json.loads(manage("export_evalset", *args).out.splitlines()[0])
        assert row["target"] == "billing"
        assert manage("export_evalset", "support", "gold@1").code == 0

    def test_bad_input(self, manage, gold):
        for args, word in (
            (("support", "none"), "gold"),
            (("support", "gold", "--version", "2"), "it has 1"),
            (("support", "gold@x"), "no version"),
            (("support", "gold", "--version", "0"), "from 1"),
            (("support", "gold", "--format", "xml"), "invalid choice"),
        ):
            ran = manage("export_evalset", *args)
            assert ran.code == 1
            assert word in ran.err


class TestExportLabels:
    def test_it_works(self, manage, finished_run):
        assert manage("export_labels", "support").out == ""
        assert manage("export_labels", "support", "--run", "shadow-11").code == 0

    def test_unknown(self, manage, finished_run):
        ran = manage("export_labels", "support", "--run", "none")
        assert ran.code == 1
        assert "shadow-11" in ran.err
