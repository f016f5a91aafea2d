from decimal import Decimal
from typing import Any

import pytest

from evals import limits
from evals.ingest import ingest
from evals.models import Attempt, Comparison, EvalSetVersion, Project, Run
from evals.records import decode_lines
from reviewapp import workers
from reviewapp.actions import models as model_actions
from reviewapp.actions import runs
from reviewapp.models import Slot, User
from tests.reviewapp.conftest import as_lines

pytestmark = pytest.mark.django_db
LIST, NEW, RUN = "/p/support/runs/", "/p/support/runs/new/", "/p/support/runs/shadow-11/"


@pytest.fixture
def live(models, project, olga: User) -> Run:
    return runs.start(
        project=project, name="live", baseline=models[0], candidate=models[1], by=olga
    )


class TestRuns:
    def test_it_works(self, as_user, bob: User, finished_run: Run) -> None:
        page = as_user(bob).get(LIST).content.decode()
        assert "shadow-11" in page
        assert "no report yet" in page
        assert "finished" in page

    def test_outsiders(self, closed, project) -> None:
        closed(LIST)

    def test_an_empty_list_says_what_comes_first(self, as_user, erin: User) -> None:
        assert "/settings/models/new/" in as_user(erin).get(LIST).content.decode()

    def test_queries_do_not_grow(self, as_user, queries, erin, olga, project, models, live) -> None:
        client = as_user(erin)
        before = queries(client, LIST)
        for i in range(4):
            runs.start(
                project=project, name=f"r{i}", baseline=models[1], candidate=models[0], by=olga
            )
        assert queries(client, LIST) == before


class TestNew:
    def body(self, models, **more: object) -> dict[str, object]:
        return {"baseline": models[0].pk, "candidate": models[1].pk, "kind": "live"} | more

    def test_it_works(self, as_user, erin: User, models) -> None:
        answer = as_user(erin).post(NEW, self.body(models, days="3", name="first"))
        assert answer["Location"] == "/p/support/runs/first/"
        run = Run.objects.get()
        assert (run.closes_at - run.opens_at).days == 3

    def test_a_reviewer_may_not(self, as_user, bob: User, models) -> None:
        assert as_user(bob).get(NEW).status_code == 403
        assert as_user(bob).post(NEW, self.body(models)).status_code == 403

    def test_outsiders(self, closed, project) -> None:
        closed(NEW)

    def test_the_name_is_made_where_none_is_given(self, as_user, erin: User, models, version):
        client = as_user(erin)
        offline = self.body(models, kind="offline", evalset_version=version.pk)
        client.post(NEW, offline)
        client.post(NEW, offline)
        names = set(Run.objects.values_list("name", flat=True))
        assert names == {"offline-triage-11", "offline-triage-11-2"}

    def test_two_that_are_one(self, as_user, erin: User, models) -> None:
        body = self.body(models, candidate=models[0].pk, name="one")
        assert "choose two" in as_user(erin).post(NEW, body).content.decode()

    def test_recorded_without_traffic(self, as_user, erin: User, models) -> None:
        page = as_user(erin).post(NEW, self.body(models, kind="recorded")).content.decode()
        assert "No traffic has been received" in page

    def test_offline_without_a_version(self, as_user, erin: User, models) -> None:
        page = as_user(erin).post(NEW, self.body(models, kind="offline")).content.decode()
        assert "An offline run needs a version" in page

    def test_a_name_that_is_an_address(self, as_user, erin: User, models) -> None:
        page = as_user(erin).post(NEW, self.body(models, name="new")).content.decode()
        assert "is an address of this site" in page

    def test_one_model_is_too_few(self, as_user, erin: User, project) -> None:
        assert "needs two model versions" in as_user(erin).get(NEW).content.decode()


