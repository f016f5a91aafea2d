import pytest
from django.test import Client


class TestUnstorable:
    @pytest.mark.parametrize("query", ["queue/?run=a%00", "taxonomy/?version=a%00@1"])
    def test_a_nul_in_an_address(self, as_user, bob, query):
        answer = as_user(bob).get(f"/p/support/{query}")
        assert answer.status_code == 400
        assert b"cannot be stored" in answer.content

    def test_a_nul_in_a_field(self, as_user, bob, finished_run):
        client = as_user(bob)
        client.get("/p/support/review/")
        item = finished_run.items.get(slots__state="claimed")
        skip = client.post(f"/p/support/review/{item.pk}/skip/", {"reason": "a\0b"})
        assert skip.status_code == 400
        assert item.slots.get().state == "claimed"

    def test_a_nul_in_a_cookie(self, db):
        hostile = Client(headers={"cookie": 'crosscheck_session="abcdefgh\\000"'})
        assert hostile.get("/").status_code == 400

    def test_other_errors_are_not_hidden(self, as_user, bob, monkeypatch):
        def fails(*_):
            raise KeyError("x")

        monkeypatch.setattr("reviewapp.views.queue._filtered", fails)
        with pytest.raises(KeyError):
            as_user(bob).get("/p/support/queue/")
