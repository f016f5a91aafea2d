import json

import pytest

from reviewapp.actions import projects, promotions, reports
from reviewapp.models import Promotion, Report

REPORT = "/p/support/runs/shadow-11/report/"


@pytest.fixture
def computed(finished_run, olga):
    projects.set_policy(project=finished_run.project, margin=0.05, critical_margin=0.01, by=olga)
    return reports.refresh(run=finished_run)


class TestReport:
    def test_it_works(self, as_user, bob, computed):
        page = as_user(bob).get(REPORT)
        assert page.status_code == 200
        for sentence in computed.data["sentences"]:
            assert sentence in page.content.decode()

    def test_who_may_not(self, closed, computed):
        closed(REPORT)

    def test_it_is_never_computed_here(self, as_user, bob, finished_run):
        page = as_user(bob).get(REPORT)
        assert "The report is being computed" in page.content.decode()
        assert not Report.objects.exists()

    def test_both_populations(self, as_user, bob, computed):
        window, traffic = (as_user(bob).get(REPORT, {"for": one}) for one in ("window", "traffic"))
        assert (window.context["kind"], traffic.context["kind"]) == ("difference", "future")

    def test_monthly_cost(self, as_user, bob, computed):
        page = as_user(bob).get(REPORT, {"volume": "1000000"})
        assert page.context["monthly"]["candidate"] == pytest.approx(2000)
        assert as_user(bob).get(REPORT, {"volume": "9" * 99}).context["monthly"] is None

    def test_json(self, as_user, bob, computed):
        answer = as_user(bob).get(REPORT, {"as": "json"})
        assert json.loads(answer.content)["population"]["requests"] == 12

    @pytest.mark.parametrize("frozen", ["0", "x", "9" * 5000, "\0"])
    def test_no_such_frozen_report(self, as_user, bob, computed, frozen):
        assert as_user(bob).get(REPORT, {"frozen": frozen}).status_code == 404

    def test_a_frozen_report_of_another_run(self, as_user, bob, computed, alice):
        frozen = reports.freeze(run=computed.run, by=alice)
        assert as_user(bob).get(REPORT, {"frozen": frozen.pk}).status_code == 200
        assert as_user(bob).get(REPORT, {"frozen": computed.pk}).status_code == 404


class TestFreeze:
    def test_it_works(self, as_user, alice, computed):
        page = as_user(alice).post(f"{REPORT}freeze/", follow=True)
        frozen = Report.objects.get(frozen_at__isnull=False)
        assert frozen.digest[:16] in page.content.decode()
        assert "Open a promotion on it" in page.content.decode()

    def test_a_reviewer_may_not(self, as_user, bob, computed):
        assert as_user(bob).post(f"{REPORT}freeze/").status_code == 403

    def test_then_a_promotion_on_that_very_report(self, as_user, alice, computed):
        frozen = reports.freeze(run=computed.run, by=alice)
        address = "/p/support/promotions/open/shadow-11/"
        as_user(alice).post(address, {"frozen": frozen.pk, "note": "Friday?"})
        assert Promotion.objects.get().report == frozen
        assert promotions.open(run=computed.run, by=alice, frozen=frozen).number == 1
