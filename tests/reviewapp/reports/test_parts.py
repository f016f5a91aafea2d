"""The parts of a report that have dates of their own, on runs so small that each is worked out by
hand."""

import json
from dataclasses import replace

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError, transaction

from evals.models import Run
from evals.sampling import SamplingPlan
from reviewapp import tasks
from reviewapp.actions import parts, reports
from reviewapp.models import Report, ReportPart
from reviewapp.reports import parts as contract
from reviewapp.reports.freshness import behind
from reviewapp.reports.parts import agreement, cost, days, drift, flips, latency, score, slices
from reviewapp.reports.parts.base import Nothing
from reviewapp.reports.parts.registry import PARTS
from tests.reviewapp.actions.scenes import DIFFER, SAME, recorded, review

MISSED, FINE = ("", "label.missed"), ("", "")


def row(key, before="a", after="b", *, expected=None, segment=None, variant_of=None, **measured):
    """A line of traffic that both have answered."""
    return {
        "id": key,
        "input": f"message {key}",
        "expected": expected,
        "segment": segment or {},
        "variant_of": variant_of,
        "outputs": [
            {"model": "triage-09", "output": before, **measured.get("old", {})},
            {"model": "triage-11", "output": after, **measured.get("new", {})},
        ],
    }


class TestNothing:
    """A part that has nothing to show says what is not known, and why."""

    @pytest.mark.parametrize("name", [n for n in PARTS if n != "drift"])
    def test_in_a_sentence(self, project, models, name):
        run = recorded(project, models, [SAME])
        with pytest.raises(Nothing) as nothing:
            PARTS[name].compute(run)
        assert str(nothing.value).endswith(".")

    def test_in_the_report(self, project, models):
        data = reports.up_to_date(run=recorded(project, models, [SAME])).data
        assert data["latency"] is None
        assert "latency is not known" in data["parts"]["latency"]["why"]
        assert data["parts"]["latency"]["as_of"]

    def test_before_it_is_computed(self, project, models):
        data = reports.refresh(run=recorded(project, models, [SAME])).data
        assert data["parts"]["latency"]["as_of"] is None
        assert "not been computed" in data["parts"]["latency"]["why"]
        assert "is being computed" in data["sentences"][0]

    def test_each_is_in_the_contract(self):
        assert all(f"\n{name}" in contract.__doc__ for name in PARTS)


class TestLatencyAndCost:
    @pytest.fixture
    def run(self, project, models):
        rows = [
            row(
                f"r{i}",
                old={"latency_ms": i, "cost_usd": 0.001 * i},
                new={"latency_ms": 2 * i, "cost_usd": 0.002 * i},
            )
            for i in range(1, 101)
        ]
        return recorded(project, models, rows=[*rows, row("unmeasured")])

    def test_latency(self, run):
        found = latency.compute(run)
        assert (found["pairs"], found["sampled"]) == (100, False)
        half = found["quantiles"][0]
        assert half["baseline"]["value"] == pytest.approx(50.5)
        assert half["difference"]["value"] == pytest.approx(50.5)
        assert half["ratio"]["low"] <= 2 <= half["ratio"]["high"]
        assert found["quantiles"][2]["ratio"]["high"] is None  # 100 pairs do not bound a p99

    def test_its_distribution_has_every_pair(self, run):
        shown = latency.compute(run)["distribution"]
        assert sum(shown["baseline"]) == sum(shown["candidate"]) == 100
        assert len(shown["edges_ms"]) == len(shown["baseline"]) + 1

    def test_cost(self, run):
        found = cost.compute(run)
        assert found["baseline"]["value"] == pytest.approx(50.5)
        assert found["candidate_per_1000"] == pytest.approx(101)
        assert found["ratio"] == pytest.approx(2)
        assert found["difference"]["low"] < 50.5 < found["difference"]["high"]

    def test_of_very_many_a_random_sample(self, run, monkeypatch):
        monkeypatch.setattr("reviewapp.reports.parts.sample.MOST", 10)
        found = latency.compute(run)
        assert (found["pairs"] in (9, 10), found["sampled"]) == (True, True)

    def test_one_pair(self, project, models):
        one = row("r", old={"latency_ms": 0, "cost_usd": 0}, new={"latency_ms": 0, "cost_usd": 0})
        run = recorded(project, models, rows=[one])
        assert latency.compute(run)["quantiles"][0]["ratio"] is None
        assert cost.compute(run)["baseline"] == {"value": 0, "low": None, "high": None}


