"""Comparators: tried on what was compared before they are saved; a run compared again."""

import json

import pytest
from django.core.cache import cache

from evals import recompute
from evals.models import ComparisonSet
from reviewapp import trying
from reviewapp.actions import projects, redraw
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.scenes import DIFFER, SAME

pytestmark = pytest.mark.django_db

PAGE = "/p/support/settings/comparators/"
TRY = PAGE + "try/"
LABEL = {"comparators": [{"kind": "label"}]}
HTMX = {"HX-Request": "true", "HX-Target": "tried"}


@pytest.fixture
def run(project, models):
    """Two pairs whose case differs, asked twice; three that differ; one that is the same."""
    rows = scenes.records([("aaaa", "AAAA")] * 2 + [DIFFER] * 3 + [SAME])
    for row, again in zip(rows, ("Aaaa", "cccc"), strict=False):
        row["outputs"].append({"model": "triage-09", "sample": 1, "output": again})
    return scenes.recorded(project, models, rows=rows)


def send(client, config=LABEL, headers=HTMX, **more):
    data = {"config": config if isinstance(config, str) else json.dumps(config), **more}
    return client.post(TRY, data, headers=headers)


class TestTryOut:
    def test_it_works(self, run, alice, as_user, project):
        page = send(as_user(alice), run="run-1").content.decode()
        assert "<strong>3</strong> would be" in page
        assert "5 are now" in page
        assert "2 pairs change outcome" in page
        assert "differ → <strong>equivalent</strong>" in page
        assert '<th scope="col" class="number">equivalent</th>' in page
        assert "Save</button>" not in page  # the part alone
        project.refresh_from_db()
        assert project.pipeline == {}
        assert not ComparisonSet.objects.exists()

    def test_how_often_the_noise_sample_fires(self, run, alice, as_user):
        found = trying.begin(run, LABEL)
        trying.go_on(found)
        noise = trying.summary(found)["noise"]
        assert (noise["requests"], noise["baseline_then"], noise["baseline_now"]) == (2, 2, 1)
        assert (noise["candidate_then"], noise["candidate_now"]) == (2, 0)
        assert "2 requests on which" in send(as_user(alice)).content.decode()

    def test_no_text_is_tied_to_a_side(self, run, alice, as_user):
        """Whichever side said it, what stands first in the alphabet stands first."""
        page = send(as_user(alice)).content.decode()
        assert page.index(">AAAA<") < page.index(">aaaa<")
        assert "triage-09" not in page
        assert "triage-11" not in page

    def test_without_script_it_is_the_whole_page(self, run, alice, as_user):
        page = send(as_user(alice), headers={}).content.decode()
        assert "<strong>3</strong> would be" in page
        assert "&quot;label&quot;" in page  # what was tried is in the form still
        assert "Save</button>" in page

    def test_a_bit_at_a_time(self, run, alice, as_user, monkeypatch):
        monkeypatch.setattr(trying, "STEP", 2)
        monkeypatch.setattr(trying.go_on, "__defaults__", (0,))
        client = as_user(alice)
        page = send(client).content.decode()
        assert "<strong>2</strong> pairs tried, 4 to go" in page
        address = page.split('hx-get="')[1].split('"')[0]
        assert "4</strong> pairs tried" in client.get(address, headers=HTMX).content.decode()
        page = client.get(address, headers=HTMX).content.decode()
        assert "<strong>3</strong> would be" in page
        assert "hx-get" not in page
        assert "<strong>3</strong> would be" in client.get(address).content.decode()

    def test_the_cache_was_emptied(self, run, alice, as_user):
        client = as_user(alice)
        trial = trying.begin(run, LABEL)
        trying.go_on(trial)
        cache.clear()
        page = client.get(f"{TRY}{trial.token}/", headers=HTMX)
        assert "Try it again" in page.content.decode()
        assert client.get(f"{TRY}{trial.token}/").status_code == 404

    def test_bad_comparators(self, run, alice, as_user):
        page = send(as_user(alice), {"comparators": [{"kind": "odd"}]}).content.decode()
        assert "Nothing was tried" in page
        assert "<code>comparators[0].kind</code>" in page
        assert "line 2, column 1" in send(as_user(alice), "{\n").content.decode()

    def test_nothing_to_try_it_on(self, project, alice, as_user):
        assert "nothing to try it on" in send(as_user(alice)).content.decode()

    def test_who_may(self, run, bob, erin, closed, as_user):
        closed(TRY, "post")
        trial = trying.begin(run, LABEL)
        trying.go_on(trial)
        closed(f"{TRY}{trial.token}/")
        for user in (bob, erin):
            assert send(as_user(user)).status_code == 403
            assert as_user(user).get(f"{TRY}{trial.token}/").status_code == 403

    def test_another_projects_trial(self, run, olga, as_user):
        trial = trying.begin(run, LABEL)
        trying.go_on(trial)
        projects.create(slug="other", name="Other", preset="classification", by=olga)
        address = f"/p/other/settings/comparators/try/{trial.token}/"
        assert as_user(olga).get(address).status_code == 404
        assert send(as_user(olga), run="no-such").status_code == 404

    def test_hostile_texts_are_text(self, project, models, alice, as_user):
        nasty = "<script>alert(1)</script>"
        scenes.recorded(project, models, [(nasty, nasty.upper())])
        page = send(as_user(alice)).content.decode()
        assert "<script>" not in page
        assert "&lt;script&gt;" in page


