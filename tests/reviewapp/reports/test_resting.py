"""How long reports are let rest while people label."""

from datetime import timedelta

import pytest
from django.utils import timezone

from reviewapp.actions import reports
from reviewapp.models import Report, ReportPart
from reviewapp.reports.resting import LONGEST, SHORTEST, rest


@pytest.fixture
def took(finished_run):
    """A report that took so long, parts too, and was done a second ago."""
    reports.refresh(run=finished_run)

    def then(core, *parts):
        ended = timezone.now() - timedelta(seconds=1)
        Report.objects.update(seconds=core, computed_at=ended - timedelta(seconds=core))
        for number, seconds in enumerate(parts):
            ReportPart.objects.create(
                run=finished_run,
                name=f"part-{number}",
                data={},
                basis={"format": 4},
                seconds=seconds,
                computed_at=ended,
            )
        return finished_run

    return then


class TestRest:
    def test_a_twentieth_of_a_core(self, took):
        assert rest(took(0.5, 1.5, 2).pk) == pytest.approx(20 * 4 - 1, abs=0.5)

    def test_no_longer_than_ten_minutes(self, took):
        assert rest(took(100).pk) == pytest.approx(LONGEST - 1, abs=0.5)

    def test_a_part_that_failed_took_nothing(self, took):
        run = took(0.5, 1.5)
        ReportPart.objects.create(
            run=run, name="broken", why="x", basis={}, seconds=30, computed_at=timezone.now()
        )
        assert rest(run.pk) == pytest.approx(20 * 2 - 1, abs=0.5)

    def test_whoever_looks_waits_for_the_core_alone(self, took):
        run = took(3, 50)
        assert rest(run.pk, looked_at=True) == pytest.approx(3 - 1, abs=0.5)

    def test_a_moment_at_least(self, took):
        run = took(0)
        assert 0 < rest(run.pk) <= SHORTEST - 1
        assert 0 < rest(run.pk, looked_at=True) <= SHORTEST - 1

    def test_until_it_is_over(self, took):
        run = took(0.01)
        Report.objects.update(computed_at=timezone.now() - timedelta(seconds=9))
        assert rest(run.pk) == 0

    def test_one_that_was_never_computed(self, finished_run):
        assert rest(finished_run.pk) == 0

    def test_another_version_has_a_rest_of_its_own(self, took):
        assert rest(took(5).pk, version_id=-1) == 0
