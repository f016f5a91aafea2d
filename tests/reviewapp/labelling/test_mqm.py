"""MQM labels of fourteen translation systems, made by experts elsewhere: through the product they
give the scores that were published, and the reports of any two of the systems."""

import json

import pytest
from django.core.management import call_command

from evals.sampling import SamplingPlan
from reviewapp.actions import models as model_actions
from reviewapp.actions import projects, reports
from reviewapp.labelling import label_sets
from reviewapp.models import OutputJudgement, Rater, Review
from tests.reviewapp import mqm
from tests.reviewapp.actions import scenes

pytestmark = pytest.mark.skipif(
    not mqm.FOLDER.is_dir(),
    reason=f"{mqm.FOLDER} is absent; set CROSSCHECK_SHARED_DATA to shared/data",
)
NOTHING = SamplingPlan(labels=0, equivalent=0, identical=0)


@pytest.fixture
def published():
    return mqm.published()


@pytest.fixture
def translations(olga, published, tmp_path):
    """A project with the systems' outputs and all labels."""
    project = projects.create(slug="ende", name="English–German", preset="translation", by=olga)
    for name in published:
        model_actions.define(project=project, name=name, by=olga)
    labels = mqm.rows()
    assert len(labels) == 8435
    scenes.send(project, mqm.traffic(labels))
    file = tmp_path / "mqm.jsonl"
    file.write_text("".join(f"{json.dumps(one)}\n" for one in mqm.records(labels)))
    options = {"set": "mqm", "design": "census", "kind": "expert", "average": True}
    call_command("import_labels", "ende", str(file), **options)
    project.refresh_from_db()
    projects.set_sampling(project=project, plan=NOTHING, by=olga)
    return project


def run_of(project, name, baseline, candidate):
    models = (project.models.get(name=baseline), project.models.get(name=candidate))
    return scenes.recorded(project, models, rows=[], name=name)


def assembled(run):
    data = reports.refresh(run=run).data
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    return data


class TestPublished:
    def test_scores_ranking_and_reports(self, translations, published):
        assert OutputJudgement.objects.count() == 7406
        assert Rater.objects.filter(kind="imported", about="expert").count() == 4

        (of_set,) = label_sets.overview(translations)
        assert [one["model"] for one in of_set["scores"]] == sorted(published, key=published.get)
        for one in of_set["scores"]:
            assert one["score"] == pytest.approx(published[one["model"]], abs=0.01)
            assert (one["outputs"], one["unweighed"]) == (529, 0)

        data = assembled(run_of(translations, "human", "ref", "Facebook-AI"))
        exact = published["Facebook-AI"] - published["ref"]
        assert data["severity"]["value"] == pytest.approx(exact, abs=0.01)
        assert data["severity"]["low"] == data["severity"]["high"] == data["severity"]["value"]
        assert data["severity_scores"]["baseline"]["value"] == pytest.approx(0.91, abs=0.005)
        assert data["severity_scores"]["candidate"]["value"] == pytest.approx(1.06, abs=0.005)
        low, high = (data["severity_scores"]["future"][end] for end in ("low", "high"))
        assert low < exact < high
        assert data["elsewhere"]["design"] == "census"
        assert {one["about"] for one in data["raters"]} == {"expert"}
        assert data["labels"]["used"] == 529
        assert data["gate"]["waiting"] == []
        assert any("all there are" in sentence for sentence in data["sentences"])
        found = OutputJudgement.objects.filter(model__name="Facebook-AI", verdict="error")
        error = data["overall"]["candidate"]
        assert error["value"] == pytest.approx(found.count() / 529)
        assert error["low"] == error["high"]

        other = assembled(run_of(translations, "worst", "Online-W", "Nemo"))
        exact = published["Nemo"] - published["Online-W"]
        assert other["severity"]["value"] == pytest.approx(exact, abs=0.01)
        assert other["overall"]["verdict"] == "worse"
        assert (OutputJudgement.objects.count(), Review.objects.count()) == (7406, 0)
