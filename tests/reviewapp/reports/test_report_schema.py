"""Reports of all kinds against the published schema, with nothing in them that it does not name."""

import json

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from reviewapp.actions import projects, reports, runs
from reviewapp.models import ReviewItem
from reviewapp.reports.schema import json_schema, schema_text
from tests.reviewapp import labelled_scene
from tests.reviewapp.actions.scenes import DIFFER, SAME, recorded, review
from tests.reviewapp.reported import computed, reported
from tests.reviewapp.versions import further


def problems(data):
    validator = Draft202012Validator(
        json_schema(closed=True), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [
        f"{error.json_path}: {error.message[-200:]}"
        for found in validator.iter_errors(data)
        for error in (found.context or [found])
    ]


class TestSchema:
    def test_it_is_one(self):
        Draft202012Validator.check_schema(json_schema())
        assert json.loads(schema_text()) == json_schema()

    def test_everyone_may_read_it(self, db):
        answer = Client().get("/api/schema/report.json")
        assert answer.json() == json_schema()
        assert answer["Content-Type"].startswith("application/schema+json")

    def test_what_it_finds(self, finished_run):
        data = computed(finished_run).data
        assert problems({**data, "surprise": 1})
        assert problems({**data, "labels": {**data["labels"], "used": None}})
        assert problems({name: value for name, value in data.items() if name != "gate"})


class TestReports:
    def test_with_everything(self, project, models):
        data = computed(reported(project, models, requests=150, labels=30, budget=60)).data
        assert problems(data) == []
        assert data["latency"]["picture"]
        assert data["gate"]["plan"]["taken"]

    def test_frozen(self, finished_run, alice):
        frozen = reports.freeze(run=finished_run, by=alice)
        assert problems(frozen.data) == []

    def test_in_another_version_with_things_unknown(self, project, models, rater, bob):
        run = labelled_scene.label(project, models, rater(project, bob))
        second = further(
            project,
            new=("late", "never", "tone"),
            out=("label.missed", "label.none"),
            became={"label.missed": "late never", "label.none": ""},
        )
        data = reports.up_to_date(run=run, version=second).data
        said = data["taxonomy"]
        assert said["version"] != said["run"]
        assert {one["key"] for one in said["unknown"]} >= {"late", "never", "tone"}
        assert [one["key"] for one in said["untranslatable"]] == ["label.none"]
        assert sum(row["found"]["unknown"] for row in data["categories"]) > 0
        assert problems(data) == []

    def test_before_its_parts_are_there(self, finished_run):
        assert problems(reports.refresh(run=finished_run).data) == []

    @pytest.mark.parametrize(
        "pairs", [[DIFFER], [SAME] * 3, [("a", None)] * 3, [(None, "a"), (None, None), DIFFER]]
    )
    def test_small_ones(self, project, models, pairs):
        assert problems(computed(recorded(project, models, pairs)).data) == []

    def test_no_request(self, project, models, olga):
        fields = {"project": project, "baseline": models[0], "candidate": models[1], "by": olga}
        data = computed(runs.start(name="live", **fields)).data
        assert data["population"]["requests"] == 0
        assert problems(data) == []

    def test_one_label(self, project, models, olga):
        projects.set_policy(project=project, margin=0.05, critical_margin=0.01, by=olga)
        run = recorded(project, models, [DIFFER] * 3)
        rater = project.raters.create(kind="script", name="ann")
        item = ReviewItem.objects.filter(run=run).order_by("comparison__u").first()
        review(item, rater, candidate=run.taxonomy_version.leaves()[0].key)
        assert problems(computed(run).data) == []
