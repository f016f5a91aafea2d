from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from evals.models import Run
from reviewapp import due, tasks
from reviewapp.actions import audit, items, projects, reports
from reviewapp.models import AuditEvent, Report

LONG_AGO = timezone.now() - timedelta(days=9)


@pytest.fixture
def quiet(finished_run, monkeypatch):
    """A run that finished, and was reported on, after all that was done in its project."""
    monkeypatch.setattr(due, "MARGIN", timedelta(0))
    items.draw(run=finished_run)
    reports.refresh(run=finished_run)
    Run.objects.update(finished_at=LONG_AGO)
    return finished_run


class TestChanged:
    def test_nothing_to_look_at(self, quiet):
        assert not due.changed().exists()

    def test_something_was_done_a_moment_before(self, quiet, monkeypatch):
        """Its transaction may have been committed after the report was computed."""
        monkeypatch.setattr(due, "MARGIN", timedelta(minutes=2))
        assert due.changed().get() == quiet

    def test_what_was_committed_late_is_looked_at_once_the_report_has_rested(
        self, quiet, monkeypatch
    ):
        """It was done a moment before the report, and is not in it; that may rest ten minutes."""
        monkeypatch.setattr(due, "MARGIN", timedelta(minutes=2))
        done = AuditEvent.objects.latest("id").at
        Report.objects.update(computed_at=done + timedelta(seconds=1))
        for minutes, looked_at in ((11, True), (60, False)):
            then = done + timedelta(minutes=minutes)
            monkeypatch.setattr(due, "timezone", SimpleNamespace(now=lambda then=then: then))
            assert due.changed().exists() == looked_at

    @pytest.mark.parametrize("sealed", [True, False])
    def test_something_was_done_since_the_report(self, quiet, project, olga, sealed):
        Report.objects.update(computed_at=LONG_AGO - timedelta(days=1))
        if sealed:
            audit.seal(project)
        assert due.changed().get() == quiet

    def test_no_report(self, quiet):
        Report.objects.all().delete()
        assert due.changed().get() == quiet

    def test_not_drawn_yet(self, quiet):
        quiet.items.all().delete()
        assert due.changed().get() == quiet

    def test_another_project(self, quiet, olga):
        projects.create(slug="other", name="Other", preset="classification", by=olga)
        assert not due.changed().exists()


class TestRuns:
    def test_all_once_and_then_what_changed(self, quiet, monkeypatch):
        monkeypatch.setattr(due, "_looked_at_all", [])
        assert [due.runs().count(), due.runs().count()] == [1, 0]

    def test_a_running_one_always(self, quiet, monkeypatch):
        monkeypatch.setattr(due, "_looked_at_all", [due.time.monotonic()])
        Run.objects.update(state="running", finished_at=None)
        assert due.runs().get() == quiet

    def test_keeping_up_with_many_finished_runs_is_cheap(
        self, quiet, monkeypatch, django_assert_max_num_queries
    ):
        monkeypatch.setattr(due, "_looked_at_all", [due.time.monotonic()])
        for i in range(20):
            quiet.pk, quiet.name = None, f"old-{i}"
            quiet.save()
            Report.objects.create(
                run=quiet,
                taxonomy_version=quiet.taxonomy_version,
                data={},
                computed_at=timezone.now(),
            )
        Run.objects.filter(name__startswith="old").update(finished_at=LONG_AGO)
        with django_assert_max_num_queries(3):
            tasks.keep_up()