class TestScore:
    def test_known_answers_of_traffic(self, project, models):
        rows = [row("1", "x", "y", expected="x"), row("2", "x", "y", expected="y"), row("3")]
        found = score.compute(recorded(project, models, rows=rows))
        assert (found["examples"], found["gained"], found["lost"]) == (2, 1, 1)
        (own,) = found["by_origin"]
        assert (own["origin"], own["examples"], own["p"]) == ("run", 2, 1.0)

    def test_so_few_detect_nothing(self, project, models):
        rows = [row("1", "x", "y", expected="x")]
        assert score.compute(recorded(project, models, rows=rows))["detectable"] is None


class TestAgreement:
    def test_by_hand(self, project, models, rater, bob, dana):
        run = recorded(project, models, [DIFFER] * 4, plan=SamplingPlan(slots=2))
        items = list(run.items.order_by("position"))
        for person, said in (
            (bob, (MISSED, FINE, FINE, MISSED)),
            (dana, (MISSED, FINE, FINE, FINE)),
        ):
            for item, verdict in zip(items, said, strict=True):
                review(item, rater(project, person), *verdict)
        found = agreement.compute(Run.objects.get(pk=run.pk))
        assert (found["items"], found["raters"]) == (4, 2)
        assert found["interval"]["low"] <= found["alpha"] <= found["interval"]["high"]
        (pair,) = found["pairs"]
        assert (pair["a"], pair["b"], pair["items"]) == ("bob", "dana", 4)
        missed = next(one for one in found["categories"] if one["key"] == "label.missed")
        assert missed["alpha"] == pytest.approx(found["alpha"])
        others = [one for one in found["categories"] if one["key"] != "label.missed"]
        assert all(one["alpha"] is None for one in others)  # never used: undefined, not 1


class TestSlices:
    def test_by_hand(self, project, models, rater, bob):
        """40 German requests get worse, 40 English ones do not; one French one is too few."""
        rows = [
            *(row(f"de{i}", segment={"locale": "de"}) for i in range(40)),
            *(row(f"en{i}", segment={"locale": "en", "tier": "free"}) for i in range(40)),
            row("fr", segment={"locale": "fr"}),
        ]
        run = recorded(project, models, rows=rows)
        for item in run.items.select_related("comparison__request"):
            german = item.comparison.request.key.startswith("de")
            review(item, rater(project, bob), *(MISSED if german else FINE))
        found = slices.compute(run)
        everything = found["outcomes"][0]
        first = everything["ranked"][0]
        assert (first["segment"], first["value"], first["flagged"]) == ("locale", "de", True)
        assert (first["labels"], first["requests"]) == (40, 40)
        assert first["difference"] == {"value": 1, "low": 1, "high": 1}
        assert found["too_few"] == [{"segment": "locale", "value": "fr", "labels": 1}]
        assert "label.missed" in [one["key"] for one in found["outcomes"][1:]]

    def test_what_was_found_nowhere_has_no_slices(self, project, models, rater, bob):
        """Drawn together, slices in which nothing was found would look certain."""
        rows = [row(f"de{i}", segment={"locale": "de"}) for i in range(31)]
        run = recorded(project, models, rows=rows)
        for item in run.items.all():
            review(item, rater(project, bob), "", "value.wrong")
        first, missed, *_ = slices.compute(run)["outcomes"]
        assert len(first["ranked"]) == 1
        assert (missed["key"], missed["ranked"], missed["mean"]) == ("label.missed", [], None)

    def test_without_segments(self, project, models, rater, bob):
        run = recorded(project, models, [DIFFER])
        review(run.items.get(), rater(project, bob), *FINE)
        with pytest.raises(Nothing, match="no segment"):
            slices.compute(run)


