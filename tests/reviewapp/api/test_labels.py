import gzip
import json

import pytest

from reviewapp.models import LabelSet, OutputJudgement, Rater
from tests.reviewapp.conftest import as_lines
from tests.reviewapp.labelling.importing.scenes import NEW, bare, found, record

ROWS = [record(1), record(2, sides={NEW: "error"}, findings=[found()])]
NOTHING = {"stored": 0, "added": 0, "superseded": 0, "unchanged": 0, "conflicting": 0}


@pytest.fixture
def client(api, erin, project, models):
    bare(project, models)
    return api(erin)


class TestSendLabels:
    def test_it_works(self, client):
        answer = client.lines("labels/?set=march&design=random&kind=expert", as_lines(ROWS))
        assert answer.status_code == 200
        expected = {**NOTHING, "stored": 2, "rejected": 0, "not_blind": 0, "problems": []}
        assert answer.json() == expected
        again = client.lines("labels/?set=march", as_lines(ROWS))
        assert again.json()["unchanged"] == 2
        made = LabelSet.objects.get()
        assert (made.name, made.design, made.kind) == ("march", "random", "expert")

    def test_packed(self, client):
        body = gzip.compress(as_lines(ROWS))
        answer = client.lines("labels/", body, headers={"content-encoding": "gzip"})
        assert answer.json()["stored"] == 2

    def test_out_again(self, client):
        client.lines("labels/", as_lines(ROWS))
        out = b"".join(client.get("labels/").streaming_content).splitlines()
        assert [json.loads(one)["label_set"] for one in out] == ["imported"] * 3
        assert client.lines("labels/", b"\n".join(out)).json()["unchanged"] == 3
        assert not list(client.get("labels/?run=run-1").streaming_content)

    def test_every_line_bad(self, client):
        answer = client.lines("labels/", as_lines([{**ROWS[0], "request": "none"}]))
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["code"], error["where"]) == ("nothing_stored", "line 1, $.request")
        assert answer.json()["rejected"] == 1

    @pytest.mark.parametrize("query", ["design=all", "set=a%20b", "kind=%3Cb%3E", "blind=perhaps"])
    def test_bad_statements(self, client, query):
        answer = client.lines(f"labels/?{query}", as_lines(ROWS))
        assert answer.status_code == 400
        assert answer.json()["error"]["where"] == query.partition("=")[0]
        assert not Rater.objects.filter(kind="imported").exists()

    def test_a_body_that_breaks_off(self, client):
        body = gzip.compress(as_lines(ROWS))[:-9]
        answer = client.lines("labels/", body, headers={"content-encoding": "gzip"})
        assert answer.status_code == 400
        assert "error" in answer.json()

    def test_averaging_is_for_leads(self, client, api, alice, project):
        assert client.lines("labels/?average=true", as_lines(ROWS)).status_code == 403
        assert not OutputJudgement.objects.exists()
        assert api(alice).lines("labels/?average=true", as_lines(ROWS)).status_code == 200
        project.refresh_from_db()
        assert project.several_raters == "average"

    def test_who_may_not(self, client, api, bob, charlie):
        assert api(bob).lines("labels/", as_lines(ROWS)).status_code == 403
        assert api(charlie).lines("labels/", as_lines(ROWS)).status_code == 404
        assert not OutputJudgement.objects.exists()


class TestARunThatDrawsNothing:
    def test_is_started(self, client, project):
        body = {"name": "bare", "baseline": "triage-09", "candidate": NEW, "recorded": True}
        assert client.post("runs/", {**body, "draw": False}).status_code == 201
        plan = project.runs.get(name="bare").sampling
        assert (plan["labels"], plan["equivalent"], plan["identical"]) == (0, 0, 0)
