import io

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from reviewapp.middleware import ReadOn


class TestUnstorable:
    def test_a_nul_in_an_address(self, as_user, bob):
        answer = as_user(bob).get("/p/support/taxonomy/?version=a%00@1")
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

        monkeypatch.setattr("reviewapp.views.queue._rows", fails)
        with pytest.raises(KeyError):
            as_user(bob).get("/p/support/queue/")


class TestReadOn:
    @pytest.mark.parametrize(("status", "left"), [(200, b"body"), (401, b""), (500, b"")])
    def test_the_body_of_an_error_is_read_on(self, status, left):
        request = RequestFactory().post("/")
        body = io.BytesIO(b"body")
        request.META.update({"wsgi.input": body, "wsgi.input_terminated": True})
        ReadOn(lambda _: HttpResponse(status=status))(request)
        assert body.read() == left

    def test_a_sender_that_is_gone(self):
        class Gone:
            def read(self, size):
                raise OSError("gone")

        request = RequestFactory().post("/")
        request.META.update({"wsgi.input": Gone(), "wsgi.input_terminated": True})
        assert ReadOn(lambda _: HttpResponse(status=404))(request).status_code == 404


class TestSamePerson:
    """What a page of somebody asks for once somebody else has signed in in the same browser."""

    def test_it_works(self, as_user, bob, finished_run):
        answer = as_user(bob).get("/p/support/review/", headers={"x-person": str(bob.pk)})
        assert answer.status_code == 200

    @pytest.mark.parametrize("person", ["0", "bob", "-1", "9" * 30])
    def test_somebody_else(self, as_user, bob, finished_run, person):
        answer = as_user(bob).post("/p/support/review/ahead/", headers={"x-person": person})
        assert (answer.status_code, answer["X-Person"]) == (403, "other")
        assert not finished_run.items.filter(slots__state="claimed").exists()

    def test_nobody(self, client, bob, finished_run):
        answer = client.get("/p/support/review/", headers={"x-person": str(bob.pk)})
        assert answer.status_code == 302