class TestDays:
    def test_by_hand(self, project, models, rater, bob):
        run = recorded(project, models, [DIFFER] * 2 + [SAME])
        Run.objects.filter(pk=run.pk).update(closes_at=None)
        for item in run.items.filter(stratum__startswith="differ"):
            review(item, rater(project, bob), *MISSED)
        (day,) = days.compute(Run.objects.get(pk=run.pk))["days"]
        assert (day["requests"], day["outcomes"]["differ"], day["labelled"]) == (3, 2, 2)
        assert day["difference"]["value"] == pytest.approx(2 / 3)

    def test_a_day_without_a_label(self, project, models):
        run = recorded(project, models, [DIFFER])
        Run.objects.filter(pk=run.pk).update(closes_at=None)
        (day,) = days.compute(Run.objects.get(pk=run.pk))["days"]
        assert day["difference"] is None


class TestFlips:
    def test_variants_by_what_is_said(self, project, models):
        rows = [row("1", "x", "x"), row("1b", "x", "y", variant_of="1"), row("2", "x", "y")]
        found = flips.compute(recorded(project, models, rows=rows))["variants"]
        assert (found["groups"], found["outcome"]) == (1, "output")
        assert (found["baseline"]["flipped"], found["candidate"]["flipped"]) == (0, 1)
        assert (found["only_candidate"], found["p"]) == (1, 1.0)

    def test_variants_by_right_and_wrong(self, project, models):
        rows = [
            row("1", "x", "x", expected="x"),
            row("1b", "y", "y", expected="y", variant_of="1"),
        ]
        found = flips.compute(recorded(project, models, rows=rows))["variants"]
        assert (found["outcome"], found["candidate"]["flipped"]) == ("right", 0)

    def test_variants_whose_outputs_match_do_not_flip(self, project, models):
        """Two ways to write the same by the comparators, as for anything else that differs."""
        pipeline = {"comparators": [{"name": "words", "kind": "text"}]}
        rows = [row("1", "x", "x"), row("1b", "X", "y", variant_of="1")]
        found = flips.compute(recorded(project, models, rows=rows, pipeline=pipeline))["variants"]
        assert (found["baseline"]["flipped"], found["candidate"]["flipped"]) == (0, 1)

    def test_repeats(self, project, models):
        line = row("1", "x", "x")
        line["outputs"] += [
            {"model": "triage-09", "sample": 1, "output": "x"},
            {"model": "triage-11", "sample": 1, "output": "y"},
        ]
        found = flips.compute(recorded(project, models, rows=[line]))["repeats"]
        assert (found["groups"], found["candidate"]["flipped"]) == (1, 1)


class TestDrift:
    def test_without_an_eval_set(self, project, models):
        with pytest.raises(Nothing, match="no eval set"):
            drift.compute(recorded(project, models, [DIFFER]))

    def test_text_of_a_chat(self):
        chat = {"messages": [{"role": "user", "content": "first"}, {"content": "last"}]}
        assert drift._text(chat) == "last\nfirst"
        assert drift._text({"messages": [3, {"content": None}]}) == ""
        assert drift._text([1, {"a": "b"}]) == '[1,{"a":"b"}]'


