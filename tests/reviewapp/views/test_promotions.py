import pytest

from evals.models import Run
from reviewapp.actions import promotions
from reviewapp.models import Decision, Promotion, User

pytestmark = pytest.mark.django_db
LIST, ONE = "/p/support/promotions/", "/p/support/promotions/1/"
OPEN = "/p/support/promotions/open/shadow-11/"


@pytest.fixture
def promotion(finished_run: Run, alice: User) -> Promotion:
    return promotions.open(run=finished_run, by=alice, note="Look at the <b>misses</b>.")


class TestPromotions:
    def test_it_works(self, as_user, bob: User, promotion: Promotion) -> None:
        page = as_user(bob).get(LIST).content.decode()
        assert 'href="/p/support/promotions/1/"' in page
        assert "no margins set" in page

    def test_outsiders(self, closed, project) -> None:
        closed(LIST)

    def test_an_empty_list_says_how(self, as_user, bob: User) -> None:
        assert "opens one from the report" in as_user(bob).get(LIST).content.decode()

    def test_queries_do_not_grow(self, as_user, queries, alice: User, promotion, finished_run):
        client = as_user(alice)
        before = queries(client, LIST)
        for _ in range(3):
            made = promotions.open(run=finished_run, by=alice)
            promotions.decide(promotion=made, verdict="refuse", reason="no", by=alice)
        assert queries(client, LIST) == before


class TestOpen:
    def test_it_works(self, as_user, alice: User, finished_run: Run) -> None:
        answer = as_user(alice).post(OPEN, {"note": "please"})
        assert answer["Location"] == ONE
        made = Promotion.objects.get()
        assert (made.note, made.opened_by) == ("please", alice)
        assert made.report.digest

    def test_a_reviewer_may_not(self, as_user, bob: User, finished_run: Run) -> None:
        assert as_user(bob).post(OPEN).status_code == 403

    def test_outsiders(self, closed, finished_run: Run) -> None:
        closed(OPEN, "post")

    def test_looking_opens_nothing(self, as_user, alice: User, finished_run: Run) -> None:
        assert as_user(alice).get(OPEN).status_code == 405


class TestPromotion:
    def test_it_works(self, as_user, bob: User, promotion: Promotion) -> None:
        page = as_user(bob).get(ONE).content.decode()
        assert promotion.report.data["sentences"][0] in page
        assert "&lt;b&gt;misses&lt;/b&gt;" in page
        assert "p50" in page
        assert "Put the decision on record" not in page

    def test_outsiders(self, closed, promotion: Promotion) -> None:
        closed(ONE)

    def test_a_number_that_is_not_there(self, as_user, bob: User, project) -> None:
        assert as_user(bob).get("/p/support/promotions/9/").status_code == 404


class TestDecide:
    def test_it_works(self, as_user, alice: User, promotion: Promotion) -> None:
        client = as_user(alice)
        assert "The gate did not pass" in client.get(ONE).content.decode()
        body = {"verdict": "approve", "reason": "The misses are caught downstream."}
        page = client.post(ONE, body, follow=True).content.decode()
        assert "approved against the gate" in page
        assert "The misses are caught downstream." in page

    def test_a_reviewer_may_not(self, as_user, bob: User, promotion: Promotion) -> None:
        body = {"verdict": "approve", "reason": "please"}
        assert as_user(bob).post(ONE, body).status_code == 403

    def test_a_reason_is_needed(self, as_user, alice: User, promotion: Promotion) -> None:
        page = as_user(alice).post(ONE, {"verdict": "refuse", "reason": "  "}).content.decode()
        assert "needs its reason" in page
        assert not Decision.objects.exists()

    def test_it_is_decided_once(self, as_user, alice: User, olga: User, promotion) -> None:
        body = {"verdict": "refuse", "reason": "too slow"}
        as_user(alice).post(ONE, body)
        page = as_user(olga).post(ONE, {**body, "verdict": "approve"}, follow=True)
        assert "has been decided already" in page.content.decode()
        assert Decision.objects.get().verdict == "refuse"
