import json

from django.core.files.uploadedfile import SimpleUploadedFile

from evals.models import EvalSetVersion
from evals.records import TrafficRecord, decode_line
from tests.reviewapp.api.test_queue import sent
from tests.reviewapp.conftest import as_lines, records


def rows_of(response):
    assert response.status_code == 200, response.content
    body = b"".join(response.streaming_content)
    return [json.loads(line) for line in body.decode().splitlines()]


def label_all(client):
    while (response := client.post("queue/claim/")).status_code == 200:
        item = response.json()["item"]
        assert client.post("reviews/", sent(item)).status_code == 201


class TestEvalSets:
    def test_lines(self, api, erin, models):
        client = api(erin)
        made = client.lines("evalsets/?name=gold&note=first", as_lines(records()))
        assert made.status_code == 201, made.content
        assert (made.json()["name"], made.json()["version"], made.json()["size"]) == ("gold", 1, 12)
        again = client.lines("evalsets/?name=gold", as_lines(records()))
        assert again.json()["digest"] == made.json()["digest"]
        listed = client.get("evalsets/").json()["results"]
        assert [v["version"] for v in listed[0]["versions"]] == [1]

    def test_a_form(self, api, erin, models):
        file = SimpleUploadedFile("gold.jsonl", as_lines(records()))
        form = {"name": "gold", "file": file}
        response = api(erin).client.post("/api/v1/projects/support/evalsets/", form)
        assert response.status_code == 201, response.content
        provenance = EvalSetVersion.objects.get().examples.first().provenance
        assert provenance == {"file": "gold.jsonl", "line": 1}

    def test_all_or_nothing(self, api, erin, models):
        rows = records()
        rows[3] = rows[3] | {"expected": None}
        response = api(erin).lines("evalsets/?name=gold", as_lines(rows))
        assert response.status_code == 400
        assert response.json()["error"]["where"] == "line 4, $.expected"
        assert not EvalSetVersion.objects.exists()

    def test_bad_input(self, api, erin, models):
        client = api(erin)
        assert client.lines("evalsets/", as_lines(records())).status_code == 400
        assert client.lines("evalsets/?name=a+b", as_lines(records())).status_code == 400
        assert client.lines("evalsets/?name=gold", b"").status_code == 400
        assert client.post("evalsets/", data={"name": "gold"}).status_code == 400

    def test_who_may_not(self, api, bob, charlie):
        assert api(bob).lines("evalsets/?name=gold", as_lines(records())).status_code == 403
        assert api(charlie).get("evalsets/").status_code == 404


class TestExport:
    def test_traffic(self, api, erin, models):
        client = api(erin)
        client.lines("evalsets/?name=gold", as_lines(records()))
        rows = rows_of(client.get("evalsets/gold/export/?format=traffic&version=1"))
        assert [row["expected"] for row in rows] == [row["expected"] for row in records()]
        line = json.dumps(rows[0]).encode()
        assert isinstance(decode_line(line, 1, TrafficRecord), TrafficRecord)

    def test_inspect(self, api, erin, models):
        client = api(erin)
        client.lines("evalsets/?name=gold", as_lines(records()))
        response = client.get(
            "evalsets/gold/export/?format=inspect", headers={"accept": "application/x-ndjson"}
        )
        rows = rows_of(response)
        assert rows[0]["target"] == "billing"
        assert rows[0]["metadata"]["provenance"]["line"] == 1

    def test_bad_input(self, api, erin, models):
        client = api(erin)
        client.lines("evalsets/?name=gold", as_lines(records()))
        assert client.get("evalsets/gold/export/?format=xml").status_code == 400
        assert client.get("evalsets/gold/export/?version=2").status_code == 404
        assert client.get("evalsets/gold/export/?version=x").status_code == 404
        assert client.get("evalsets/none/export/").status_code == 404

    def test_who_may_not(self, api, bob):
        assert api(bob).get("evalsets/gold/export/").status_code == 403


class TestGrow:
    def test_it_works(self, api, alice, finished_run):
        client = api(alice)
        label_all(client)
        made = client.post("evalsets/fresh/grow/", {"run": "shadow-11"})
        assert made.status_code == 201, made.content
        assert made.json()["size"] == made.json()["changed"] == 12
        again = client.post("evalsets/fresh/grow/", {"run": "shadow-11"})
        assert (again.json()["version"], again.json()["changed"]) == (1, 0)

    def test_nothing_to_add(self, api, alice, finished_run):
        response = api(alice).post("evalsets/fresh/grow/", {"run": "shadow-11"})
        assert response.status_code == 409
        assert not EvalSetVersion.objects.exists()

    def test_bad_input(self, api, alice, bob, finished_run):
        assert api(alice).post("evalsets/fresh/grow/", {}).status_code == 400
        assert api(alice).post("evalsets/fresh/grow/", {"run": "none"}).status_code == 404
        assert api(bob).post("evalsets/fresh/grow/", {"run": "shadow-11"}).status_code == 403


class TestLabels:
    def test_it_works(self, api, alice, erin, finished_run):
        client = api(alice)
        item = client.post("queue/claim/").json()["item"]
        client.post("reviews/", sent(item))
        rows = rows_of(api(erin).get("labels/?run=shadow-11"))
        assert len(rows) == 1
        assert rows[0]["sides"] == {"baseline": "ok", "candidate": "ok"}
        assert rows[0]["reviewer"] == "alice"
        assert rows_of(api(erin).get("labels/")) == rows

    def test_unresolved_items_are_left_out(self, api, erin, finished_run):
        assert rows_of(api(erin).get("labels/")) == []

    def test_who_may_not(self, api, bob, charlie, finished_run):
        assert api(bob).get("labels/").status_code == 403
        assert api(charlie).get("labels/").status_code == 404
        assert api(bob).get("labels/?run=none").status_code == 403
