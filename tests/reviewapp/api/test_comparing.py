from evals import recompute
from evals.models import ComparisonSet
from reviewapp.actions import projects

LABEL = {"comparators": [{"kind": "label"}]}
ADDRESS = "runs/shadow-11/compare-again/"


class TestCompareAgain:
    def test_it_works(self, api, alice, project, finished_run):
        projects.set_pipeline(project=project, pipeline=LABEL, by=alice)
        answer = api(alice).post(ADDRESS)
        assert answer.status_code == 202
        finished_run.refresh_from_db()
        assert answer.json() == {
            "run": "shadow-11",
            "comparators": finished_run.pipeline_digest,
            "percent": 0.0,
            "comparisons": 12,
            "items": 12,
            "reviews": 0,
        }
        recompute.recompute(ComparisonSet.objects.get(number=2))
        assert finished_run.comparisons.get(request__key="req-06").outcome == "equivalent"

    def test_nothing_to_do(self, api, alice, finished_run):
        answer = api(alice).post(ADDRESS)
        assert answer.status_code == 409
        assert "has these comparators already" in answer.json()["error"]["what"]

    def test_who_may_not(self, api, erin, bob, finished_run):
        for user in (erin, bob):
            assert api(user).post(ADDRESS).status_code == 403

    def test_no_such_run(self, api, alice, project):
        assert api(alice).post("runs/none/compare-again/").status_code == 404