class TestRun:
    def test_it_works(self, as_user, bob: User, finished_run: Run) -> None:
        page = as_user(bob).get(RUN).content.decode()
        assert "<strong>12</strong> of 12 requests compared" in page
        assert "differ, similarity below 0.4" in page
        assert "req-02" in page

    def test_outsiders(self, closed, finished_run: Run) -> None:
        closed(RUN)

    def test_a_run_that_is_not_there(self, as_user, bob: User, project) -> None:
        assert as_user(bob).get(RUN).status_code == 404

    def test_it_stays_blind(self, as_user, olga: User, finished_run: Run) -> None:
        page = as_user(olga).get(RUN).content.decode()
        assert "refund please" not in page
        assert "outage" not in page
        assert "correct" not in page

    def test_queries_do_not_grow(self, as_user, queries, bob: User, finished_run: Run) -> None:
        client = as_user(bob)
        assert queries(client, RUN + "?outcome=equivalent") == queries(client, RUN)

    def test_one_outcome(self, as_user, bob: User, finished_run: Run) -> None:
        context = as_user(bob).get(RUN + "?outcome=differ").context
        assert {row.outcome for row in context["rows"]} == {"differ"}

    def test_the_next_page(self, as_user, bob: User, finished_run: Run, monkeypatch) -> None:
        monkeypatch.setattr("reviewapp.views.runs.PAGE", 5)
        client, seen, after = as_user(bob), [], ""
        while after is not None:
            context = client.get(f"{RUN}?after={after}").context
            seen += [row.pk for row in context["rows"]]
            after = context["more"]
        assert len(seen) == len(set(seen)) == 12

    @pytest.mark.parametrize("query", ["?after=x", "?after=" + "9" * 40, "?outcome=%00"])
    def test_broken_queries(self, as_user, bob: User, finished_run: Run, query: str) -> None:
        assert as_user(bob).get(RUN + query).status_code == 200

    def test_errors_are_told_once_each(self, as_user, bob: User, finished_run: Run) -> None:
        for comparison in Comparison.objects.all()[:3]:
            Attempt.objects.create(
                request=comparison.request, model=finished_run.candidate, error="HTTP 503 <b>"
            )
        page = as_user(bob).get(RUN).content.decode()
        assert page.count("HTTP 503 &lt;b&gt;") == 1
        assert "3 ×" in page

    def test_a_paused_run_says_why(self, as_user, erin: User, live: Run) -> None:
        Run.objects.update(state="paused", state_reason="connection refused")
        page = as_user(erin).get("/p/support/runs/live/").content.decode()
        assert "connection refused" in page
        assert "Resume" in page


class TestProgress:
    headers = {"HX-Request": "true", "HX-Target": "progress"}

    def test_it_works(self, as_user, bob: User, live: Run) -> None:
        page = as_user(bob).get("/p/support/runs/live/", headers=self.headers).content.decode()
        assert 'hx-trigger="every 2s"' in page
        assert "Takes traffic until" in page
        assert "<html" not in page

    def test_it_costs_few_queries(self, as_user, queries, bob: User, live: Run) -> None:
        count = queries(as_user(bob), "/p/support/runs/live/", headers=self.headers)
        assert count <= 7

    def test_it_ends_with_the_run(self, as_user, bob: User, finished_run: Run) -> None:
        answer = as_user(bob).get(RUN, headers=self.headers)
        assert answer["HX-Refresh"] == "true"
        assert "every 2s" not in answer.content.decode()

    def test_no_worker(self, as_user, bob: User, live: Run, monkeypatch) -> None:
        monkeypatch.setattr(workers, "alive", lambda: False)
        page = as_user(bob).get("/p/support/runs/live/").content.decode()
        assert "No worker is running" in page

    def test_a_part_for_another_target(self, as_user, bob: User, finished_run: Run) -> None:
        headers = {"HX-Request": "true", "HX-Target": "comparisons"}
        page = as_user(bob).get(RUN, headers=headers).content.decode()
        assert page.strip().startswith('<section id="comparisons"')


class TestChange:
    def test_it_works(self, as_user, erin: User, live: Run) -> None:
        client = as_user(erin)
        for verb, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
            assert client.post(f"/p/support/runs/live/{verb}/")["Location"].endswith("/live/")
            live.refresh_from_db()
            assert live.state == state

    def test_cancelling_says_what_is_lost(self, as_user, erin: User, finished_run: Run) -> None:
        page = as_user(erin).get(RUN).content.decode()
        assert "12 items leave the queue. 0 reviews and all outputs are kept." in page
        as_user(erin).post(RUN + "cancel/")
        assert not Slot.objects.exists()

    def test_a_reviewer_may_not(self, as_user, bob: User, live: Run) -> None:
        assert as_user(bob).post("/p/support/runs/live/cancel/").status_code == 403
        assert "Cancel the run" not in as_user(bob).get("/p/support/runs/live/").content.decode()

    def test_outsiders(self, closed, live: Run) -> None:
        closed("/p/support/runs/live/cancel/", "post")

    def test_looking_changes_nothing(self, as_user, erin: User, live: Run) -> None:
        assert as_user(erin).get("/p/support/runs/live/cancel/").status_code == 405

    def test_what_cannot_be_is_said(self, as_user, erin: User, finished_run: Run) -> None:
        page = as_user(erin).post(RUN + "resume/", follow=True).content.decode()
        assert "cannot be resumed" in page

    def test_an_unknown_verb(self, as_user, erin: User, live: Run) -> None:
        assert as_user(erin).post("/p/support/runs/live/explode/").status_code == 404


