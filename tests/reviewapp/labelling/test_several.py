"""Runs whose raters are averaged: items of the desk with several reviewers each."""

from fractions import Fraction
from importlib import import_module
from uuid import uuid4

import pytest
from django.db import connection

from evals.metrics.difference import future_difference, paired_difference
from evals.models import Run
from evals.sampling import SamplingPlan
from reviewapp.actions import gold, projects, reviews, runs
from reviewapp.actions.several_raters import set_several_raters
from reviewapp.labelling import labels, several
from reviewapp.models import AuditEvent, ReviewItem
from reviewapp.reports import behind_numbers, core
from reviewapp.reports.cautions import cautions
from reviewapp.reports.missing import missing
from reviewapp.reports.never import never_found
from reviewapp.reports.parts import days, slices
from reviewapp.reports.tally import has_error
from tests.reviewapp.actions.scenes import DIFFER, judged, recorded, records, review
from tests.reviewapp.versions import further

MISSED = "label.missed"
#: What Bob and Dana find on either side of six items, in order of their place.
SAID = [
    (("", MISSED), ("", "")),
    (("", MISSED), ("", MISSED)),
    ((MISSED, ""), ("", "")),
    (("", ""), ("", "")),
    ((MISSED, MISSED), (MISSED, "")),
    (("", ""), ("", "")),
]
#: What rows have either of counted labels or of averaged ones.
AVERAGED = ("found", "mcnemar", "unknown")
#: d of each: candidate's share of raters less the baseline's.
D = [Fraction(1, 2), 1, -Fraction(1, 2), 0, -Fraction(1, 2), 0]


@pytest.fixture
def average(project):
    return set_several_raters(project=project, several="average", by="test")


@pytest.fixture
def raters(project, rater, bob, dana, alice):
    return [rater(project, one) for one in (bob, dana, alice)]


def scene(project, models, pairs=10, slots=2):
    plan = SamplingPlan(labels=6, slots=slots, adjudicate_share=1.0)
    rows = records([DIFFER] * pairs, segment={"locale": "de"})
    return recorded(project, models, rows=rows, plan=plan)


@pytest.fixture
def run(project, models, average):
    """Six of ten discrepancies, each for two reviewers."""
    return scene(project, models)


def judge(run, raters, said=SAID):
    for item, each in zip(run.items.order_by("position"), said, strict=False):
        for rater, (baseline, candidate) in zip(raters, each, strict=False):
            review(item, rater, baseline, candidate)


def the(data, key=MISSED):
    return next(row for row in data["categories"] if row["key"] == key)


