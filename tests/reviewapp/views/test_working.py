import pytest

from evals.models import Output, Request
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


class TestRequest:
    def test_as_stored_and_remembered(self, held):
        client, item = held
        Request.objects.update(input="**bold**")
        assert "<strong>" in client.get(DESK).content.decode()
        answer = client.get(f"{item}shown/", {"request": "stored"}).content.decode()
        assert "**bold**" in answer
        assert "pane-A" not in answer
        assert "**bold**" in client.get(DESK).content.decode()
        assert "<strong>" in client.get(f"{item}shown/", {"request": "read"}).content.decode()

    @pytest.mark.parametrize("way", ["", "no such way", "\0"])
    def test_no_such_way(self, held, way):
        client, item = held
        assert client.get(f"{item}shown/", {"request": way}).status_code == 200


class TestBranch:
    ROWS = {"rows": [{"n": i} for i in range(250)]}

    def branch(self, held, **query):
        client, item = held
        Request.objects.update(input=self.ROWS)
        return client.get(f"{item}branch/", query)

    def test_it_works(self, held):
        answer = self.branch(held, of="request.0.0", path="$.rows[3]").content.decode()
        assert ">n</span>" in answer
        assert ">3</span>" in answer

    def test_the_next_children(self, held):
        query = {"of": "request.0.0", "path": "$.rows", "from": "200"}
        answer = self.branch(held, **query).content.decode()
        assert answer.count("<summary>") == 50
        assert "Show more" not in answer

    @pytest.mark.parametrize("of", ["A", "B"])
    def test_a_side(self, held, monkeypatch, of):
        outputs = {"A": Output(value={"x": "of A"}), "B": Output(value={"x": "of B"})}
        monkeypatch.setattr(working, "_outputs", lambda *_: outputs)
        assert f"of {of}" in self.branch(held, of=f"{of}.0.0", path="$").content.decode()

    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"of": "request.0.0", "path": "$.none"},
            {"of": "request.0.0", "path": "$.."},
            {"of": "request.-1.0", "path": "$"},
            {"of": "request.9.0", "path": "$"},
            {"of": "request", "path": "$"},
            {"of": "baseline.0.0", "path": "$"},
            {"of": "known.0.0", "path": "$.x"},
            {"of": "request.0.0", "path": "\0"},
        ],
    )
    def test_what_is_not_there(self, held, query):
        assert self.branch(held, **query).status_code == 404

    def test_an_item_of_somebody_else(self, held, as_user, dana, closed):
        address = f"{held[1]}branch/?of=request.0.0&path=$"
        assert as_user(dana).get(address).status_code == 403
        closed(address)


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
