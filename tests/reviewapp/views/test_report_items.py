from uuid import uuid4

import pytest
from django.utils import timezone

from reviewapp.actions import reports, reviews
from reviewapp.models import Exposure, ReviewItem
from tests.reviewapp.actions.scenes import DIFFER, judged, recorded, review
from tests.reviewapp.versions import further

ITEMS = "/p/support/runs/run-1/report/items/"
MISSED, FALSE_ALARM = "label.missed", "label.false-alarm"


@pytest.fixture
def said(project, models):
    """Six items in one line: the first four are resolved, the fifth waits, so the sixth does not
    count, though it is resolved."""
    run = recorded(project, models, [DIFFER] * 6)
    rater = project.raters.create(kind="script", name="ann")
    items = list(ReviewItem.objects.filter(run=run).order_by("comparison__u"))
    review(items[0], rater, candidate=MISSED)
    review(items[1], rater, baseline=MISSED)
    review(items[2], rater, baseline=MISSED, candidate=MISSED)
    review(items[3], rater, candidate=FALSE_ALARM)
    review(items[5], rater, candidate=MISSED)
    reports.refresh(run=run)
    return items


def shown(client, **query):
    page = client.get(ITEMS, query)
    assert page.status_code == 200
    return {row["item"].pk for row in page.context["rows"]}


class TestItems:
    @pytest.mark.parametrize(
        ("query", "at"),
        [
            ({}, {0, 1, 2, 3}),
            ({"category": MISSED}, {0, 1, 2}),
            ({"category": MISSED, "side": "candidate"}, {0, 2}),
            ({"category": MISSED, "side": "baseline"}, {1, 2}),
            ({"category": MISSED, "d": "worse"}, {0}),
            ({"category": MISSED, "d": "better"}, {1}),
            ({"d": "worse"}, {0, 3}),
            ({"side": "nonsense", "d": "\0"}, {0, 1, 2, 3}),
        ],
    )
    def test_the_very_items_behind_each_number(self, as_user, alice, said, query, at):
        assert shown(as_user(alice), **query) == {said[i].pk for i in at}

    def test_as_many_as_the_report_says(self, as_user, alice, said):
        data = reports.refresh(run=said[0].run).data
        client = as_user(alice)
        for row in data["categories"]:
            for d in ("worse", "better"):
                assert len(shown(client, category=row["key"], d=d)) == row[d]
            for side in ("baseline", "candidate"):
                assert len(shown(client, category=row["key"], side=side)) == row["found"][side]

    def test_who_may_not(self, closed, said):
        closed(ITEMS)

    def test_who_looks_has_seen_the_sides(self, as_user, alice, said):
        shown(as_user(alice), category=MISSED, d="worse")
        assert set(Exposure.objects.values_list("user__username", "item")) == {
            ("alice", said[0].pk)
        }

    def test_what_is_open_again_stays_blind(self, as_user, alice, said):
        ReviewItem.objects.filter(pk=said[0].pk).update(
            state="pending", resolved_at=None, reopened_at=timezone.now()
        )
        page = as_user(alice).get(ITEMS, {"category": MISSED})
        assert {row["item"].pk for row in page.context["rows"]} == {said[1].pk, said[2].pk}
        assert "blind until" in page.content.decode()
        assert not Exposure.objects.filter(item=said[0]).exists()

    def test_a_report_of_before(self, as_user, alice, said):
        frozen = reports.freeze(run=said[0].run, by=alice)
        rater = said[0].project.raters.get()
        review(said[4], rater, candidate=MISSED)
        page = as_user(alice).get(ITEMS, {"category": MISSED, "d": "worse", "frozen": frozen.pk})
        assert [row["item"] for row in page.context["rows"]] == [said[0]]
        assert "says" not in page.content.decode()
        reports.refresh(run=said[0].run)
        assert len(shown(as_user(alice), category=MISSED, d="worse")) == 3

    def test_a_report_from_before_its_reviews_were_kept(self, as_user, alice, said, monkeypatch):
        monkeypatch.setattr("reviewapp.reports.core._counted", lambda lines: None)
        frozen = reports.freeze(run=said[0].run, by=alice)
        review(said[4], said[0].project.raters.get(), candidate=MISSED)
        page = as_user(alice).get(ITEMS, {"category": MISSED, "d": "worse", "frozen": frozen.pk})
        assert "says 1: labels have come in" in page.content.decode()
        assert page.context["count"] == 3
        text = page.content.decode()
        assert "3 items, as they are now" in text
        assert "counted them" not in text

    def test_a_frozen_report_is_in_the_version_that_it_was_in(self, as_user, alice, project, said):
        run = said[0].run
        frozen = reports.freeze(run=run, by=alice)
        other = further(project, out=[MISSED], became={MISSED: FALSE_ALARM})
        type(run).objects.filter(pk=run.pk).update(taxonomy_version=other)
        page = as_user(alice).get(ITEMS, {"category": MISSED, "d": "worse", "frozen": frozen.pk})
        assert [row["item"] for row in page.context["rows"]] == [said[0]]

    def test_what_was_revised_since_is_shown_as_it_was(self, as_user, alice, said):
        frozen = reports.freeze(run=said[0].run, by=alice)
        rater = said[0].project.raters.get()
        word = judged(said[0], candidate=FALSE_ALARM)
        reviews.revise(item=said[0], rater=rater, judgement=word, submission=uuid4(), by="ann")
        page = as_user(alice).get(ITEMS, {"category": MISSED, "d": "worse", "frozen": frozen.pk})
        (row,) = page.context["rows"]
        assert [finding.category.key for finding in row["findings"]] == [MISSED]

    def test_words_where_raters_are_averaged(self, as_user, alice, said):
        run = said[0].run
        type(run).objects.filter(pk=run.pk).update(several_raters="average")
        reports.refresh(run=run)
        text = as_user(alice).get(ITEMS, {"d": "worse"}).content.decode()
        assert "more raters found it in the candidate" in text
        assert "only the candidate" not in text

    def test_pages(self, as_user, alice, said, monkeypatch):
        monkeypatch.setattr("reviewapp.views.report_items.PAGE", 3)
        client = as_user(alice)
        first = client.get(ITEMS, {"side": ""})
        second = client.get(f"{ITEMS}?{first.context['more']}")
        assert [len(page.context["rows"]) for page in (first, second)] == [3, 1]

    def test_queries_do_not_grow(self, as_user, alice, said, queries):
        client = as_user(alice)
        queries(client, ITEMS)
        few = queries(client, f"{ITEMS}?category={MISSED}&d=worse")
        assert queries(client, f"{ITEMS}?category={MISSED}") == few

    def test_no_items(self, as_user, alice, said):
        page = as_user(alice).get(ITEMS, {"category": "value.wrong"}).content.decode()
        assert "None of the labelled items has it." in page

    @pytest.mark.parametrize(
        "query", [{"category": "no.such"}, {"frozen": "x"}, {"taxonomy": "nothing@7"}]
    )
    def test_what_is_not_there(self, as_user, alice, said, query):
        assert as_user(alice).get(ITEMS, query).status_code == 404

    @pytest.mark.parametrize("after", ["x", "-1", "9" * 40, "\0"])
    def test_broken_pages(self, as_user, alice, said, after):
        assert as_user(alice).get(ITEMS, {"after": after}).status_code == 200
