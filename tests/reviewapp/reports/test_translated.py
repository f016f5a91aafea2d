"""A report in the version that labels were made in, and in those they are translated to."""

import json
from uuid import uuid4

import pytest

from reviewapp import tasks
from reviewapp.actions import projects, relabel, reports, reviews
from reviewapp.models import Report, ReviewItem
from reviewapp.reports import core as report
from reviewapp.reports import page as report_page
from reviewapp.reports.translated import sentences
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401
from tests.reviewapp.actions.scenes import DIFFER, judged, review
from tests.reviewapp.versions import further

SAID = ["label.missed", "label.missed", "label.none", "value.wrong", "label.false-alarm"]


@pytest.fixture
def run(project, models, rater, bob):
    """A census of six discrepancies: the candidate is at fault in five, each major."""
    run = scenes.recorded(project, models, [DIFFER] * 6)
    for item, said in zip(run.items.order_by("position"), [*SAID, ""], strict=True):
        review(item, rater(project, bob), "", said)
    return run


@pytest.fixture
def second(project):
    """Missed was split, None retired, Wrong value renamed, False alarm merged with Wrong class,
    and something is new."""
    return further(
        project,
        new=("late", "never", "odd-value", "tone"),
        out=("label.missed", "label.none", "value.wrong", "label.false-alarm"),
        became={
            "label.missed": "late never",
            "value.wrong": "odd-value",
            "label.false-alarm": "label.wrong-class",
        },
    )


def assembled(run, version=None):
    run.refresh_from_db()
    data = reports.up_to_date(run=run, version=version).data
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    return data


def row(data, key):
    return next(one for one in data["categories"] if one["key"] == key)


class TestPage:
    def test_what_is_not_known_is_not_called_never_found(self, run, second):
        never = {
            one["key"] for one in report_page.categories(assembled(run, second), "window")["never"]
        }
        assert not never & {"late", "never", "tone"}
        assert "value.missing" in never

    def test_of_very_many_categories_the_plot_has_the_first(self, run):
        data = assembled(run)
        found = next(one for one in data["categories"] if one["worse"])
        data["categories"] = [{**found, "key": f"k{i}"} for i in range(50)]
        shown = report_page.categories(data, "window")
        assert (len(shown["forest"].marks), shown["undrawn"], len(shown["rows"])) == (40, 10, 50)


