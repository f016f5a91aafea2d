from reviewapp.actions import projects, reports
from reviewapp.models import Report


class TestReport:
    def test_it_works(self, api, bob, finished_run):
        reports.refresh(run=finished_run)
        response = api(bob).get("runs/shadow-11/report/")
        assert response.status_code == 200
        assert response.json()["fresh"]
        assert response.json()["data"]["population"]["requests"] == 12

    def test_not_computed_yet(self, api, bob, finished_run):
        response = api(bob).get("runs/shadow-11/report/")
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "not_ready"
        assert response["Retry-After"]
        assert not Report.objects.exists()

    def test_stale(self, api, bob, finished_run):
        reports.refresh(run=finished_run)
        type(finished_run).objects.update(state="cancelled", finished_at=None)
        assert not api(bob).get("runs/shadow-11/report/").json()["fresh"]

    def test_frozen(self, api, alice, finished_run):
        client = api(alice)
        frozen = client.post("runs/shadow-11/report/freeze/")
        assert frozen.status_code == 201
        assert len(frozen.json()["digest"]) == 64
        again = client.get(f"runs/shadow-11/report/?frozen={frozen.json()['id']}")
        assert again.json() == frozen.json()

    def test_bad_input(self, api, alice, finished_run):
        for number in ("0", "x", "99999999999999999999"):
            assert api(alice).get(f"runs/shadow-11/report/?frozen={number}").status_code == 404

    def test_who_may_not(self, api, erin, charlie, finished_run):
        assert api(erin).post("runs/shadow-11/report/freeze/").status_code == 403
        assert api(charlie).get("runs/shadow-11/report/").status_code == 404


class TestGate:
    def test_no_report_yet(self, api, erin, finished_run):
        response = api(erin).get("runs/shadow-11/gate/")
        assert response.status_code == 200
        assert response.json()["verdict"] == "undecided"
        assert response.json()["waiting"]

    def test_no_policy(self, api, erin, finished_run):
        reports.refresh(run=finished_run)
        assert api(erin).get("runs/shadow-11/gate/").json()["verdict"] == "no policy"

    def test_undecided(self, api, erin, finished_run, project, olga):
        projects.set_policy(project=project, margin=0.1, critical_margin=0.01, by=olga)
        reports.refresh(run=finished_run)
        gate = api(erin).get("runs/shadow-11/gate/").json()
        assert gate["verdict"] == "undecided"
        assert gate["fresh"]
        assert "12 drawn items" in gate["waiting"][0]

    def test_a_stale_pass_does_not_count(self, api, erin, finished_run, project, olga):
        current = reports.refresh(run=finished_run)
        current.data["gate"]["verdict"] = "pass"
        current.save()
        projects.set_policy(project=project, margin=0.1, critical_margin=0.01, by=olga)
        assert api(erin).get("runs/shadow-11/gate/").json()["verdict"] == "undecided"
