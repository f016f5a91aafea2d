import pytest

from evals.models import Output
from reviewapp.models import ReviewItem, Slot
from reviewapp.views import working

DESK = "/p/support/review/"


@pytest.fixture
def held(as_user, bob, finished_run):
    """Bob's client and the address of the item that he holds."""
    client = as_user(bob)
    client.get(DESK)
    return client, f"{DESK}{Slot.objects.get(state='claimed').item_id}/"


class TestShown:
    def test_it_works(self, held):
        client, item = held
        answer = client.get(f"{item}shown/", {"way": "plain"})
        assert answer.status_code == 200
        assert 'data-way="plain"' in answer.content.decode()
        assert 'data-way="plain"' in client.get(DESK).content.decode()

    @pytest.mark.parametrize("way", ["", "no such way", "lines", "\0"])
    def test_what_cannot_be_shown_so(self, held, way):
        client, item = held
        answer = client.get(f"{item}shown/", {"way": way})
        assert answer.status_code == 200
        assert 'data-way="words"' in answer.content.decode()

    def test_the_request_unfolded(self, held):
        client, item = held
        answer = client.get(f"{item}shown/", {"whole": "request"}).content.decode()
        assert "message number" in answer
        assert "pane-A" not in answer

    def test_an_item_of_somebody_else(self, held, as_user, dana):
        _, item = held
        assert as_user(dana).get(f"{item}shown/").status_code == 403
        assert as_user(dana).get(f"{item}text/A/").status_code == 403

    def test_an_outsider(self, held, closed):
        closed(f"{held[1]}shown/")
        closed(f"{held[1]}text/A/")


class TestText:
    def test_both_sides(self, held):
        client, item = held
        texts = {client.get(f"{item}text/{side}/").content.decode() for side in "AB"}
        found = ReviewItem.objects.get(slots__state="claimed").comparison
        assert texts == {found.baseline_output.text, found.candidate_output.text}

    def test_json_to_be_edited(self, held, monkeypatch):
        """As many digits as it has; indented."""
        client, item = held
        value = {"b": 10**20, "a": [1]}
        monkeypatch.setattr(working, "_outputs", lambda *_: {"B": Output(value=value)})
        answer = client.get(f"{item}text/B/")
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
        assert '\n  "b": 100000000000000000000' in answer.content.decode()

    def test_no_such_side(self, held):
        client, item = held
        assert client.get(f"{item}text/C/").status_code == 404
