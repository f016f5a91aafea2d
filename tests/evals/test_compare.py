"""From outputs to comparisons, on rows: whatever repeats, dies or comes late, it comes out once."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count
from django.utils import timezone

from evals import compare, sampling, settle
from evals.evalsets import create_from_records
from evals.ingest import ingest
from evals.models import Attempt, Comparison, ModelVersion, Output, Project, Request, Run, Stratum
from evals.records import decode_lines
from reviewapp.actions import projects, runs
from reviewapp.models import User
from tests.evals.test_ingest import at_once, send

pytestmark = pytest.mark.django_db

Models = tuple[ModelVersion, ModelVersion]
LABEL = {"comparators": [{"kind": "label"}]}
#: baseline, candidate → outcome, by the label comparator
PAIRS = [("spam", "spam"), ("spam", " SPAM"), ("spam", "ham"), ("spam", None), (None, "ham")]


def line(key: str, baseline: Any = None, candidate: Any = None, **fields: Any) -> dict[str, Any]:
    sides = (("triage-09", 0, baseline), ("triage-11", 0, candidate), ("triage-09", 1, None))
    again = fields.pop("again", None)
    sides = (*sides[:2], ("triage-09", 1, again))
    outputs = [{"model": m, "sample": s, "output": o} for m, s, o in sides if o is not None]
    return {"id": key, "input": f"message {key}", "outputs": outputs, **fields}


def recorded(project: Project, models: Models, by: User, **fields: Any) -> Run:
    fields = {"recorded": True, "name": "rec", **fields}
    return runs.start(project=project, baseline=models[0], candidate=models[1], by=by, **fields)


def go(run: Run) -> bool:
    """What the worker does with a run, without the fetching."""
    compare.enrol(run)
    compare.settle(run)
    return compare.finish_if_done(run)


def outcomes(run: Run) -> dict[str, str | None]:
    return dict(run.comparisons.values_list("request__key", "outcome"))


def check_totals(run: Run) -> None:
    """The kept totals are what a count of the comparisons says."""
    settled = run.comparisons.exclude(outcome=None).values("batch", "stratum")
    counted = {(row["batch"], row["stratum"]): row["n"] for row in settled.annotate(n=Count("id"))}
    kept = Stratum.objects.filter(run=run).values_list("batch", "name", "size")
    assert {(batch, name): size for batch, name, size in kept} == counted


@pytest.fixture
def labelled(project: Project, olga: User) -> Project:
    return projects.set_pipeline(project=project, pipeline=LABEL, by=olga)


class TestOutcomes:
    def test_it_works(self, labelled: Project, models: Models, olga: User) -> None:
        send(labelled, *[line(f"r{i}", *pair) for i, pair in enumerate(PAIRS)], line("r5"))
        run = recorded(labelled, models, olga)
        assert go(run)
        assert outcomes(run) == {
            "r0": "identical",
            "r1": "equivalent",
            "r2": "differ",
            **dict.fromkeys(("r3", "r4", "r5"), "failed"),
        }
        sides = run.comparisons.filter(outcome="failed").order_by("request__key")
        assert [one.failed_side for one in sides] == ["candidate", "baseline", "both"]
        differ = run.comparisons.get(outcome="differ")
        assert (differ.reason, differ.baseline_output.value) == ("label", "spam")
        assert differ.stratum == sampling.stratum("differ", differ.similarity)
        check_totals(run)

    def test_a_reason_with_its_path(self, project: Project, models: Models, olga: User) -> None:
        pipeline = {"comparators": [{"name": "fields", "kind": "json"}]}
        projects.set_pipeline(project=project, pipeline=pipeline, by=olga)
        send(project, line("r", {"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}))
        run = recorded(project, models, olga)
        go(run)
        found = run.comparisons.get()
        assert (found.outcome, found.reason, found.path) == ("differ", "fields", "$.a[1].b")

    @pytest.mark.parametrize(
        ("expected", "correct"),
        [("Spam", (True, False)), ("ham", (False, True)), ("other", (False, False)),
         (None, (None, None))],
    )  # fmt: skip
    def test_correct_against_what_was_expected(
        self, labelled: Project, models: Models, olga: User, expected: Any, correct: Any
    ) -> None:
        send(labelled, line("r", "spam", "ham", expected=expected))
        run = recorded(labelled, models, olga)
        go(run)
        found = run.comparisons.get()
        assert (found.baseline_correct, found.candidate_correct) == correct

    def test_one_side_that_failed_leaves_the_other_its_score(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        send(labelled, line("r", "spam", None, expected="spam"))
        run = recorded(labelled, models, olga)
        go(run)
        found = run.comparisons.get()
        assert (found.baseline_correct, found.candidate_correct) == (True, None)

    def test_only_sample_0_is_compared(self, labelled: Project, models: Models, olga: User) -> None:
        send(labelled, line("r", None, "ham", again="ham"))
        run = recorded(labelled, models, olga)
        go(run)
        assert run.comparisons.get().failed_side == "baseline"


class TestEnrolling:
    def test_once(self, project: Project, models: Models, olga: User) -> None:
        send(project, *[line(f"r{i}", "a", "b") for i in range(20)])
        run = recorded(project, models, olga)
        assert [compare.enrol(run), compare.enrol(run)] == [20, 0]
        for one in run.comparisons.select_related("request"):
            assert one.u == sampling.uniform(run.seed, one.request.key)

    @pytest.mark.django_db(transaction=True)
    def test_by_two_workers_at_once(self, project: Project, models: Models, olga: User) -> None:
        send(project, *[line(f"r{i}", "a", "b") for i in range(1500)])
        run = recorded(project, models, olga)
        results = at_once(*[lambda: go(run)] * 3)
        assert sorted(map(str, results)) == ["False", "False", "True"]
        assert list(outcomes(run).values()) == ["differ"] * 1500
        check_totals(run)

    def test_a_live_shadow_takes_its_window(
        self, project: Project, models: Models, olga: User
    ) -> None:
        run = recorded(project, models, olga, recorded=False, days=1)
        moments = {"early": -60, "open": 0, "mid": 3600, "last": 86399, "close": 86400}
        for key, seconds in moments.items():
            at = run.opens_at + timedelta(seconds=seconds)
            send(project, line(key, occurred_at=at.isoformat()))
        evalset(project, "gold")
        assert compare.enrol(run) == 3
        assert set(outcomes(run)) == {"open", "mid", "last"}

    def test_a_share_of_the_traffic(self, project: Project, models: Models, olga: User) -> None:
        projects.set_sampling(
            project=project, plan=sampling.SamplingPlan(traffic_share=0.25), by=olga
        )
        send(project, *[line(f"r{i}", "a", "b") for i in range(400)])
        run = recorded(project, models, olga)
        compare.enrol(run)
        taken = {
            f"r{i}" for i in range(400) if sampling.uniform(run.seed, f"r{i}", "traffic") < 0.25
        }
        assert set(outcomes(run)) == taken
        assert 60 < len(taken) < 140

    def test_a_recorded_run_is_one_batch_and_takes_nothing_later(
        self, project: Project, models: Models, olga: User
    ) -> None:
        send(project, line("old", "a", "b", occurred_at="2026-01-01T00:00:00Z"))
        run = recorded(project, models, olga)
        send(project, line("new", "a", "b"))
        assert go(run)
        assert list(run.comparisons.values_list("request__key", "batch")) == [("old", "all")]

    def test_an_offline_run_covers_its_eval_set(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        version = evalset(labelled, "spam", "ham")
        evalset(labelled, "ham", "ham", "ham")
        run = recorded(labelled, models, olga, recorded=False, evalset_version=version)
        send(labelled, {**line("e0", "spam", "ham"), "input": 0}, line("traffic", "a", "b"))
        assert not go(run)  # the outputs of e1 may still be uploaded
        runs.close(run=run, by=olga)
        run.refresh_from_db()
        assert go(run)
        rows = run.comparisons.order_by("request__key")
        assert [(r.expected, r.outcome, r.baseline_correct, r.candidate_correct) for r in rows] == [
            ("spam", "differ", True, False),
            ("ham", "failed", None, None),
        ]


def evalset(project: Project, *expected: str) -> Any:
    lines = [
        json.dumps({"id": f"e{i}", "input": i, "expected": label}).encode()
        for i, label in enumerate(expected)
    ]
    return create_from_records(
        project=project, name="gold", lines=decode_lines([b"\n".join(lines)])
    )


class TestSettling:
    def test_twice_changes_nothing(self, labelled: Project, models: Models, olga: User) -> None:
        send(labelled, *[line(f"r{i}", *pair) for i, pair in enumerate(PAIRS)])
        run = recorded(labelled, models, olga)
        go(run)
        before = list(run.comparisons.values()), list(Stratum.objects.values())
        assert compare.settle(run) == 0
        assert not go(run)
        assert (list(run.comparisons.values()), list(Stratum.objects.values())) == before

    def test_sides_that_arrive_in_any_order(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        run = recorded(labelled, models, olga, recorded=False)
        sides: list[dict[str, Any]] = []
        for i, (baseline, candidate) in enumerate(PAIRS * 6):
            sides += [line(f"r{i}", baseline), line(f"r{i}", None, candidate)]
        sides.sort(key=lambda one: sampling.uniform("shuffled", json.dumps(one)))
        for start in range(0, len(sides), 7):
            send(labelled, *sides[start : start + 7])
            go(run)
            check_totals(run)
        found = Counter(outcomes(run).values())
        assert found == {"identical": 6, "equivalent": 6, "differ": 6, None: 12}

    def test_waits_for_a_side_until_the_window_closes(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        run = recorded(labelled, models, olga, recorded=False, days=1)
        send(labelled, line("r", "spam"))
        assert (go(run), outcomes(run)) == (False, {"r": None})
        runs.close(run=run, by=olga)
        run.refresh_from_db()
        assert (go(run), outcomes(run)) == (True, {"r": "failed"})

    def test_each_day_is_a_batch_of_a_live_shadow(
        self, labelled: Project, models: Models, olga: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        run = recorded(labelled, models, olga, recorded=False, days=14)
        now = timezone.now()
        for day in range(3):
            monkeypatch.setattr(compare.timezone, "now", lambda day=day: now + timedelta(days=day))
            send(labelled, *[line(f"d{day}-{i}", "spam", "ham") for i in range(day + 1)])
            go(run)
        days = [(now + timedelta(days=day)).astimezone(UTC).date().isoformat() for day in range(3)]
        assert list(Stratum.objects.values_list("batch", "size")) == [
            (day, i + 1) for i, day in enumerate(days)
        ]
        check_totals(run)

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("place", ["judge", "stratum"])
    def test_a_worker_that_dies_in_the_middle(
        self,
        labelled: Project,
        models: Models,
        olga: User,
        place: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        send(labelled, *[line(f"r{i}", "spam", "ham") for i in range(1200)])
        run = recorded(labelled, models, olga)
        compare.enrol(run)
        with monkeypatch.context() as patch:
            dies_after(patch, settle if place == "judge" else sampling, place, 700)
            with pytest.raises(SystemError):
                compare.settle(run)
        assert run.comparisons.filter(outcome="differ").count() == 500
        check_totals(run)
        assert go(run)
        assert run.comparisons.filter(outcome="differ").count() == 1200
        check_totals(run)


def dies_after(patch: pytest.MonkeyPatch, module: Any, name: str, calls: int) -> None:
    real, count = getattr(module, name), Counter[str]()

    def dying(*args: Any) -> Any:
        count["calls"] += 1
        if count["calls"] > calls:
            raise SystemError("killed")
        return real(*args)

    patch.setattr(module, name, dying)


class TestNoise:
    def test_wherever_a_second_sample_was_sent(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        send(
            labelled,
            line("same", "spam", "ham", again="SPAM"),
            line("other", "spam", "ham", again="ham"),
            line("none", "spam", "ham"),
            line("failed", "spam", None, again="ham"),
        )
        run = recorded(labelled, models, olga)
        assert go(run)
        found = dict(run.comparisons.values_list("request__key", "noise_differs"))
        assert found == {"same": False, "other": True, "none": None, "failed": True}
        assert compare.progress(run) == compare.Progress(4, 4, 3, 3)

    def test_all_of_it_before_the_run_ends(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        send(labelled, *[line(f"r{i}", "spam", "spam", again="ham") for i in range(2600)])
        run = recorded(labelled, models, olga)
        assert go(run)
        assert run.comparisons.filter(noise_differs=True).count() == 2600

    def test_a_model_that_is_asked_is_asked_again_for_a_share(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        asked(models[0])
        plan = sampling.SamplingPlan(noise_share=0.3)
        projects.set_sampling(project=labelled, plan=plan, by=olga)
        send(labelled, *[line(f"r{i}") for i in range(300)])
        run = recorded(labelled, models, olga)
        compare.enrol(run)
        for one in run.comparisons.select_related("request"):
            share = sampling.uniform(run.seed, one.request.key, "noise")
            assert one.noise_wanted == (share < 0.3)
        assert 60 < run.comparisons.filter(noise_wanted=True).count() < 120


def asked(*models: ModelVersion) -> None:
    """Makes them versions whose outputs we fetch (from an address that nobody listens at)."""
    for model in models:
        model.provider, model.base_url, model.upstream_model = "openai", "http://127.0.0.1:1", "m"
        model.save()


def failed(key: str, model: ModelVersion, sample: int = 0, **fields: Any) -> Attempt:
    request = Request.objects.get(key=key)
    fields = {"final": True, "error": "HTTP 400", **fields}
    return Attempt.objects.create(request=request, model=model, sample=sample, **fields)


class TestFinishing:
    @pytest.fixture
    def run(self, labelled: Project, models: Models, olga: User) -> Run:
        plan = sampling.SamplingPlan(noise_share=1)
        projects.set_sampling(project=labelled, plan=plan, by=olga)
        send(labelled, line("r", None, "ham"))
        asked(models[0])
        run = recorded(labelled, models, olga)
        compare.enrol(run)
        return run

    def test_waits_for_what_is_asked(self, run: Run, labelled: Project) -> None:
        assert not go(run)
        send(labelled, line("r", "spam"))
        assert not go(run)
        send(labelled, line("r", again="spam"))
        assert go(run)
        run.refresh_from_db()
        assert run.state == "finished"
        assert run.finished_at

    def test_or_until_it_is_given_up(self, run: Run, models: Models) -> None:
        failed("r", models[0])
        assert go(run)
        assert run.comparisons.get().failed_side == "baseline"

    def test_noise_may_be_given_up(self, run: Run, labelled: Project, models: Models) -> None:
        send(labelled, line("r", "spam"))
        failed("r", models[0], sample=1)
        assert go(run)
        assert run.comparisons.get().noise_differs is None

    def test_attempts_that_are_each_something_else_do_not_add_up(
        self, run: Run, labelled: Project, models: Models
    ) -> None:
        send(labelled, line("r", "spam"))
        failed("r", models[0], sample=1, final=False)  # to be tried again
        failed("r", models[1], sample=0)  # the other model, in another run
        assert not go(run)

    def test_what_failed_before_the_run_may_be_asked_again(self, run: Run, models: Models) -> None:
        attempt = failed("r", models[0])
        Attempt.objects.filter(pk=attempt.pk).update(
            finished_at=run.started_at - timedelta(hours=1)
        )
        assert not go(run)

    @pytest.mark.parametrize("state", ["paused", "cancelled"])
    def test_only_a_run_that_is_running(self, run: Run, models: Models, state: str) -> None:
        Run.objects.filter(pk=run.pk).update(state=state)
        failed("r", models[0])
        assert not go(run)
        run.refresh_from_db()
        assert run.state == state

    def test_a_live_shadow_not_before_its_end(
        self, labelled: Project, models: Models, olga: User
    ) -> None:
        run = recorded(labelled, models, olga, recorded=False, name="live", days=1)
        assert not go(run)
        Run.objects.filter(pk=run.pk).update(
            opens_at=timezone.now() - timedelta(days=2), closes_at=timezone.now()
        )
        run.refresh_from_db()
        assert go(run)


class TestProgress:
    def test_counts_rows(self, labelled: Project, models: Models, olga: User) -> None:
        send(labelled, line("a", "spam", "spam"), line("b", "spam"))
        run = recorded(labelled, models, olga, recorded=False)
        assert compare.progress(run).share == 0.0
        Request.objects.update(occurred_at=run.opens_at)
        go(run)
        assert compare.progress(run) == compare.Progress(2, 1, 0, 0)
        assert compare.progress(run).share == 0.5


DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "llmdrift"
ORDERED = [
    {"pattern": r"(?i)\byes\b", "value": "yes"},
    {"pattern": r"(?i)\bno\b", "value": "no"},
]


@pytest.mark.skipif(not DATA.exists(), reason=f"the real data of LLMDrift is not at {DATA}")
class TestPublishedNumbers:
    """Chen, Zaharia and Zou 2023: what they printed comes out of ingest → run → compare."""

    def _records(self, names: dict[str, str]) -> list[dict[str, Any]]:
        def rows(name: str) -> list[dict[str, Any]]:
            return [json.loads(one) for one in (DATA / name).read_text().splitlines()]

        outputs = {
            model: {row["request_id"]: row["output"] for row in rows(f"outputs.{file}.jsonl")}
            for model, file in names.items()
        }
        return [
            {
                "id": row["id"],
                "input": {"messages": row["messages"]},
                "expected": row["expected"],
                "occurred_at": datetime(2023, 6, 1, tzinfo=UTC).isoformat(),
                "outputs": [
                    {"model": model, "output": said[row["id"]]} for model, said in outputs.items()
                ],
            }
            for row in rows("requests.jsonl")
            if row["task"] == "prime"
        ]

    @pytest.mark.parametrize(
        ("files", "first"),
        [(("gpt-4-0314", "gpt-4-0613"), 0), (("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"), 3)],
    )
    def test_prime(
        self, project: Project, models: Models, olga: User, files: Any, first: int
    ) -> None:
        extract = [{"by": "patterns", "patterns": ORDERED}]
        pipeline = {"comparators": [{"name": "answer", "kind": "label", "extract": extract}]}
        projects.set_pipeline(project=project, pipeline=pipeline, by=olga)
        names = dict(zip(("triage-09", "triage-11"), files, strict=True))
        sent = b"\n".join(json.dumps(one).encode() for one in self._records(names))
        result = ingest(project, decode_lines([sent]))
        assert (result.problems, Output.objects.count()) == ([], 2 * result.stored)
        run = recorded(project, models, olga)
        assert go(run)
        published = json.loads((DATA / "published.json").read_text())["prime"][first : first + 3]
        share = 100 / run.comparisons.count()
        measured = [
            run.comparisons.filter(baseline_correct=True).count() * share,
            run.comparisons.filter(candidate_correct=True).count() * share,
            run.comparisons.filter(outcome="differ").count() * share,
        ]
        assert [round(one, 1) for one in measured] == published
        check_totals(run)


@pytest.mark.django_db(transaction=True)
def test_two_runs_over_the_same_requests(project: Project, models: Models, olga: User) -> None:
    send(project, *[line(f"r{i}", "a", "b") for i in range(1000)])
    both = [recorded(project, models, olga, name=name) for name in ("one", "two")]
    assert at_once(*[lambda run=run: go(run) for run in both]) == [True, True]
    assert Comparison.objects.filter(outcome="differ").count() == 2000
    for run in both:
        check_totals(run)
