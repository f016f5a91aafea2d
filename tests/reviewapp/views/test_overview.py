import pytest

from evals.ingest import ingest
from evals.models import ModelVersion, Project, Run
from evals.records import decode_lines
from reviewapp.actions import promotions, runs
from reviewapp.models import Slot, User
from tests.reviewapp.conftest import as_lines, records

pytestmark = pytest.mark.django_db
ADDRESS = "/p/support/"


def step(client) -> str:
    return client.get(ADDRESS).context["step"].words


class TestOverview:
    def test_it_works(self, as_user, alice: User, bob: User, finished_run: Run) -> None:
        page = as_user(alice).get(ADDRESS).content.decode()
        assert "triage-11" in page
        assert "12 of 12 requests" in page
        assert "olga started shadow-11" in page
        assert "bob" in page

    def test_outsiders(self, closed, project: Project) -> None:
        closed(ADDRESS)

    def test_the_commands_are_this_projects(self, as_user, erin: User, models) -> None:
        page = as_user(erin).get(ADDRESS).content.decode()
        assert "/api/v1/projects/support/traffic/" in page
        assert "manage.py ingest support traffic.jsonl" in page

    def test_a_reviewer_sends_nothing(self, as_user, bob: User) -> None:
        assert "curl" not in as_user(bob).get(ADDRESS).content.decode()

    def test_queries_do_not_grow(self, as_user, queries, alice, finished_run, django_user_model):
        client = as_user(alice)
        before = queries(client, ADDRESS)
        for i in range(5):
            user = django_user_model.objects.create_user(username=f"u{i}")
            finished_run.project.memberships.create(user=user, role="reviewer")
        assert queries(client, ADDRESS) == before


class TestNextStep:
    def test_models_first(self, as_user, erin: User, project: Project) -> None:
        assert step(as_user(erin)).startswith("Define two model versions")

    def test_then_data(self, as_user, erin: User, models) -> None:
        answer = as_user(erin).get(ADDRESS)
        assert answer.context["step"].words.startswith("Send traffic")
        assert answer.context["step"].send_data

    def test_then_a_run(self, as_user, erin: User, project: Project, models) -> None:
        ingest(project, decode_lines([as_lines(records())]))
        assert step(as_user(erin)) == "Start a run of the two versions."

    def test_a_reviewer_waits_for_the_run(self, as_user, bob: User, models) -> None:
        assert step(as_user(bob)).startswith("No run has been started yet.")

    def test_a_running_run(self, as_user, erin: User, project: Project, models, olga) -> None:
        baseline, candidate = models
        runs.start(project=project, name="live", baseline=baseline, candidate=candidate, by=olga)
        assert step(as_user(erin)) == "live is running."

    def test_a_paused_run(self, as_user, erin: User, finished_run: Run) -> None:
        Run.objects.update(state="paused", finished_at=None, state_reason="HTTP 503")
        assert step(as_user(erin)) == "shadow-11 is paused: HTTP 503."

    def test_items(self, as_user, bob: User, erin: User, finished_run: Run) -> None:
        assert step(as_user(bob)) == "12 items wait for you."
        assert step(as_user(erin)) == "12 items wait for reviewers."

    def test_disputes(self, as_user, alice: User, finished_run: Run) -> None:
        Slot.objects.all().delete()
        finished_run.items.update(state="disputed")
        assert step(as_user(alice)).startswith("12 items wait for adjudication")

    def test_the_report(self, as_user, alice: User, finished_run: Run) -> None:
        finished_run.items.all().delete()
        assert step(as_user(alice)).startswith("Nothing waits in the queue")

    def test_a_promotion(self, as_user, alice: User, bob: User, finished_run: Run) -> None:
        promotions.open(run=finished_run, by=alice)
        assert step(as_user(alice)) == "Promotion 1 waits for a decision."
        assert step(as_user(bob)) == "12 items wait for you."

    def test_a_second_model(self, as_user, erin: User, models) -> None:
        ModelVersion.objects.get(name="triage-11").delete()
        assert step(as_user(erin)) == "Define a second model version to hold against triage-09."
