from evals import compare
from evals.models import Output, Run
from evals.records import decode_lines
from reviewapp.actions import evalsets
from reviewapp.actions import models as model_actions
from reviewapp.actions import runs as run_actions
from tests.reviewapp.conftest import as_lines, records

NEW = {"name": "next", "baseline": "triage-09", "candidate": "triage-11"}


class TestRuns:
    def test_list(self, api, bob, finished_run):
        rows = api(bob).get("runs/").json()["results"]
        assert [row["name"] for row in rows] == ["shadow-11"]
        assert rows[0]["candidate"] == "triage-11"

    def test_pages(self, api, bob, project, models, olga):
        for i in range(5):
            run_actions.start(
                project=project, name=f"r{i}", baseline=models[0], candidate=models[1], by=olga
            )
        client = api(bob)
        page = client.get("runs/?limit=2").json()
        names = [row["name"] for row in page["results"]]
        while page["next"]:
            page = client.get(page["next"].removeprefix("http://testserver")).json()
            names += [row["name"] for row in page["results"]]
        assert names == ["r4", "r3", "r2", "r1", "r0"]
        assert client.get("runs/?cursor=junk").status_code == 404

    def test_start_a_shadow(self, api, erin, models):
        response = api(erin).post("runs/", {**NEW, "days": 7})
        assert response.status_code == 201, response.content
        assert response.json()["kind"] == "shadow"
        assert response.json()["started_by"] == "erin"

    def test_start_offline(self, api, erin, models, project):
        lines = decode_lines([as_lines(records())])
        evalsets.create(project=project, name="gold", lines=lines, by=erin)
        for reference in ("gold", "gold@1"):
            sent = {**NEW, "name": reference.replace("@", "-"), "evalset": reference}
            response = api(erin).post("runs/", sent)
            assert response.status_code == 201, response.content
            assert response.json()["evalset"] == "gold@1"

    def test_who_may_not(self, api, bob, charlie, models):
        assert api(bob).post("runs/", NEW).status_code == 403
        assert api(charlie).post("runs/", NEW).status_code == 404
        assert not Run.objects.exists()

    def test_bad_input(self, api, erin, models):
        client = api(erin)
        response = client.post("runs/", {**NEW, "baseline": "x", "evalset": "none@1"})
        assert response.status_code == 400
        wheres = {problem["where"] for problem in response.json()["error"]["problems"]}
        assert wheres == {"baseline", "evalset"}
        assert client.post("runs/", {**NEW, "candidate": "triage-09"}).status_code == 400
        assert client.post("runs/", {**NEW, "name": "a b"}).status_code == 400
        assert client.post("runs/", {**NEW, "recorded": True}).status_code == 400
        assert client.post("runs/", {**NEW, "days": -1}).status_code == 400
        assert client.post("runs/", {**NEW, "days": 1e12}).status_code == 400
        assert client.post("runs/", {**NEW, "cap": "5"}).json()["error"]["where"] == "cap"
        assert client.post("runs/", NEW).status_code == 201
        assert client.post("runs/", NEW).status_code == 400


class TestRun:
    def test_it_works(self, api, bob, finished_run):
        response = api(bob).get("runs/shadow-11/")
        shown = response.json()
        assert shown["state"] == "finished"
        assert shown["progress"]["settled"] == 12
        assert shown["items"] == {"pending": 12, "disputed": 0, "resolved": 0, "skipped": 0}
        assert finished_run.seed not in response.content.decode()
        assert b"refund please" not in response.content

    def test_unknown(self, api, bob, project):
        assert api(bob).get("runs/none/").status_code == 404


class TestMoves:
    def test_it_works(self, api, erin, models):
        client = api(erin)
        client.post("runs/", NEW)
        for verb, state in (
            ("pause", "paused"),
            ("resume", "running"),
            ("close", "running"),
            ("cancel", "cancelled"),
        ):
            response = client.post(f"runs/next/{verb}/")
            assert response.status_code == 200
            assert response.json()["state"] == state

    def test_out_of_order(self, api, erin, finished_run):
        response = api(erin).post("runs/shadow-11/pause/")
        assert response.status_code == 409
        assert "finished" in response.json()["error"]["what"]

    def test_who_may_not(self, api, bob, finished_run):
        assert api(bob).post("runs/shadow-11/cancel/").status_code == 403


