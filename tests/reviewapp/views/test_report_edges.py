"""What cannot be known is a sentence on the page: never NaN, never None, never a zero."""

import re

import pytest

from evals.sampling import SamplingPlan
from reviewapp.actions import runs
from reviewapp.models import Membership, ReviewItem
from tests.reviewapp.actions.scenes import DIFFER, SAME, recorded, review, review_all
from tests.reviewapp.reported import computed

MISSED = "label.missed"


@pytest.fixture
def ann(project):
    return project.raters.create(kind="script", name="ann")


@pytest.fixture
def read(as_user, alice):
    """The words of the report of a run, in both intervals."""

    def words(run):
        computed(run)
        text = ""
        for population in ("window", "traffic"):
            page = as_user(alice).get(f"/p/support/runs/{run.name}/report/?for={population}")
            assert page.status_code == 200
            main = page.content.decode().split("<main")[1]
            text += re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))
        for wrong in (r"\bnan\b", r"\bNone\b", r"\binf\b", r"\bnull\b", r"\[, ", r"undefined %"):
            assert not re.search(wrong, text, re.IGNORECASE if wrong == r"\bnan\b" else 0), wrong
        return text

    return words


class TestEdges:
    def test_no_request(self, read, project, models, olga):
        fields = {"project": project, "baseline": models[0], "candidate": models[1], "by": olga}
        text = read(runs.start(name="live", **fields))
        assert "Nothing has been compared, so no rate, difference or score is known." in text
        assert "0.0 %" not in text

    def test_no_label(self, read, project, models):
        text = read(recorded(project, models, [DIFFER] * 3))
        assert "No label counts yet. 3 items are drawn" in text
        assert "nothing is known about errors" in text

    def test_nothing_drawn(self, read, project, models):
        text = read(recorded(project, models, [("a", None)]))
        assert "Nothing is drawn for review yet" in text

    def test_one_label(self, read, project, models, ann):
        run = recorded(project, models, [DIFFER] * 40)
        first = ReviewItem.objects.filter(run=run).order_by("comparison__u").first()
        review(first, ann, candidate=MISSED)
        text = read(run)
        assert "There is one label." in text
        assert "how far reviewers would agree is not known" in text

    def test_a_category_never_used(self, read, project, models, ann):
        run = recorded(project, models, [DIFFER] * 4)
        review_all(run, ann, lambda item: ("", MISSED))
        text = read(run)
        assert "categories were found on no side" in text
        assert "None was found" not in text
        assert "That none was found does not make the rate zero" in text

    def test_a_census(self, read, project, models, ann):
        run = recorded(project, models, [DIFFER] * 4)
        review_all(run, ann, lambda item: ("", MISSED))
        assert "for this window the differences are exact" in read(run)

    def test_all_agree_that_there_is_nothing(self, read, project, models, ann, olga):
        run = recorded(project, models, [DIFFER] * 4, plan=SamplingPlan(slots=2))
        for rater in (ann, project.raters.create(kind="script", name="ben")):
            review_all(run, rater)
        text = read(run)
        assert "is undefined, which is not the same as perfect" in text

    def test_one_reviewer(self, read, project, models, ann):
        run = recorded(project, models, [DIFFER] * 4)
        review_all(run, ann)
        assert "No item was judged blind by several reviewers" in read(run)

    def test_everything_failed_on_one_side(self, read, project, models):
        text = read(recorded(project, models, [("a", None)] * 3))
        assert "The candidate gave no answer to any of the 3 requests" in text
        assert "production 0, candidate 3" in text

    def test_both_sides(self, read, project, models):
        assert "Production gave no answer" in read(recorded(project, models, [(None, None)] * 2))

    def test_all_the_same(self, read, project, models):
        text = read(recorded(project, models, [SAME] * 3))
        assert "No two outputs differ" in text

    def test_nothing_was_measured(self, read, project, models):
        text = read(recorded(project, models, [DIFFER]))
        assert "latency is not known" in text
        assert "No pair of outputs has a cost on both sides" in text
        assert "so there is no score" in text

    def test_a_reviewer_who_left(self, read, project, models, bob, rater):
        run = recorded(project, models, [DIFFER] * 2)
        review_all(run, rater(project, bob))
        Membership.objects.filter(user=bob).delete()
        assert "no longer a member" in read(run)