class TestPace:
    def test_the_time_that_is_left(self, project, models, olga: User, version) -> None:
        from evals import compare
        from evals.ingest import ingest
        from evals.models import ModelVersion
        from evals.records import decode_lines
        from reviewapp import watch

        ModelVersion.objects.update(
            provider="openai", base_url="http://127.0.0.1:9", upstream_model="m"
        )
        baseline, candidate = ModelVersion.objects.order_by("name")
        run = runs.start(
            project=project,
            name="offline",
            baseline=baseline,
            candidate=candidate,
            evalset_version=EvalSetVersion.objects.get(),
            by=olga,
        )
        compare.enrol(run)
        row = {
            "id": "gold-0",
            "input": "message 0",
            "outputs": [{"model": "triage-09", "output": "a"}],
        }
        ingest(project, decode_lines([as_lines([row])]))
        pace = watch.pace(run)
        assert pace.per_minute == 1
        assert pace.fetched == 5 + pace.progress.noise_wanted
        assert pace.time_left == f"about {pace.fetched} minutes"

    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(10, "less than a minute"), (60, "about 1 minute"), (7000, "about 2 hours")],
    )
    def test_words(self, seconds: float, words: str) -> None:
        from reviewapp.watch import in_words

        assert in_words(seconds) == words


class TestLimits:
    ADDRESS = "/p/support/runs/live/limits/"

    @pytest.fixture
    def asked(self, project: Project, models: Any, erin: User) -> Run:
        """A live shadow over a tenth of the traffic, whose candidate is asked for money."""
        candidate = model_actions.define(
            project=project, name="asked", by=erin, provider="openai",
            base_url="http://127.0.0.1:1/v1", upstream_model="x", price_input=1, price_output=1,
        )  # fmt: skip
        return runs.start(
            project=project, name="live", baseline=models[0], candidate=candidate, by=erin,
            share=0.1, cap_usd=Decimal("2.5"),
        )  # fmt: skip

    def test_it_works(self, as_user, erin: User, asked: Run) -> None:
        client = as_user(erin)
        page = client.get("/p/support/runs/live/").content.decode()
        assert "10 % of it, chosen at random" in page
        assert "<strong>US$ 0.0000</strong> of at most US$ 2.5" in page
        said = client.post(self.ADDRESS, {"cap_usd": "7", "share": "20"}, follow=True)
        assert "The limits of live are changed." in said.content.decode()
        asked.refresh_from_db()
        assert (asked.cap_usd, asked.sampling["traffic_share"]) == (7, 0.2)

    def test_no_cap(self, as_user, erin: User, asked: Run) -> None:
        as_user(erin).post(self.ADDRESS, {"cap_usd": "", "share": "10"})
        asked.refresh_from_db()
        assert asked.cap_usd is None

    def test_a_cap_that_was_reached(self, as_user, erin: User, asked: Run) -> None:
        why = "the spending cap of US$ 2.5000 could be passed"
        Run.objects.update(state="paused", paused_by="cap", state_reason=why)
        page = as_user(erin).get("/p/support/runs/live/").content.decode()
        assert why in page
        assert '<details class="more" open>' in page
        as_user(erin).post(self.ADDRESS, {"cap_usd": "7", "share": "10"})
        asked.refresh_from_db()
        assert asked.state == "running"

    @pytest.mark.parametrize(
        ("sent", "said"),
        [
            ({"cap_usd": "1", "share": "5"}, "that can be raised only"),
            ({"cap_usd": "much", "share": "10"}, "Spending cap, US$: Enter a number."),
            ({"cap_usd": "-1", "share": "10"}, "greater than or equal to 0"),
            ({"cap_usd": "1", "share": "200"}, "less than or equal to 100"),
            ({"cap_usd": "1"}, "Share of traffic, %: This field is required."),
        ],
    )
    def test_bad_input(self, as_user, erin: User, asked: Run, sent: Any, said: str) -> None:
        page = as_user(erin).post(self.ADDRESS, sent, follow=True).content.decode()
        assert said in page
        asked.refresh_from_db()
        assert asked.cap_usd == Decimal("2.5")

    def test_who_may_not(self, as_user, closed, bob: User, asked: Run) -> None:
        assert as_user(bob).post(self.ADDRESS, {"cap_usd": "9"}).status_code == 403
        assert "Change its limits" not in as_user(bob).get("/p/support/runs/live/").content.decode()
        closed(self.ADDRESS, "post")

    def test_a_server_that_asked_for_a_pause(self, as_user, bob: User, asked: Run) -> None:
        limits.rest(limits.endpoint_of(asked.candidate), 170)
        page = as_user(bob).get("/p/support/runs/live/").content.decode()
        assert "asked rests for about 3 minutes" in page

    def test_what_came_too_late(self, as_user, bob: User, finished_run: Run, project) -> None:
        late = {"id": "late", "occurred_at": "2026-01-03T10:00:00Z", "input": "hello"}
        ingest(project, decode_lines([as_lines([late])]))
        page = as_user(bob).get(RUN).content.decode()
        assert "1 request of its window came in after it had finished" in page

    def test_a_finished_run_is_cancelled_from_a_corner(
        self, as_user, erin: User, finished_run: Run
    ) -> None:
        page = as_user(erin).get(RUN).content.decode()
        assert page.index("<summary>Cancel it</summary>") < page.index("Cancel the run</button>")
        assert "It has finished. Cancelling takes it back" in page