class TestCompareAgain:
    address = "/p/support/runs/run-1/compare-again/"

    def test_it_works(self, run, project, alice, as_user):
        client = as_user(alice)
        projects.set_pipeline(project=project, pipeline=LABEL, by=alice)
        page = client.get("/p/support/runs/run-1/").content.decode()
        assert "are others by now" in page
        assert client.post(self.address).status_code == 302
        run.refresh_from_db()
        assert run.pipeline == LABEL
        page = client.get("/p/support/runs/run-1/").content.decode()
        assert "Being compared again" in page
        assert "<strong>0 %</strong> of 6 comparisons" in page
        assert "are others by now" not in page

    def test_until_it_is_done(self, run, project, alice, as_user):
        client = as_user(alice)
        projects.set_pipeline(project=project, pipeline=LABEL, by=alice)
        client.post(self.address)
        headers = {"HX-Request": "true", "HX-Target": "again"}
        watched = client.get("/p/support/runs/run-1/", headers=headers)
        assert "HX-Refresh" not in watched
        made = ComparisonSet.objects.get(number=2)
        recompute.recompute(made)
        redraw.draw_again(made=made)
        watched = client.get("/p/support/runs/run-1/", headers=headers)
        assert watched["HX-Refresh"] == "true"
        page = client.get("/p/support/runs/run-1/").content.decode()
        assert "by alice" in page
        assert "Being compared again" not in page

    def test_what_cannot_be(self, run, alice, as_user):
        page = as_user(alice).post(self.address, follow=True).content.decode()
        assert "has these comparators already" in page

    def test_who_may(self, run, bob, erin, closed, as_user):
        closed(self.address, "post")
        for user in (bob, erin):
            assert as_user(user).post(self.address).status_code == 403


class TestNoise:
    def test_on_the_page_of_the_run(self, run, alice, as_user):
        page = as_user(alice).get("/p/support/runs/run-1/").content.decode()
        assert "On 2 requests the baseline was asked the same twice" in page
        assert "They have found nothing yet" in page

    def test_it_is_said_anew_after_a_change(self, run, project, alice, as_user):
        projects.set_pipeline(project=project, pipeline=LABEL, by=alice)
        as_user(alice).post(TestCompareAgain.address)
        recompute.recompute(ComparisonSet.objects.get(number=2))
        page = as_user(alice).get("/p/support/runs/run-1/").content.decode()
        assert "disagreed with itself on 50.0 % of them" in page
