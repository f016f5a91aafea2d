import logging
from base64 import b64encode

from django.db import OperationalError
from django.urls import reverse

from reviewapp.api.errors import tell

KEYS = {"code", "what", "where", "do", "problems"}


class TestShape:
    def test_every_kind_has_it(self, api, erin, project):
        client = api(erin)
        answers = [
            client.get("/api/v1/nowhere"),
            client.get("runs/none/"),
            client.delete("runs/"),
            client.put("policy/", {}),
            client.post("models/", {}),
            client.post("models/", data="{", content_type="application/json"),
            client.post("models/", data="a=1", content_type="application/x-www-form-urlencoded"),
            client.lines("traffic/", b"nonsense\n"),
            client.post("runs/", {"name": "x", "baseline": "a", "candidate": "b"}),
        ]
        assert [a.status_code for a in answers] == [404, 404, 405, 403, 400, 400, 415, 400, 400]
        for answer in answers:
            error = answer.json()["error"]
            assert set(error) == KEYS
            assert error["what"]
            assert error["do"]

    def test_each_problem_has_its_field(self, api, erin):
        sent = {"name": "x", "parameters": [1], "concurrency": 0, "provider": "nope"}
        error = api(erin).post("models/", sent).json()["error"]
        assert {p["where"] for p in error["problems"]} >= {"parameters", "provider"}

    def test_no_trailing_slash_is_told(self, api, erin):
        response = api(erin).post("models", {"name": "x"})
        assert response.status_code == 404
        assert "slash" in response.json()["error"]["what"]

    def test_unstorable_text(self, api, erin):
        client = api(erin)
        assert client.post("models/", {"name": "a\0b"}).status_code == 400
        assert client.post("models/", {"name": "a", "parameters": {"a": "\0"}}).status_code == 400
        lone = b'{"name": "a", "benchmarks": {"x": "\\ud800"}}'
        response = client.post("models/", data=lone, content_type="application/json")
        assert response.status_code == 400
        assert client.get("models/a%00b/").status_code in (400, 404)

    def test_numbers_that_are_no_ids(self, api, alice, finished_run):
        client, huge = api(alice), 10**30
        for path in (
            f"promotions/{huge}/",
            f"evalsets/gold/export/?version={huge}",
            f"taxonomies/classification@{huge}/",
            "runs/?limit=x&cursor=",
        ):
            assert client.get(path).status_code in (200, 404), path
        assert client.delete(f"tokens/{huge}/").status_code == 404
        assert client.post(f"queue/{huge}/skip/", {"reason": "x"}).status_code == 404

    def test_numbers_longer_than_python_reads(self, api, alice, finished_run):
        client, digits = api(alice), "9" * 5000
        for path in (
            f"taxonomies/classification@{digits}/",
            f"evalsets/gold/export/?version={digits}",
            f"runs/shadow-11/report/?frozen={digits}",
        ):
            assert client.get(path).status_code == 404, path

    def test_cursors_that_were_made_up(self, api, erin):
        for query in (b"p=abc", b"p=%00", b"p=" + b"9" * 5000, b"o=x", b"r=x"):
            cursor = b64encode(query).decode()
            assert api(erin).get(f"runs/?cursor={cursor}").status_code == 404, query

    def test_names_that_are_addresses(self, api, erin, models):
        """…/runs/new/ is a page: a run of that name would have none."""
        sent = {"name": "new", "baseline": models[0].name, "candidate": models[1].name}
        answers = [
            api(erin).post("runs/", sent),
            api(erin).lines("evalsets/?name=new", b'{"id": "a", "input": "b", "expected": "c"}'),
        ]
        for answer in answers:
            assert answer.status_code == 400
            assert answer.json()["error"]["where"] == "name"

    def test_too_deep(self, api, erin):
        deep = b'{"name": "a", "parameters": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"
        response = api(erin).post("models/", data=deep, content_type="application/json")
        assert response.status_code == 400

    def test_too_large(self, api, erin, settings):
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
        response = api(erin).post("models/", {"name": "a", "system": "x" * 200})
        assert response.status_code == 413


class TestUnexpected:
    def test_it_is_logged_and_says_nothing_of_itself(self, api, erin, monkeypatch, caplog):
        def fails(**_):
            raise KeyError("postgresql://user:secret@host")

        monkeypatch.setattr("reviewapp.actions.models.define", fails)
        with caplog.at_level(logging.ERROR, logger="reviewapp.api.errors"):
            response = api(erin).post("models/", {"name": "a"})
        assert response.status_code == 500
        assert b"secret" not in response.content
        assert response.json()["error"]["id"] in caplog.text

    def test_the_database_is_away(self):
        told = tell(OperationalError("could not connect to host 10.0.0.1"))
        assert told.status == 503
        assert "10.0.0.1" not in str(told.as_dict())


class TestSchema:
    def test_it_is_open_and_whole(self, client, db):
        response = client.get("/api/schema/?format=json")
        assert response.status_code == 200
        paths = response.json()["paths"]
        assert "/api/v1/projects/{slug}/runs/{name}/gate/" in paths
        assert len(paths) >= 30

    def test_no_warnings(self, db, tmp_path):
        from django.core.management import call_command

        file = tmp_path / "schema.yml"
        call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
        assert file.stat().st_size > 10_000

    def test_links_of_invitations_lead_somewhere(self):
        assert reverse("join", args=["abc"]) == "/join/abc/"
