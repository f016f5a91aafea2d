import json
from datetime import timedelta

import pytest
from django.utils import timezone

from reviewapp.actions import parts, projects, promotions, reports
from reviewapp.models import Promotion, Report, ReportPart
from reviewapp.reports.resting import rest
from tests.reviewapp.label_by_hand import label_one

REPORT = "/p/support/runs/shadow-11/report/"


@pytest.fixture
def computed(finished_run, olga):
    projects.set_policy(project=finished_run.project, margin=0.05, critical_margin=0.01, by=olga)
    reports.refresh(run=finished_run)
    parts.up_to_date(run=finished_run)
    return Report.objects.current(finished_run)


def htmx(target):
    return {"HX-Request": "true", "HX-Target": target}


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

    def test_whoever_looks_has_what_is_behind_computed_at_once(
        self, as_user, bob, computed, monkeypatch, django_capture_on_commit_callbacks
    ):
        asked = []
        for module in (reports, parts):
            monkeypatch.setattr(module, "soon", lambda task, *args, **more: asked.append(task))
        long_ago = timezone.now() - timedelta(hours=1)
        ReportPart.objects.filter(name="days").update(basis={}, computed_at=long_ago)
        computed.data["parts"]["days"]["basis"] = {}
        computed.save()
        with django_capture_on_commit_callbacks(execute=True):
            as_user(bob).get(REPORT)
        assert asked == ["reviewapp.tasks.refresh_part"]
        label_one(computed.run)
        Report.objects.update(seconds=9, computed_at=timezone.now() - timedelta(seconds=30))
        with django_capture_on_commit_callbacks(execute=True):
            as_user(bob).get(REPORT)
        assert asked[1:] == ["reviewapp.tasks.refresh_report"]

    def test_one_that_cannot_be_computed_says_so(self, as_user, bob, finished_run, monkeypatch):
        monkeypatch.setattr(reports.report, "assemble", lambda run, version: 1 / 0)
        assert reports.refresh_once(run=finished_run)
        page = as_user(bob).get(REPORT).content.decode()
        assert "The report could not be computed (ZeroDivisionError)" in page
        assert rest(finished_run.pk) > 50
        monkeypatch.undo()
        assert reports.refresh_once(run=finished_run)
        assert "could not be computed" not in as_user(bob).get(REPORT).content.decode()

    def test_numbers_of_before_say_that_none_are_newer(self, as_user, bob, computed, monkeypatch):
        label_one(computed.run)
        monkeypatch.setattr(reports.report, "assemble", lambda run, version: 1 / 0)
        reports.refresh_once(run=computed.run)
        page = as_user(bob).get(REPORT).content.decode()
        assert "newer labels could not be worked in (ZeroDivisionError)" in page
        assert computed.data["sentences"][0] in page

    def test_both_populations(self, as_user, bob, computed):
        window, traffic = (as_user(bob).get(REPORT, {"for": one}) for one in ("window", "traffic"))
        assert (window.context["kind"], traffic.context["kind"]) == ("difference", "future")

    def test_a_day_with_labels_of_identical_pairs_alone(self, as_user, bob, computed):
        day = {
            "day": "2026-01-01",
            "requests": 5,
            "outcomes": {"differ": 0, "failed": 0},
            "drawn": 5,
            "labelled": 5,
            "skipped": 0,
            "difference": None,
        }
        computed.data["days"] = {"days": [day]}
        computed.save()
        assert "no label of a pair that differs" in as_user(bob).get(REPORT).content.decode()

    @pytest.mark.parametrize(
        ("release", "said"),
        [(3, "what is served is not the same throughout"), (4, "the outputs do not all match")],
    )
    def test_steadiness_in_words_that_held_then(self, as_user, bob, computed, release, said):
        side = {"flipped": 1, "rate": {"value": 0.5, "low": 0.1, "high": 0.9}}
        computed.data["flips"] = {
            "repeats": None,
            "variants": {
                "groups": 2,
                "outcome": "output",
                "baseline": side,
                "candidate": side,
                "only_candidate": 0,
                "only_baseline": 0,
                "difference": None,
                "p": 1.0,
            },
        }
        computed.data["parts"]["flips"]["basis"] = {"format": release}
        computed.save()
        assert said in as_user(bob).get(REPORT).content.decode()

    def test_monthly_cost(self, as_user, bob, computed):
        page = as_user(bob).get(REPORT, {"volume": "1000000"})
        assert page.context["monthly"]["candidate"]["value"] == pytest.approx(2000)
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

    def test_a_volume_that_is_no_number(self, as_user, bob, computed):
        page = as_user(bob).get(REPORT, {"volume": "many"}).content.decode()
        assert "“many” is not a number of requests" in page

    def test_few_queries_however_much_is_on_it(self, as_user, bob, computed, queries):
        before = queries(as_user(bob), REPORT)
        label_one(computed.run)
        reports.refresh(run=computed.run)
        parts.up_to_date(run=computed.run)
        assert queries(as_user(bob), REPORT) == before <= 14

    def test_the_page_is_small(self, as_user, bob, computed):
        assert len(as_user(bob).get(REPORT).content) < 300_000