class TestMean:
    def test_of_what_reviewers_of_the_desk_said(self, run, raters):
        judge(run, raters)
        data = core.assemble(run).data
        value = float(sum(D)) / 6
        assert the(data)["difference"]["value"] == pytest.approx(value)
        assert data["overall"]["difference"]["value"] == pytest.approx(value)
        assert the(data)["candidate"]["value"] == pytest.approx((0.5 + 1 + 0.5) / 6)
        assert (the(data)["worse"], the(data)["better"]) == (2, 2)
        assert (data["labels"]["used"], data["labels"]["skipped"]) == (6, 0)

    def test_the_interval_is_that_of_as_many_hits(self, run, raters):
        judge(run, raters)
        row = the(core.assemble(run).data)
        counts = ([1.5], [1.0], [6], [10], 10)
        for kind, function in (("difference", paired_difference), ("future", future_difference)):
            estimate = function(*counts, averaged=True)
            assert (row[kind]["low"], row[kind]["high"]) == (estimate.low, estimate.high)

    def test_the_score_is_mqms(self, run, raters):
        """The mean over raters of what their findings weigh, and over items of that."""
        judge(run, raters)
        data = core.assemble(run).data
        weight = float(run.taxonomy_version.severities.get(key="major").weight)
        assert data["severity"]["value"] == pytest.approx(weight * float(sum(D)) / 6)
        scores = data["severity_scores"]
        assert scores["candidate"]["value"] == pytest.approx(weight * 2 / 6)
        assert scores["baseline"]["value"] == pytest.approx(weight * 1.5 / 6)
        for one in (data["severity"], data["severity_future"], *scores.values()):
            assert one["low"] <= one["value"] <= one["high"]

    def test_where_all_agree_it_is_what_counting_gives(self, project, models, raters):
        said = [(one, one) for one, _ in SAID]
        found = []
        for name, how in (("counted", "adjudicate"), ("averaged", "average")):
            set_several_raters(project=project, several=how, by="test")
            plan = SamplingPlan(labels=6, slots=2)
            run = recorded(project, models, [DIFFER] * 10, plan=plan, name=name)
            judge(run, raters, said)
            data = core.assemble(run).data
            row = the(data)
            found.append({key: row[key] for key in row if key not in AVERAGED})
        assert found[0] == found[1]

    def test_of_those_who_did_not_skip(self, run, raters):
        first = run.items.get(position=1)
        review(first, raters[0], "", MISSED)
        for rater in raters[1:]:
            assert reviews.claim_item(item=first, rater=rater)
            reviews.skip(item=first, rater=rater, reason="", by="test")
        first.refresh_from_db()
        assert first.state == ReviewItem.State.RESOLVED
        label = several.read(run, run.taxonomy_version)[first.pk]
        assert several.share(label, "candidate", has_error) == 1

    def test_nothing_counts_before_all_have_spoken(self, run, raters):
        review(run.items.get(position=1), raters[0], "", MISSED)
        assert core.assemble(run).data["labels"]["used"] == 0

    def test_the_same_queries_for_many_labels(self, run, raters, django_assert_max_num_queries):
        judge(run, raters)
        with django_assert_max_num_queries(12):
            assert len(several.read(run, run.taxonomy_version)) == 6


class TestNobodyAdjudicates:
    def test_what_reviewers_differ_in_is_resolved(self, run, raters):
        judge(run, raters)
        assert set(run.items.values_list("state", flat=True)) == {"resolved"}

    def test_a_later_word_is_not_blind_and_not_in_it(self, run, raters):
        judge(run, raters)
        item = run.items.get(position=4)
        before = core.assemble(run).data["overall"]
        reviews.revise(
            item=item,
            rater=raters[0],
            judgement=judged(item, "", MISSED),
            submission=uuid4(),
            by="test",
        )
        assert core.assemble(run).data["overall"] == before

    def test_no_gold_item_where_they_differ(self, run, raters):
        judge(run, raters)
        with pytest.raises(gold.NotGold, match="differ"):
            gold.mark(item=run.items.get(position=1), by="test")
        assert gold.mark(item=run.items.get(position=2), by="test")

    def test_no_example_where_they_differ(self, run, raters):
        judge(run, raters)
        given = {one.provenance["item"] for one in labels.examples(run)}
        assert {run.items.get(pk=pk).position for pk in given} == {2, 4, 6}


