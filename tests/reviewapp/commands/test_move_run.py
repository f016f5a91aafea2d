import json

import pytest

from reviewapp.models import AuditEvent, Exposure
from tests.reviewapp.actions.scenes import review
from tests.reviewapp.versions import further


@pytest.fixture
def item(finished_run, rater, project, bob):
    found = finished_run.items.filter(stratum__startswith="differ").first()
    review(found, rater(project, bob), "", "label.missed")
    return found


@pytest.fixture
def second(project):
    return further(
        project,
        new=("late", "never"),
        out=("label.missed", "label.none"),
        became={"label.missed": "late never"},
    )


class TestMoveRun:
    def test_it_works(self, manage, item, second, finished_run, alice):
        ran = manage("move_run", "support", "shadow-11", "classification@2", "--by", "alice")
        assert ran.code == 0, ran.err
        assert "1 items go back to the queue (1 of “Missed”)" in ran.out
        finished_run.refresh_from_db()
        assert finished_run.taxonomy_version == second
        assert AuditEvent.objects.get(verb__startswith="moved").by == alice

    def test_dry_run(self, manage, item, second, finished_run):
        args = ("move_run", "support", "shadow-11", "classification@2", "--dry-run", "--json")
        assert json.loads(manage(*args).out)["items"] == 1
        finished_run.refresh_from_db()
        assert str(finished_run.taxonomy_version) == "classification@1"

    @pytest.mark.parametrize(
        ("version", "word"), [("x", "classification@1"), ("classification@1", "already")]
    )
    def test_bad_input(self, manage, item, second, version, word):
        ran = manage("move_run", "support", "shadow-11", version)
        assert ran.code == 1
        assert word in ran.err


class TestReport:
    def test_in_another_version(self, manage, item, second):
        ran = manage("report", "support", "shadow-11", "--taxonomy", "classification@2")
        assert "Shown in classification@2: 1 label was made in classification@1" in ran.out

    def test_no_such_version(self, manage, item):
        assert manage("report", "support", "shadow-11", "--taxonomy", "x@1").code == 1


class TestExportLabels:
    def test_whoever_is_named_has_seen_them(self, manage, item, erin):
        ran = manage("export_labels", "support", "--by", "erin")
        assert json.loads(ran.out)["taxonomy"] == "classification@1"
        assert Exposure.objects.get().user == erin

    def test_nobody_named(self, manage, item):
        assert manage("export_labels", "support").out
        assert not Exposure.objects.exists()
