"""A run with real content in every part of its report (tests/reviewapp/rich_scene.py)."""

import pytest

from evals import values
from reviewapp.actions import reports
from reviewapp.models import Report
from tests.reviewapp import rich_scene
from tests.reviewapp.reported import computed
from tests.reviewapp.reports.test_report_schema import problems

REPORT = "/p/support/runs/shadow-11/report/"


@pytest.fixture
def scene(olga):
    return rich_scene.build(olga, requests=240, labels=50, budget=80, marked=9)


class TestRich:
    def test_every_part_has_something_to_show(self, scene):
        data, tested = computed(scene.run).data, computed(scene.tested).data
        assert problems(data) == problems(tested) == []
        missing = [name for name, part in data["parts"].items() if part["why"]]
        assert missing == ["score"]  # a shadow's requests have no known answers
        assert data["noise"]["only_candidate"] + data["noise"]["only_baseline"] > 0
        assert data["flips"]["variants"]["groups"] == 12
        assert data["flips"]["repeats"]["groups"] > 0
        assert any(one["positives"] for one in data["accuracy"]["categories"])
        assert len(data["days"]["days"]) >= rich_scene.DAYS
        assert "voucher" in data["drift"]["clusters"][0]["nearest"][0]["text"]
        assert [one["alpha"] is not None for one in data["agreement"]["categories"]].count(True) > 1

    def test_scores_stand_apart_and_say_whose_words_they_are_in(self, scene, as_user):
        data = computed(scene.tested).data
        origins = [one["origin"] for one in data["score"]["by_origin"]]
        assert origins == ["traffic", "discrepancy", "import"]
        own = data["score"]["own_words"]
        assert own["baseline"] > 0
        assert own["candidate"] > 0
        page = as_user(scene.people["alice"]).get("/p/support/runs/eval-11/report/")
        assert "Word for word they favour whoever wrote them" in page.content.decode()
        computed(scene.run)
        shadow = as_user(scene.people["alice"]).get(REPORT).content.decode()
        assert "/runs/eval-11/report/#part-score" in shadow

    def test_what_was_frozen_stays_as_it_is(self, scene, as_user):
        alice = scene.people["alice"]
        computed(scene.run)
        frozen = reports.freeze(run=scene.run, by=alice)
        address, client = f"{REPORT}?frozen={frozen.pk}", as_user(alice)
        before = _numbers(client.get(address))
        left = scene.run.items.filter(state="disputed").order_by("pk").first()
        lead = scene.project.raters.get(name="alice")
        item = rich_scene.loaded(left.pk)
        rich_scene.say(scene, item, lead, {"baseline": [], "candidate": []}, adjudicate=True)
        assert computed(scene.run).data["labels"]["resolved"] == (
            frozen.data["labels"]["resolved"] + 1
        )
        assert _numbers(client.get(address)) == before
        again = Report.objects.get(pk=frozen.pk)
        assert again.digest == values.digest(again.data)


def _numbers(page):
    """The page without what depends on when and by whom it is read."""
    return page.content.decode().split('id="categories"')[1].split('id="sign-off"')[0]
