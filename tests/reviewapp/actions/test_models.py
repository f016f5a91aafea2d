import pytest
from django.core.exceptions import ValidationError

from reviewapp.actions import models
from reviewapp.models import AuditEvent

FETCHED = {
    "provider": "openai",
    "base_url": "http://127.0.0.1:1/v1",
    "upstream_model": "tiny",
    "prompt": "Label: {{ input }}",
}


class TestDefine:
    def test_it_works(self, project, erin):
        model = models.define(project=project, name="triage-12", by=erin, **FETCHED)
        event = AuditEvent.objects.get(verb="defined model")
        assert event.subject == "triage-12"
        assert event.data["base_url"] == model.base_url

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"concurrency": 0}, "__all__"),
            ({"base_url": ""}, "__all__"),
            ({"provider": "astrology"}, "provider"),
            ({"prompt": "{{ input"}, "prompt"),
            ({"name": ""}, "name"),
        ],
    )
    def test_bad_input(self, project, erin, wrong, field):
        fields = {"name": "triage-12", **FETCHED, **wrong}
        with pytest.raises(ValidationError) as caught:
            models.define(project=project, by=erin, **fields)
        assert field in caught.value.message_dict
        assert not AuditEvent.objects.filter(verb="defined model").exists()

    def test_name_taken(self, project, erin):
        models.define(project=project, name="triage-09", by=erin)
        with pytest.raises(ValidationError):
            models.define(project=project, name="triage-09", by=erin)


class TestChange:
    def test_it_works(self, project, erin):
        model = models.define(project=project, name="new", by=erin, **FETCHED)
        models.change(model=model, by=erin, parameters={"temperature": 0})
        model.refresh_from_db()
        assert model.parameters == {"temperature": 0}

    def test_frozen_by_its_first_output(self, project, erin, run):
        with pytest.raises(models.Frozen, match="has outputs"):
            models.change(model=run.candidate, by=erin, system="Be kind.")
        run.candidate.refresh_from_db()
        assert run.candidate.system == ""

    def test_limits_and_benchmarks_stay_free(self, project, erin, run):
        models.change(model=run.candidate, by=erin, benchmarks={"MMLU": 41}, concurrency=8)
        run.candidate.refresh_from_db()
        assert run.candidate.benchmarks == {"MMLU": 41}
