import json
from uuid import uuid4

import pytest

from reviewapp.actions import reviews
from reviewapp.judgement import check
from reviewapp.models import Membership, Review, ReviewItem, Slot

QUEUE = "/p/support/queue/"
HOSTILE = [
    "after=9" + "9" * 5000,
    "after=x",
    "state=nonsense",
    "run=%00",
    "category=%00",
    "stratum=;",
]


def judge(item, rater, **sides):
    """The rater's review of an item that is claimed for them."""
    reviews.claim_item(item=item, rater=rater)
    category = item.run.taxonomy_version.leaves()[0].key
    found = [
        {"side": side, "category": category, "severity": "minor", "span": [0, 1]}
        for side, verdict in sides.items()
        if verdict == "error"
    ]
    judgement = check({"sides": sides, "findings": found}, item, rater)
    return reviews.submit(
        item=item, rater=rater, judgement=judgement, submission=uuid4(), by="test"
    )


@pytest.fixture
def item(finished_run):
    return ReviewItem.objects.filter(run=finished_run, stratum__startswith="differ").first()


@pytest.fixture
def texts(item):
    return item.comparison.baseline_output.text, item.comparison.candidate_output.text


@pytest.fixture
def disputed(item, project, rater, bob, dana):
    """Bob and Dana differ about it."""
    Slot.objects.create(item=item, number=2, project=project, rank=item.rank)
    judge(item, rater(project, bob), A="ok", B="ok")
    judge(item, rater(project, dana), A="error", B="ok")
    item.refresh_from_db()
    assert item.state == "disputed"
    return item


class TestQueue:
    def test_it_works(self, as_user, bob, finished_run):
        page = as_user(bob).get(QUEUE)
        assert page.status_code == 200
        assert len(page.context["items"]) == finished_run.items.count()

    def test_who_may_not(self, closed, project):
        closed(QUEUE)

    def test_filters(self, as_user, bob, item, project, rater):
        judge(item, rater(project, bob), A="error", B="ok")
        category = item.run.taxonomy_version.leaves()[0].key
        found = as_user(bob).get(QUEUE, {"category": category, "state": "resolved"})
        assert [one.pk for one in found.context["items"]] == [item.pk]
        assert not as_user(bob).get(QUEUE, {"state": "disputed"}).context["items"]

    def test_a_category_finds_resolved_items_only(self, as_user, alice, disputed):
        """Who found what on an unresolved item is not told."""
        category = disputed.run.taxonomy_version.leaves()[0].key
        assert not as_user(alice).get(QUEUE, {"category": category}).context["items"]

    @pytest.mark.parametrize("query", HOSTILE)
    def test_hostile_parameters(self, as_user, bob, finished_run, query):
        assert as_user(bob).get(f"{QUEUE}?{query}").status_code in (200, 400)

    def test_constant_number_of_queries(
        self, as_user, bob, finished_run, django_assert_max_num_queries
    ):
        client = as_user(bob)
        with django_assert_max_num_queries(12):
            client.get(QUEUE)


class TestItem:
    def test_unresolved_shows_no_text(self, as_user, bob, item, texts):
        page = as_user(bob).get(f"{QUEUE}{item.pk}/")
        assert page.status_code == 200
        assert "both" not in page.context
        assert "once this item is resolved" in page.content.decode()

    def test_resolved_names_the_sides(self, as_user, bob, item, texts, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        page = as_user(bob).get(f"{QUEUE}{item.pk}/")
        shown = [
            (side, "".join(p.text for p in pieces)) for side, _, pieces, _ in page.context["both"]
        ]
        assert shown == [("baseline", texts[0]), ("candidate", texts[1])]

    def test_who_may_not(self, closed, item):
        closed(f"{QUEUE}{item.pk}/")

    def test_an_item_that_is_not(self, as_user, bob, finished_run):
        assert as_user(bob).get(f"{QUEUE}987654/").status_code == 404


class TestJudge:
    def sent(self, **sides):
        return {"judgement": json.dumps({"sides": sides}), "submission": str(uuid4())}

    def test_adjudicates(self, as_user, alice, disputed):
        client, address = as_user(alice), f"{QUEUE}{disputed.pk}/"
        page = client.get(address)
        assert "Your review will be the one that counts" in page.content.decode()
        for name in ("bob", "dana", disputed.run.candidate.name, disputed.run.baseline.name):
            assert name not in page.content.decode()
        assert client.post(f"{address}judge/", self.sent(A="ok", B="ok")).status_code == 302
        assert Review.objects.get(authoritative=True).rater.user == alice

    def test_a_reviewer_may_not_adjudicate(self, as_user, disputed, charlie, project):
        Membership.objects.create(project=project, user=charlie, role="reviewer")
        answer = as_user(charlie).post(f"{QUEUE}{disputed.pk}/judge/", self.sent(A="ok", B="ok"))
        assert answer.status_code == 403

    def test_revises(self, as_user, bob, item, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        client, address = as_user(bob), f"{QUEUE}{item.pk}/"
        assert "not blind" in client.get(f"{address}?revise").content.decode()
        client.post(f"{address}judge/", self.sent(A="ok"))
        assert not Review.objects.get(item=item, live=True).blind

    def test_bad_input(self, as_user, alice, disputed):
        answer = as_user(alice).post(f"{QUEUE}{disputed.pk}/judge/", {"judgement": "{"})
        assert "not JSON" in answer.content.decode()
        assert not Review.objects.filter(authoritative=True).exists()


class TestRequeue:
    def test_it_works(self, as_user, alice, bob, dana, item, project, rater):
        for user in (bob, dana):
            reviews.claim_item(item=item, rater=rater(project, user))
            reviews.skip(item=item, rater=rater(project, user), reason="no idea", by=user)
        client, address = as_user(alice), f"{QUEUE}{item.pk}/"
        assert "no idea" in client.get(address).content.decode()
        client.post(f"{address}requeue/")
        item.refresh_from_db()
        assert item.state == "pending"

    def test_a_reviewer_may_not(self, as_user, bob, item):
        assert as_user(bob).post(f"{QUEUE}{item.pk}/requeue/").status_code == 403

    def test_nothing_to_requeue(self, as_user, alice, item):
        page = as_user(alice).post(f"{QUEUE}{item.pk}/requeue/", follow=True)
        assert "only a skipped item can be requeued" in page.content.decode()
