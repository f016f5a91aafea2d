import pytest

from reviewapp.actions import bulk, reviews
from reviewapp.models import AuditEvent, Draft, ReviewItem, Slot

BULK = "/p/support/queue/bulk/"
GO_ON = f"{BULK}go-on/"


@pytest.fixture
def held(project, rater, bob, finished_run):
    """What Bob is at, with something typed."""
    claim = reviews.claim(project=project, rater=rater(project, bob))
    item = ReviewItem.objects.get(pk=claim.item_id)
    reviews.save_draft(item=item, rater=rater(project, bob), body={"note": "half"})
    return item


@pytest.fixture
def skipped(item, project, rater, bob, dana):
    for user in (bob, dana):
        reviews.claim_item(item=item, rater=rater(project, user))
        reviews.skip(item=item, rater=rater(project, user), reason="no idea", by=user)
    item.refresh_from_db()
    assert item.state == "skipped"
    return item


class TestRelease:
    def test_it_says_first_what_it_would_do(self, as_user, alice, held):
        page = as_user(alice).get(BULK, {"verb": "release", "all": "yes", "query": ""})
        assert (page.context["total"], page.context["people"]) == (1, 1)
        assert Slot.objects.filter(state="claimed").exists()

    def test_it_works(self, as_user, alice, held):
        sent = {"verb": "release", "item": [held.pk], "total": 1}
        page = as_user(alice).post(GO_ON, sent, follow=True)
        assert "1 item given back" in page.content.decode()
        assert not Slot.objects.filter(state="claimed").exists()
        assert Draft.objects.get().body == {"note": "half"}
        event = AuditEvent.objects.get(verb="released in bulk")
        assert (event.actor, event.data) == ("alice", {"items": [held.pk]})

    def test_nothing_to_do_is_said(self, as_user, alice, item):
        for ids, said in (([item.pk], "It is not held by anybody"), ([], "No item was ticked")):
            page = as_user(alice).get(BULK, {"verb": "release", "item": ids})
            assert said in page.content.decode()

    def test_a_reviewer_may_not(self, as_user, dana, held):
        assert as_user(dana).get(BULK, {"verb": "release"}).status_code == 403
        assert as_user(dana).post(GO_ON, {"verb": "release", "all": "yes"}).status_code == 403

    def test_who_may_not(self, closed, project):
        closed(BULK)
        closed(GO_ON, "post")

    @pytest.mark.parametrize("sent", [{}, {"verb": "delete"}, {"verb": "release", "item": "x\0"}])
    def test_bad_input(self, as_user, alice, held, sent):
        assert as_user(alice).get(BULK, sent).status_code in (200, 404)
        as_user(alice).post(GO_ON, sent)
        assert Slot.objects.filter(state="claimed").exists()


class TestRequeue:
    def test_by_a_filter(self, as_user, alice, skipped):
        sent = {"verb": "requeue", "all": "yes", "query": "state=skipped"}
        client = as_user(alice)
        assert client.get(BULK, sent).context["total"] == 1
        answer = client.post(GO_ON, {**sent, "total": "1"})
        assert answer["Location"] == "/p/support/queue/?state=skipped"
        skipped.refresh_from_db()
        assert skipped.state == "pending"
        assert skipped.slots.filter(state="open").count() == 1

    def test_what_was_not_skipped_stays(self, as_user, alice, item):
        sent = {"verb": "requeue", "item": [item.pk], "total": "1"}
        as_user(alice).post(GO_ON, sent)
        assert item.slots.count() == 1
        assert not AuditEvent.objects.filter(verb="requeued in bulk").exists()


class TestPieces:
    def test_one_after_the_other(
        self, as_user, alice, project, rater, bob, dana, finished_run, monkeypatch
    ):
        """Each answer asks for the next piece; the last one goes back to the list."""
        monkeypatch.setattr(bulk, "PIECE", 1)
        for user in (bob, dana):
            reviews.claim(project=project, rater=rater(project, user))
        client, in_place = as_user(alice), {"hx-request": "true"}
        sent = {"verb": "release", "all": "yes", "query": "", "total": "2"}
        page = client.post(GO_ON, sent, headers=in_place)
        assert "1 of 2 done" in page.content.decode()
        assert Slot.objects.filter(state="claimed").count() == 1
        answer = client.post(GO_ON, {**sent, "done": "1"}, headers=in_place)
        assert answer["HX-Redirect"] == "/p/support/queue/"
        assert AuditEvent.objects.filter(verb="released in bulk").count() == 2
