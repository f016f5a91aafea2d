import pytest

from reviewapp.actions import agreement
from reviewapp.desk.judgement import sides_of
from reviewapp.disagreement import agreeing
from reviewapp.models import Agreement, Membership, Role
from reviewapp.tasks import refresh_agreement
from tests.reviewapp.judging import judge, second_place

HERE = "/p/support/agreement/"


@pytest.fixture
def asked(monkeypatch):
    """The tasks that were dispatched."""
    sent = []
    monkeypatch.setattr(agreement, "soon", lambda *what: sent.append(what))
    monkeypatch.setattr(agreement.cache, "add", lambda *_, **__: True)
    return sent


@pytest.fixture
def agreed(disputed, finished_run, project, rater, bob, dana):
    """Two more that Bob and Dana judged: on one they agree, on the other they name two
    categories."""
    first, second = finished_run.items.exclude(pk=disputed.pk).filter(state="pending")[:2]
    keys = [one.key for one in finished_run.taxonomy_version.leaves()]
    for item, theirs in ((first, keys[0]), (second, keys[1])):
        second_place(item)
        real = _baseline(item, rater(project, bob))
        judge(item, rater(project, bob), category=keys[0], **real)
        judge(item, rater(project, dana), category=theirs, **_baseline(item, rater(project, dana)))
    return project


def _baseline(item, rater):
    return {
        letter: "error" if real == "baseline" else "ok"
        for letter, real in sides_of(item, rater).items()
    }


class TestCompute:
    def test_categories_are_confused(self, agreed, finished_run):
        found = agreeing.compute(agreed)
        first, second = finished_run.taxonomy_version.leaves()[:2]
        assert (found["items"], found["raters"]) == (3, 2)
        said = {(row["a"]["key"], row["b"]["key"]): row["count"] for row in found["confusions"]}
        assert said[first.key, second.key] == 1
        assert said["", first.key] == 1

    def test_the_least_agreed_comes_first(self, agreed):
        values = [row["alpha"] for row in agreeing.compute(agreed)["categories"]]
        known = [one["value"] for one in values if one]
        assert known == sorted(known)
        assert values[-1] is None

    def test_pairs_and_weeks(self, agreed):
        found = agreeing.compute(agreed)
        (pair,) = found["pairs"]
        assert {pair["a"], pair["b"]} == {"bob", "dana"}
        assert pair["items"] == sum(week["items"] for week in found["weeks"]) == 3
        assert pair["weeks"] == [pair["kappa"]]

    def test_nothing_to_compare(self, finished_run):
        assert agreeing.compute(finished_run.project) is None

    def test_none_that_somebody_may_still_judge(self, item, project, rater, bob, dana):
        for number in (2, 3):
            item.slots.create(number=number, project=project, rank=item.rank)
        for user in (bob, dana):
            judge(item, rater(project, user), A="ok", B="ok")
        assert agreeing.compute(project) is None


class TestAgreement:
    def test_it_works(self, as_user, alice, agreed, asked):
        refresh_agreement(agreed.pk)
        text = as_user(alice).get(HERE).content.decode()
        assert "Where the taxonomy is unclear" in text
        assert "bob and dana" in text
        assert asked == []

    def test_what_is_missing_is_asked_of_a_worker(self, as_user, alice, agreed, asked):
        text = as_user(alice).get(HERE).content.decode()
        assert "Not computed yet" in text
        assert asked == [("reviewapp.tasks.refresh_agreement", agreed.pk)]

    def test_no_worker_is_said_in_words(self, as_user, alice, project, asked, monkeypatch):
        monkeypatch.setattr("reviewapp.workers.alive", lambda: False)
        assert "No worker is running" in as_user(alice).get(HERE).content.decode()

    def test_nothing_to_compare_says_why(self, as_user, alice, finished_run, asked):
        refresh_agreement(finished_run.project_id)
        assert Agreement.objects.get().data is None
        assert "Nothing to compare yet" in as_user(alice).get(HERE).content.decode()

    def test_it_is_for_leads(self, as_user, closed, bob, erin, project):
        closed(HERE)
        for user in (bob, erin):
            assert as_user(user).get(HERE).status_code == 403
        Membership.objects.filter(user=bob).update(role=Role.LEAD)
        assert as_user(bob).get(HERE).status_code == 200