class TestFragments:
    def test_the_other_interval(self, as_user, bob, computed):
        label_one(computed.run)
        reports.refresh(run=computed.run)
        fragment = as_user(bob).get(REPORT, {"for": "traffic"}, headers=htmx("categories"))
        assert fragment.content.decode().strip().startswith('<section id="categories"')
        assert "HX-Request" in fragment["Vary"]

    def test_a_month(self, as_user, bob, computed):
        fragment = as_user(bob).get(REPORT, {"volume": "1000"}, headers=htmx("monthly"))
        assert "A month: $1.00 → $2.00" in fragment.content.decode()

    def test_the_first_report_shows_itself(self, as_user, bob, computed):
        assert as_user(bob).get(REPORT, headers=htmx("waiting"))["HX-Refresh"] == "true"
        computed.delete()
        fragment = as_user(bob).get(REPORT, headers=htmx("waiting"))
        assert 'hx-trigger="every 2s"' in fragment.content.decode()

    def test_a_part_is_put_in_its_place_when_it_is_there(self, as_user, bob, finished_run):
        reports.refresh(run=finished_run)
        client = as_user(bob)
        page = client.get(REPORT)
        assert "latency" in page.context["waiting"]
        assert "Being computed; it appears here by itself." in page.content.decode()
        parts.refresh(run=finished_run, name="latency")
        fragment = client.get(f"{REPORT}?{page.context['poll']}", headers=htmx("age"))
        text = fragment.content.decode()
        assert 'id="part-latency" aria-labelledby="latency-heading" hx-swap-oob="true"' in text
        assert "part-cost" not in text

    def test_it_stops_asking_when_all_is_there(self, as_user, bob, computed):
        assert "hx-trigger" not in as_user(bob).get(REPORT, headers=htmx("age")).content.decode()

    def test_newer_numbers_are_offered(self, as_user, bob, computed):
        label_one(computed.run)
        page = as_user(bob).get(REPORT)
        assert "newer labels are being worked in" in page.content.decode()
        reports.refresh(run=computed.run)
        parts.up_to_date(run=computed.run)
        fragment = as_user(bob).get(f"{REPORT}?{page.context['poll']}", headers=htmx("age"))
        assert "newer numbers are there: show them" in fragment.content.decode()
        assert "hx-trigger" not in fragment.content.decode()

    def test_a_part_says_how_old_it_is(self, as_user, bob, computed):
        ReportPart.objects.filter(name="cost").update(basis={})
        computed.data["parts"]["cost"]["basis"] = {}
        computed.save()
        assert "being computed again" in as_user(bob).get(REPORT).content.decode()


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

    def test_it_ends_with_the_record(self, as_user, alice, computed):
        promotion = promotions.open(run=computed.run, by=alice, note="Friday?")
        address = f"{REPORT}?frozen={promotion.report_id}"
        assert "not decided yet" in as_user(alice).get(address).content.decode()
        promotions.decide(promotion=promotion, verdict="refuse", reason="Too many.", by=alice)
        page = as_user(alice).get(address).content.decode()
        assert "Too many." in page
        assert promotion.report.digest in page
