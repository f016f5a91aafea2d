"""What a run may spend and take."""

from decimal import Decimal

import pytest
from django.utils import timezone

from evals import compare
from evals.models import Comparison, Run
from reviewapp.actions import limits, runs
from reviewapp.actions.models import define
from reviewapp.models import AuditEvent
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.test_models import FETCHED
from tests.reviewapp.actions.test_runs import an_evalset

PRICES = {"price_input": 2, "price_output": 10}


@pytest.fixture
def asked(project, erin):
    return define(project=project, name="asked", by=erin, **FETCHED, **PRICES)


@pytest.fixture
def shadow(project, models, erin, asked):
    return runs.start(
        project=project, name="live", baseline=models[0], candidate=asked, share=0.1, by=erin
    )


class TestStart:
    def start(self, project, models, erin, **fields):
        sides = {"baseline": models[0], "candidate": models[1]}
        return runs.start(project=project, name="x", by=erin, **{**sides, **fields})

    def test_it_works(self, project, models, erin, asked):
        version = an_evalset(project, erin)
        run = self.start(
            project, models, erin, candidate=asked, evalset_version=version,
            samples=3, cap_usd=Decimal("2.5"),
        )  # fmt: skip
        run.refresh_from_db()
        assert (run.samples, run.cap_usd) == (3, Decimal("2.5"))
        assert AuditEvent.objects.get(verb="started").data["cap_usd"] == "2.5"

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"samples": 2}, "offline run"),
            ({"share": 1.5}, "from 0 to 1"),
            ({"share": float("nan")}, "from 0 to 1"),
            ({"cap_usd": Decimal(-1)}, "US dollars"),
            ({"cap_usd": Decimal("NaN")}, "US dollars"),
        ],
    )
    def test_refused(self, project, models, erin, fields, words):
        with pytest.raises(runs.RunError, match=words):
            self.start(project, models, erin, **fields)
        assert not Run.objects.exists()

    def test_a_cap_needs_prices(self, project, models, erin):
        bare = define(project=project, name="bare", by=erin, **FETCHED)
        with pytest.raises(runs.RunError, match="needs prices, and bare has none"):
            self.start(project, models, erin, candidate=bare, cap_usd=Decimal(1))

    def test_an_eval_set_is_taken_whole(self, project, models, erin):
        with pytest.raises(runs.RunError, match="share of traffic"):
            self.start(project, models, erin, evalset_version=an_evalset(project, erin), share=0.5)


class TestShare:
    def send(self, project, count=200):
        now = timezone.now().isoformat()
        rows = scenes.records([scenes.SAME] * count, occurred_at=now)
        scenes.send(project, rows)

    def test_raising_it_only_adds(self, shadow, project, erin):
        self.send(project)
        compare.enrol(shadow)
        first = set(Comparison.objects.values_list("request", flat=True))
        assert 5 <= len(first) <= 45
        limits.raise_share(run=shadow, share=0.6, by=erin)
        shadow.refresh_from_db()
        compare.enrol(shadow)
        second = set(Comparison.objects.values_list("request", flat=True))
        assert first < second
        assert 90 <= len(second) <= 150
        limits.raise_share(run=shadow, share=1, by=erin)
        shadow.refresh_from_db()
        compare.enrol(shadow)
        assert Comparison.objects.count() == 200

    def test_only_traffic_belongs_to_it(self, project, models, erin):
        an_evalset(project, erin)
        run = runs.start(
            project=project, name="x", baseline=models[0], candidate=models[1], by=erin
        )
        self.send(project, 3)
        compare.enrol(run)
        assert {one.request.source for one in Comparison.objects.all()} == {"traffic"}

    def test_it_cannot_be_lowered(self, shadow, erin):
        with pytest.raises(runs.RunError, match="takes 10 % of the traffic"):
            limits.raise_share(run=shadow, share=0.05, by=erin)

    def test_an_offline_run_has_none(self, project, models, erin):
        run = runs.start(
            project=project, name="x", baseline=models[0], candidate=models[1], by=erin,
            evalset_version=an_evalset(project, erin),
        )  # fmt: skip
        with pytest.raises(runs.RunError, match="offline run"):
            limits.raise_share(run=run, share=1, by=erin)


class TestCap:
    def test_all_or_nothing(self, shadow, erin):
        with pytest.raises(runs.RunError):
            limits.change(run=shadow, by=erin, traffic_share=0.5, cap_usd=Decimal(-1))
        shadow.refresh_from_db()
        assert shadow.sampling["traffic_share"] == 0.1

    def test_a_finished_run_has_none_to_change(self, run, erin):
        with pytest.raises(runs.RunError, match="is finished"):
            limits.set_cap(run=run, cap_usd=Decimal(1), by=erin)

    @pytest.mark.parametrize(
        ("by", "cap", "after"),
        [
            ("cap", 2, "running"),
            ("cap", None, "running"),
            ("cap", 0, "paused"),
            ("hand", 2, "paused"),
        ],
    )
    def test_what_it_paused_goes_on(self, shadow, erin, by, cap, after):
        Run.objects.update(state="paused", paused_by=by, cap_usd=1)
        limits.set_cap(run=shadow, cap_usd=None if cap is None else Decimal(cap), by=erin)
        shadow.refresh_from_db()
        assert shadow.state == after
        assert AuditEvent.objects.filter(verb="changed the spending cap of").count() == 1
