from uuid import uuid4

import pytest

from evals.sampling import SamplingPlan
from reviewapp.actions import reviews
from reviewapp.labelling import labels
from reviewapp.models import ReviewItem
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401
from tests.reviewapp.actions.scenes import judged, review


@pytest.fixture
def raters(project, rater, alice, bob, dana):
    """Made in this order; alice adjudicates."""
    return {user.username: rater(project, user) for user in (bob, dana, alice)}


@pytest.fixture
def double(project, models):
    run = scenes.recorded(project, models, [scenes.DIFFER], plan=SamplingPlan(slots=2))
    return ReviewItem.objects.select_related("run").get(run=run)


def disagree(item, raters):
    review(item, raters["bob"], "", "label.missed")
    review(item, raters["dana"], "label.none", "")
    item.refresh_from_db()


def settle(item, rater, *said):
    act = reviews.revise if item.reviews.filter(rater=rater).exists() else reviews.adjudicate
    act(item=item, rater=rater, judgement=judged(item, *said), submission=uuid4(), by=rater.name)
    item.refresh_from_db()


class TestLabels:
    def test_it_works(self, double, raters):
        review(double, raters["bob"], "", "label.missed")
        label = labels.labels(double.run)[double.pk]
        category = double.run.taxonomy_version.categories.get(key="label.missed")
        severity = double.run.taxonomy_version.severities.get(key="major")
        assert label.findings == {("candidate", category.pk, severity.pk)}
        assert label.whole

    def test_none(self, double):
        assert labels.labels(double.run) == {}

    def test_a_disputed_one_is_that_of_the_first(self, double, raters):
        disagree(double, raters)
        assert labels.labels(double.run)[double.pk].rater_id == raters["bob"].pk

    def test_the_authoritative_one_counts(self, double, raters):
        disagree(double, raters)
        settle(double, raters["alice"], "", "")
        label = labels.labels(double.run)[double.pk]
        assert (label.baseline, label.candidate, label.findings) == ("ok", "ok", frozenset())

    def test_the_latest_blind_revision_counts(self, double, raters):
        review(double, raters["bob"], "", "label.missed")
        settle(double, raters["bob"], "", "")
        assert labels.labels(double.run)[double.pk].candidate == "ok"

    def test_what_is_not_blind_is_left_out(self, double, raters):
        disagree(double, raters)
        settle(double, raters["alice"], "", "")
        settle(double, raters["alice"], "label.none", "label.none")
        assert labels.labels(double.run)[double.pk].baseline == "ok"

    def test_in_a_few_queries(self, finished_run, raters, django_assert_num_queries):
        scenes.review_all(finished_run, raters["bob"])
        with django_assert_num_queries(2):
            assert len(labels.labels(finished_run)) == 12


class TestRecords:
    def test_it_works(self, finished_run, raters):
        item = finished_run.items.filter(stratum__startswith="differ").first()
        review(item, raters["bob"], "", "label.missed", corrected_output="refund", duration_s=4)
        (record,) = labels.records(finished_run)
        assert record["request"] == item.comparison.request.key
        assert (record["reviewer"], record["reviewer_kind"]) == ("bob", "member")
        assert record["sides"] == {"baseline": "ok", "candidate": "error"}
        assert record["corrected_output"] == "refund"
        assert record["inclusion"] == 1
        (finding,) = record["findings"]
        assert (finding["side"], finding["category"]) == ("candidate", "label.missed")
        assert finding["span"] is None

    def test_nothing_of_what_is_unresolved(self, double, raters):
        """Neither pending nor disputed: a record names the sides."""
        assert list(labels.records(double.run)) == []
        review(double, raters["bob"], "", "label.missed")
        assert list(labels.records(double.run)) == []
        review(double, raters["dana"], "label.none", "")
        assert list(labels.records(double.run)) == []
        assert list(labels.examples(double.run)) == []
        double.refresh_from_db()
        settle(double, raters["alice"], "", "")
        assert len(list(labels.records(double.run))) == 3

    def test_what_is_disputed_again_is_hidden_again(self, double, raters):
        for name in ("bob", "dana"):
            review(double, raters[name], "", "label.missed")
        assert len(list(labels.records(double.run))) == 2
        double.refresh_from_db()
        settle(double, raters["bob"], "", "")
        assert double.state == "disputed"
        assert list(labels.records(double.run)) == []

    def test_a_revision_says_so(self, double, raters):
        for name in ("bob", "dana"):
            review(double, raters[name], "", "label.missed")
        double.refresh_from_db()
        settle(double, raters["bob"], "", "label.missed")
        mine = next(one for one in labels.records(double.run) if one["reviewer"] == "bob")
        assert (mine["revision"], mine["blind"]) == (2, False)

    def test_in_a_few_queries(self, finished_run, raters, django_assert_max_num_queries):
        scenes.review_all(finished_run, raters["bob"], lambda item: ("", "label.missed"))
        with django_assert_max_num_queries(7):
            assert len(list(labels.records(finished_run))) == 12