class TestAssemble:
    def test_in_its_own_version(self, run):
        data = assembled(run)
        assert data["taxonomy"]["sentences"] == []
        assert data["taxonomy"]["made_in"] == {"classification@1": 6}
        assert row(data, "label.missed")["difference"]["value"] == pytest.approx(2 / 6)

    def test_in_the_next_one(self, run, second):
        data = assembled(run, second)
        assert (data["run"]["taxonomy"], data["taxonomy"]["version"]) == (
            "classification@1",
            "classification@2",
        )
        renamed = row(data, "odd-value")
        assert renamed["worse"] == 1
        assert renamed["difference"]["low"] == renamed["difference"]["high"]
        assert row(data, "label.wrong-class")["worse"] == 1
        assert row(data, "value.invented")["difference"] == {"value": 0, "low": 0, "high": 0}

    def test_what_is_unknown_is_bounded_both_ways(self, run, second):
        data = assembled(run, second)
        for key in ("late", "never"):
            split = row(data, key)
            assert split["worse"] == 0
            assert split["difference"]["low"] <= -2 / 6 + 1e-9
            assert split["difference"]["high"] >= 2 / 6 - 1e-9
        new = row(data, "tone")["difference"]
        assert (new["low"], new["high"]) == (-1, 1)

    def test_errors_as_such_do_not_depend_on_it(self, run, second):
        assert assembled(run)["overall"] == assembled(run, second)["overall"]

    def test_in_words(self, run, second):
        (first, second) = assembled(run, second)["taxonomy"]["sentences"]
        assert first == (
            "Shown in classification@2: 6 labels were made in classification@1; 1 finding of "
            "“None of several classes” has no category there; “Tone” is unknown for 6 labels; "
            "“Late” and “Never” are unknown for 2 labels."
        ).replace("None of several classes", _name(run, "label.none"))
        assert "both ways" in second

    def test_the_weighted_score_says_why_not(self, run, second):
        assert assembled(run)["severity"]
        data = assembled(run, second)
        assert data["severity"] is None
        assert "taxonomy version" in data["severity_unknown"]

    def test_where_nothing_is_uncertain_there_is_a_score(self, project, run):
        version = further(
            project, new=("gone",), out=("label.none",), became={"label.none": "gone"}
        )
        assert assembled(run, version)["severity"] == assembled(run)["severity"]

    def test_a_severity_that_was_retired(self, project, run):
        data = assembled(run, further(project, severities={"major": ""}))
        assert data["severity"] is None
        assert row(data, "label.missed")["worse"] == 2

    def test_the_gate_is_of_the_runs_own(self, project, run, second, olga):
        projects.set_policy(project=project, margin=0.1, critical_margin=0.1, by=olga)
        own, other = assembled(run), assembled(run, second)
        assert other["gate"] == own["gate"]
        assert "label.missed" in {rule["key"] for rule in other["gate"]["rules"]}

    def test_an_older_one_after_the_move(self, run, second, olga, project, rater, bob):
        relabel.move_run(run=run, version=second, by=olga)
        while claim := reviews.claim(project=project, rater=rater(project, bob)):
            item = ReviewItem.objects.select_related("run__taxonomy_version").get(pk=claim.item_id)
            reviews.submit(
                item=item,
                rater=rater(project, bob),
                judgement=judged(item, "", "late"),
                submission=uuid4(),
                by=bob,
            )
        first = run.items.first().reviews.order_by("pk").first().taxonomy_version
        now, before = assembled(run), assembled(run, first)
        assert row(now, "late")["worse"] == 2
        assert row(now, "never")["worse"] == 0
        assert row(before, "label.missed")["worse"] == 2
        assert now["taxonomy"]["made_in"] == {"classification@1": 4, "classification@2": 2}
        made_in = [one for one in before["taxonomy"]["sentences"] if "made in" in one]
        assert "2 labels were made in classification@2" in made_in[0]

    def test_while_they_wait(self, run, second, olga):
        relabel.move_run(run=run, version=second, by=olga)
        data = assembled(run)
        assert data["labels"]["used"] == 6
        assert "2 labels until they are relabelled" in " ".join(data["taxonomy"]["sentences"])
        assert "2 of them to be relabelled" in data["gate"]["waiting"][0]

    def test_the_same_queries_for_many_labels(
        self, project, models, rater, bob, run, second, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(75):
            report.assemble(run, second)


def _name(run, key):
    return run.taxonomy_version.categories.get(key=key).name


class TestReports:
    def test_one_current_a_version(self, run, second):
        own, other = reports.refresh(run=run), reports.refresh(run=run, version=second)
        assert own.pk != other.pk
        assert Report.objects.current(run) == own
        assert Report.objects.current(run, second) == other
        assert reports.refresh(run=run, version=second).pk == other.pk
        assert reports.up_to_date(run=run, version=second).computed_at

    def test_by_a_worker(self, run, second):
        for _ in range(2):
            tasks.refresh_report(run.pk, second.pk)
        assert Report.objects.get().taxonomy_version == second

    def test_the_move_makes_it_stale(self, run, second, olga):
        own = reports.refresh(run=run)
        other = reports.refresh(run=run, version=second)
        relabel.move_run(run=run, version=second, by=olga)
        for one in (own, other):
            assert not reports.is_fresh(one)

    def test_frozen_in_the_runs_own(self, run, second, olga):
        reports.refresh(run=run, version=second)
        frozen = reports.freeze(run=run, by=olga)
        assert frozen.taxonomy_version == run.taxonomy_version
        assert frozen.data["taxonomy"]["version"] == "classification@1"


def test_nothing_to_say():
    data = {"version": "a@1", "run": "a@1", "made_in": {"a@1": 3}, "untranslatable": []}
    assert sentences({**data, "unknown": [], "waiting": 0}) == []