class TestOutputs:
    def start(self, client, project):
        inputs = [{k: v for k, v in row.items() if k != "outputs"} for row in records()]
        assert client.lines("traffic/", as_lines(inputs)).json()["stored"] == 12
        assert client.post("runs/", {**NEW, "recorded": True}).status_code == 201

    def test_without_input(self, api, erin, models, project):
        client = api(erin)
        self.start(client, project)
        uploads = [{"id": row["id"], "outputs": row["outputs"]} for row in records()]
        response = client.lines("runs/next/outputs/", as_lines(uploads))
        assert response.status_code == 200
        assert response.json()["added"] == 12
        run = Run.objects.get()
        compare.enrol(run)
        compare.settle(run)
        assert compare.finish_if_done(run)
        again = client.lines("runs/next/outputs/", as_lines(uploads))
        assert again.json()["unchanged"] == 12

    def test_whole_records(self, api, erin, models, project):
        client = api(erin)
        self.start(client, project)
        assert client.lines("runs/next/outputs/", as_lines(records())).json()["added"] == 12

    def test_bad_input(self, api, erin, models, project, olga):
        client = api(erin)
        model_actions.define(project=project, name="third", by=olga)
        self.start(client, project)
        one = {"model": "triage-11", "output": "x"}
        bad = [
            {"id": "unknown", "outputs": [one]},
            {"id": "req-01", "outputs": [{**one, "model": "third"}]},
            {"id": "req-01", "outputs": [{"model": "triage-11"}]},
        ]
        response = client.lines("runs/next/outputs/", as_lines(bad))
        assert response.status_code == 400
        fields = [problem["field"] for problem in response.json()["problems"]]
        assert fields == ["$.id", "$.outputs[0].model", "$.outputs[0]"]
        assert not Output.objects.exists()

    def test_a_conflict_is_told(self, api, erin, finished_run):
        sent = [{"id": "req-01", "outputs": [{"model": "triage-11", "output": "other"}]}]
        response = api(erin).lines("runs/shadow-11/outputs/", as_lines(sent))
        assert response.json()["conflicting"] == 1

    def test_who_may_not(self, api, bob, finished_run):
        assert api(bob).lines("runs/shadow-11/outputs/", b"{}").status_code == 403


class TestLimits:
    def start(self, client, **fields):
        return client.post("runs/", {**NEW, **fields})

    def test_it_works(self, api, erin, models):
        client = api(erin)
        made = self.start(client, traffic_share=0.25, cap_usd="10.50")
        assert made.status_code == 201, made.content
        assert made.json()["sampling"]["traffic_share"] == 0.25
        assert (made.json()["cap_usd"], made.json()["spent_usd"]) == ("10.5000", "0.000000000")
        changed = client.patch("runs/next/", {"cap_usd": None, "traffic_share": 0.5})
        assert changed.status_code == 200, changed.content
        assert changed.json()["sampling"]["traffic_share"] == 0.5
        assert changed.json()["cap_usd"] is None

    def test_who_may_not(self, api, erin, bob, charlie, models):
        self.start(api(erin))
        assert api(bob).patch("runs/next/", {"cap_usd": "1"}).status_code == 403
        assert api(charlie).patch("runs/next/", {"cap_usd": "1"}).status_code == 404

    def test_bad_input(self, api, erin, models):
        client = api(erin)
        for fields in ({"traffic_share": 2}, {"cap_usd": "much"}, {"samples": 3}, {"samples": -1}):
            assert self.start(client, **fields).status_code == 400, fields
        self.start(client)
        for fields in ({"traffic_share": 0.1}, {"cap_usd": "-1"}, {"cap_usd": "NaN"}):
            response = client.patch("runs/next/", fields)
            assert response.status_code == 400, fields
            assert response.json()["error"]["what"]

    def test_what_came_too_late_is_counted(self, api, erin, models, project):
        """… and changes nothing."""
        client = api(erin)
        rows = records()
        first = [{**row, "outputs": row["outputs"][:1]} for row in rows[:6]]
        client.lines("traffic/", as_lines(first))
        self.start(client, recorded=True)
        run = Run.objects.get()
        compare.enrol(run)
        compare.settle(run)
        assert compare.finish_if_done(run)
        before = list(run.comparisons.order_by("id").values())
        client.lines("traffic/", as_lines(rows))
        compare.settle(run)
        assert client.get("runs/next/").json()["late"] == {"outputs": 6, "requests": 6}
        assert list(run.comparisons.order_by("id").values()) == before
