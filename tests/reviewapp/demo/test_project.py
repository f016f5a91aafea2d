import pytest

from evals.comparators.pipeline import Pipeline
from evals.providers.messages import render
from reviewapp.demo import project
from taxonomy.interchange import from_dict


class TestProject:
    def test_its_taxonomy_is_valid(self):
        content = from_dict(project.TAXONOMY)
        assert [one.key for one in content.categories if one.critical] == ["label.false_alarm"]
        assert [int(one.weight) for one in content.severities] == [0, 1, 5, 25]

    def test_its_prompts_end_with_the_message(self):
        for model in project.MODELS:
            assert render(model["prompt"], "ok lar").endswith("<|im_start|>user\nSMS: ok lar")

    @pytest.mark.parametrize(
        ("output", "correct"),
        [("spam", True), ("Spam, not ham.", True), ("ham or spam", False), ("sure, just", False)],
    )
    def test_its_comparator_takes_the_first_label(self, output, correct):
        pipeline = Pipeline.parse(project.PIPELINE)
        assert pipeline.correct(output, "spam") is correct
        assert pipeline.compare("spam", "spam.").outcome == "identical"
        assert pipeline.compare("spam", "sure, just").outcome == "differ"