class TestPinned:
    def test_by_the_first_review(self, project, models, raters):
        run = scene(project, models)
        assert run.several_raters == "adjudicate"
        set_several_raters(project=project, several="average", by="test")
        run.refresh_from_db()
        assert run.several_raters == "average"
        review(run.items.get(position=1), raters[0], "", MISSED)
        set_several_raters(project=project, several="adjudicate", by="test")
        run.refresh_from_db()
        assert run.several_raters == "average"
        assert AuditEvent.objects.filter(subject="several raters").count() == 2

    def test_one_that_was_left_behind_is_turned(self, project, models, raters):
        """Saying again what is so already turns it, and the audit says how many were."""
        set_several_raters(project=project, several="average", by="test")
        run = scene(project, models)
        Run.objects.update(several_raters="adjudicate")
        for _ in range(2):
            set_several_raters(project=project, several="average", by="test")
        run.refresh_from_db()
        assert run.several_raters == "average"
        told = AuditEvent.objects.filter(subject="several raters").order_by("id")
        assert [one.data["runs"] for one in told] == [0, 1]

    def test_one_of_before_that_nobody_judged_takes_what_its_project_says(
        self, project, models, raters
    ):
        judged, _ = (
            recorded(project, models, [DIFFER] * 2, name=name, plan=SamplingPlan(labels=2))
            for name in ("judged", "waits")
        )
        review(judged.items.first(), raters[0])
        type(project).objects.filter(pk=project.pk).update(several_raters="average")
        migration = import_module("reviewapp.migrations.0011_failed_parts")
        with connection.cursor() as cursor:
            cursor.execute(migration._RUNS)
        found = dict(Run.objects.values_list("name", "several_raters"))
        assert found == {"judged": "adjudicate", "waits": "average"}

    def test_when_it_starts(self, project, models, average):
        run = runs.start(
            project=project, name="late", baseline=models[0], candidate=models[1], by="test"
        )
        assert run.several_raters == "average"

    def test_one_that_adjudicates_stays_so(self, project, models, raters):
        run = scene(project, models)
        review(run.items.get(position=1), raters[0], "", MISSED)
        set_several_raters(project=project, several="average", by="test")
        review(run.items.get(position=1), raters[1])
        assert run.items.get(position=1).state == ReviewItem.State.DISPUTED
        assert Run.objects.get(pk=run.pk).several_raters == "adjudicate"


class TestSaid:
    def test_on_the_page_and_in_the_json(self, run, raters):
        judge(run, raters)
        data = core.assemble(run).data
        assert data["run"]["several_raters"] == "average"
        assert any("averaged" in one for one in cautions(data))
        data["parts"] = {}
        assert not any("disputed" in row["sentence"] for row in missing(data))

    def test_in_another_version_what_is_unknown_is_not_called_never_found(
        self, run, raters, project
    ):
        judge(run, raters)
        became = {MISSED: "late never"}
        version = further(project, new=("late", "never"), out=(MISSED,), became=became)
        data = core.assemble(run, version).data
        assert (the(data, "late")["unknown"], data["overall"]["unknown"]) == (4, 0)
        named = {row["key"] for row in data["categories"] if never_found(row, data["overall"])}
        assert "value.missing" in named
        assert not named & {"late", "never"}

    def test_the_items_behind_a_number(self, run, raters):
        judge(run, raters)
        at = dict(run.items.values_list("pk", "position"))

        def places(**asked):
            category = run.taxonomy_version.categories.get(key=MISSED)
            number = behind_numbers.Number(category, **asked)
            found = behind_numbers.items(run, run.taxonomy_version, number)
            return sorted(at[pk] for pk in found)

        assert places(d="worse") == [1, 2]
        assert places(d="better") == [3, 5]
        assert places(side="candidate") == [1, 2, 5]

    def test_slices_are_of_means_too(self, run, raters, monkeypatch):
        monkeypatch.setattr("evals.metrics.slices.FEWEST", 1)
        judge(run, raters)
        (found,) = slices.compute(run)["too_few"]
        assert found["labels"] == 6

    def test_days_are_of_means_too(self, run, raters):
        Run.objects.filter(pk=run.pk).update(closes_at=None)
        run.refresh_from_db()
        judge(run, raters)
        (day,) = days.compute(run)["days"]
        assert day["difference"]["value"] == pytest.approx(float(sum(D)) / 6)

    def test_the_gate_says_how_many_labels(self, project, run, raters):
        projects.set_policy(project=project, margin=0.9, critical_margin=0.9, by="test")
        judge(run, raters)
        rules = core.assemble(run).data["gate"]["rules"]
        assert all(rule["outlook"] in ("pass", "undecided") for rule in rules)
