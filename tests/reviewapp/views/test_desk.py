import pytest

from reviewapp.models import Draft, Slot

DESK = "/p/support/review/"


@pytest.fixture
def held(as_user, bob, finished_run):
    """Bob's client and the address of the item that he holds."""
    client = as_user(bob)
    client.get(DESK)
    return client, f"{DESK}{Slot.objects.get(state='claimed').item_id}/"


class TestDraft:
    def test_it_works(self, held):
        client, item = held
        sent = {"sides": {"A": "ok"}}
        answer = client.post(f"{item}draft/", sent, content_type="application/json")
        assert answer.status_code == 200
        assert Draft.objects.get().body == sent

    def test_an_outsider(self, held, closed):
        closed(f"{held[1]}draft/", "post")

    @pytest.mark.parametrize("body", [b"null", b"[]", b"1", b"{", b'{"note": "\\u0000"}', b"\xff"])
    def test_what_is_no_object(self, held, body):
        client, item = held
        answer = client.post(f"{item}draft/", body, content_type="application/json")
        assert answer.status_code == 400
        assert "judgement" in answer.json()["error"]
        assert not Draft.objects.exists()