class TestDates:
    @pytest.fixture
    def run(self, project, models):
        return recorded(project, models, [DIFFER] * 3 + [SAME])

    def test_all_are_behind_at_first(self, run):
        assert behind(run.pk) == list(PARTS)
        parts.up_to_date(run=run)
        assert behind(run.pk) == []

    def test_a_label_leaves_latency_alone(self, run, project, rater, bob):
        parts.up_to_date(run=run)
        review(run.items.first(), rater(project, bob), *FINE)
        late = behind(run.pk)
        assert {"slices", "days", "agreement"} <= set(late)
        assert not {"latency", "cost", "noise", "score", "flips", "drift"} & set(late)

    def test_taken_into_the_reports_there_are(self, run):
        before = reports.refresh(run=run)
        parts.refresh(run=run, name="days")
        after = Report.objects.get(pk=before.pk)
        assert before.data["parts"]["days"]["as_of"] is None
        assert after.data["parts"]["days"]["as_of"]
        assert after.computed_at == before.computed_at

    def test_an_earlier_one_never_replaces_a_later(self, run):
        late = parts.refresh(run=run, name="days")
        early = ReportPart(run=run, name="days", why="old", basis={}, seconds=0)
        early.computed_at = late.computed_at.replace(year=2020)
        assert parts._keep(early).pk == late.pk
        assert ReportPart.objects.get(run=run, name="days").why != "old"

    def test_frozen_with_them(self, run, olga):
        """Whoever freezes need not wait for a worker where it does not take long."""
        frozen = reports.freeze(run=run, by=olga)
        assert all(one["as_of"] for one in frozen.data["parts"].values())
        ReportPart.objects.all().delete()
        parts.up_to_date(run=run)
        assert Report.objects.get(pk=frozen.pk).data == frozen.data

    def test_too_large_to_wait_for(self, run, olga, monkeypatch):
        monkeypatch.setattr(reports, "COMPUTED_HERE", 3)
        with pytest.raises(reports.PartsMissing, match="are being computed"):
            reports.freeze(run=run, by=olga)
        parts.up_to_date(run=run)
        assert reports.freeze(run=run, by=olga)

    def test_shows_or_says_why(self, run):
        made = parts.refresh(run=run, name="days")
        made.data, made.why = None, ""
        with pytest.raises(IntegrityError), transaction.atomic():
            made.save()

    def test_one_that_fails_says_so_and_is_tried_again(self, run, monkeypatch):
        broken = replace(PARTS["days"], compute=lambda run: 1 / 0)
        monkeypatch.setitem(PARTS, "days", broken)
        data = reports.up_to_date(run=run).data
        assert data["days"] is None
        assert "could not be computed (ZeroDivisionError)" in data["parts"]["days"]["why"]
        assert behind(run.pk) == ["days"]
        monkeypatch.undo()
        assert "one batch" in reports.up_to_date(run=run).data["parts"]["days"]["why"]

    def test_one_that_fails_keeps_what_it_had(self, finished_run, monkeypatch, as_user, olga):
        run = finished_run
        before = parts.refresh(run=run, name="latency")
        reports.refresh(run=run)
        broken = replace(PARTS["latency"], compute=lambda run: 1 / 0)
        monkeypatch.setitem(PARTS, "latency", broken)
        after = parts.refresh(run=run, name="latency")
        assert after.data == before.data is not None
        assert "ZeroDivisionError" in after.why
        assert "latency" in behind(run.pk)
        page = as_user(olga).get(f"/p/support/runs/{run.name}/report/").content.decode()
        assert "from before <time" in page
        assert "It could not be computed (ZeroDivisionError)" in page

    def test_one_that_failed_is_not_frozen(self, run, monkeypatch, olga):
        broken = replace(PARTS["days"], compute=lambda run: 1 / 0)
        monkeypatch.setitem(PARTS, "days", broken)
        parts.up_to_date(run=run)
        with pytest.raises(reports.PartsMissing, match="days could not be computed"):
            reports.freeze(run=run, by=olga)
        monkeypatch.undo()
        assert "one batch" in reports.freeze(run=run, by=olga).data["parts"]["days"]["why"]

    def test_a_worker_that_has_to_stop_stops(self, run, monkeypatch):
        def late(run):
            raise SoftTimeLimitExceeded

        monkeypatch.setitem(PARTS, "days", replace(PARTS["days"], compute=late))
        with pytest.raises(SoftTimeLimitExceeded):
            parts.refresh(run=run, name="days")
        assert not ReportPart.objects.filter(name="days").exists()

    def test_json(self, run):
        data = reports.up_to_date(run=run).data
        assert json.loads(json.dumps(data, allow_nan=False)) == data


class TestTasks:
    @pytest.fixture
    def asked(self, monkeypatch):
        asked = []
        monkeypatch.setattr(parts, "soon", lambda task, *args: asked.append(args[-1]))
        return asked

    @pytest.fixture
    def run(self, project, models):
        return recorded(project, models, [DIFFER])

    def test_one_each(self, run, asked):
        parts.refresh_soon(run.pk)
        parts.refresh_soon(run.pk)
        assert asked == list(PARTS)

    def test_it_computes_what_is_behind_and_nothing_else(self, run):
        tasks.refresh_part(run.pk, "days")
        first = ReportPart.objects.get(name="days").computed_at
        tasks.refresh_part(run.pk, "days")
        assert ReportPart.objects.get(name="days").computed_at == first

    def test_what_took_long_rests(self, run, asked, project, rater, bob):
        parts.up_to_date(run=run)
        ReportPart.objects.update(seconds=0)
        ReportPart.objects.filter(name="days").update(seconds=30)
        review(run.items.get(), rater(project, bob), *FINE)
        parts.refresh_soon(run.pk)
        assert "slices" in asked
        assert "days" not in asked
