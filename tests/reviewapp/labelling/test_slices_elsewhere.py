"""Slices of labels that were made elsewhere: where the design says that they may be compared."""

import pytest

from reviewapp.reports.parts import slices
from reviewapp.reports.parts.base import Nothing
from tests.reviewapp.actions import scenes
from tests.reviewapp.labelling.importing.scenes import bare, bring
from tests.reviewapp.labelling.test_elsewhere import of


@pytest.fixture
def run(project, models):
    """Forty German requests and forty English ones; the texts of each pair differ."""
    rows = scenes.records([scenes.DIFFER] * 80)
    for at, row in enumerate(rows):
        row["segment"] = {"locale": "de" if at < 40 else "en"}
    return bare(project, models, pairs=0, rows=rows)


def missed_in_german(*chosen):
    return [of(i, new=["label.missed"] if i <= 40 else []) for i in chosen]


class TestSlices:
    def test_of_a_census(self, project, run):
        bring(project, *missed_in_german(*range(1, 81)))
        first, second = slices.compute(run)["outcomes"][0]["ranked"]
        assert (first["value"], first["labels"], first["requests"]) == ("de", 40, 40)
        assert first["difference"] == {"value": 1, "low": 1, "high": 1}
        assert (first["flagged"], second["difference"]["value"]) == (True, 0)

    def test_of_a_random_sample(self, project, run):
        bring(project, *missed_in_german(*range(1, 36), *range(41, 76)), design="random")
        first, second = slices.compute(run)["outcomes"][0]["ranked"]
        assert (first["value"], first["labels"], first["requests"]) == ("de", 35, 40)
        assert first["difference"]["low"] < 1
        assert second["difference"]["low"] < 0 < second["difference"]["high"]

    def test_of_a_census_with_a_gap(self, project, run):
        """What has no label counts both ways in its slice."""
        bring(project, *missed_in_german(*range(1, 77)))
        first, second = slices.compute(run)["outcomes"][0]["ranked"]
        assert first["difference"]["low"] == 1
        assert second["difference"]["low"] == pytest.approx(-4 / 40)

    def test_chosen_nobody_knows_how(self, project, run):
        bring(project, *missed_in_german(*range(1, 81)), design="unknown")
        with pytest.raises(Nothing, match="nobody knows how"):
            slices.compute(run)

    def test_a_census_that_is_none(self, project, run):
        bring(project, *missed_in_german(*range(1, 60)))
        with pytest.raises(Nothing, match="wanting for 21 of 80"):
            slices.compute(run)
