import json
from uuid import uuid4

import pytest

from evals.models import Comparison, Output
from reviewapp.actions import reviews
from reviewapp.models import Review
from tests.reviewapp.judging import judge

QUEUE = "/p/support/queue/"


@pytest.fixture
def texts(item):
    return item.comparison.baseline_output.text, item.comparison.candidate_output.text


class TestItem:
    def test_unresolved_shows_no_text(self, as_user, bob, item, texts):
        page = as_user(bob).get(f"{QUEUE}{item.pk}/")
        assert page.status_code == 200
        assert "panes" not in page.context
        assert "once this item is resolved" in page.content.decode()

    def test_resolved_names_the_sides(self, as_user, bob, item, texts, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        page = as_user(bob).get(f"{QUEUE}{item.pk}/")
        shown = ["".join(p.text for p in pane["pieces"]) for pane in page.context["panes"]]
        assert shown == list(texts)
        assert [name for _, name, _, _ in page.context["sides"]] == ["production", "candidate"]

    def test_in_another_way(self, as_user, bob, item, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        page = as_user(bob).get(f"{QUEUE}{item.pk}/?way=plain")
        assert page.context["way"] == "plain"
        assert 'href="?way=plain" aria-current="true"' in page.content.decode()

    def test_what_is_long_is_folded_until_it_is_asked_for(self, as_user, bob, item, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        output = item.comparison.baseline_output
        text = "word " * 20_000 + "the end"
        copied = Output.objects.create(
            request=output.request, model=output.model, sample=9, text=text, value=text, digest="x"
        )
        Comparison.objects.filter(pk=item.comparison_id).update(baseline_output=copied)
        client, address = as_user(bob), f"{QUEUE}{item.pk}/"
        assert "the end" not in client.get(address).content.decode()
        assert "Show all (100,007 characters)" in client.get(address).content.decode()
        assert "the end" in client.get(f"{address}?whole").content.decode()

    def test_findings_with_their_evidence(self, as_user, bob, item, project, rater, texts):
        judge(item, rater(project, bob), A="error", B="error")
        page = as_user(bob).get(f"{QUEUE}{item.pk}/").content.decode()
        for text in texts:
            assert f'<q dir="auto">{text[0]}</q>' in page

    def test_disputed_leads_to_adjudication(self, as_user, alice, bob, disputed):
        page = as_user(alice).get(f"{QUEUE}{disputed.pk}/").content.decode()
        assert f"/p/support/adjudicate/?item={disputed.pk}" in page
        assert "Adjudicate it" not in as_user(bob).get(f"{QUEUE}{disputed.pk}/").content.decode()

    def test_who_may_not(self, closed, item):
        closed(f"{QUEUE}{item.pk}/")

    def test_an_item_that_is_not(self, as_user, bob, finished_run):
        assert as_user(bob).get(f"{QUEUE}987654/").status_code == 404


class TestJudge:
    def sent(self, **sides):
        return {"judgement": json.dumps({"sides": sides}), "submission": str(uuid4())}

    def test_revises(self, as_user, bob, item, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        client, address = as_user(bob), f"{QUEUE}{item.pk}/"
        assert "not blind" in client.get(f"{address}?revise").content.decode()
        client.post(f"{address}judge/", self.sent(A="ok"))
        assert not Review.objects.get(item=item, live=True).blind

    def test_of_somebody_else(self, as_user, alice, disputed):
        answer = as_user(alice).post(f"{QUEUE}{disputed.pk}/judge/", self.sent(A="ok", B="ok"))
        assert "no review of yours" in answer.content.decode()
        assert not Review.objects.filter(authoritative=True).exists()

    def test_bad_input(self, as_user, alice, disputed):
        answer = as_user(alice).post(f"{QUEUE}{disputed.pk}/judge/", {"judgement": "{"})
        assert "not JSON" in answer.content.decode()


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
