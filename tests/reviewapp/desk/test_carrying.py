import pytest

from reviewapp.desk import carrying
from reviewapp.desk.judgement import JudgementError, OtherVersion, check
from reviewapp.models import ReviewItem
from tests.reviewapp.versions import further


@pytest.fixture
def item(finished_run):
    found = ReviewItem.objects.select_related("run__taxonomy_version", "comparison__request")
    return found.filter(run=finished_run, stratum__startswith="differ").first()


@pytest.fixture
def second(project):
    return further(
        project,
        new=("late", "never", "gone"),
        out=("label.missed", "label.none", "value.place"),
        became={"label.missed": "late never", "label.none": "gone"},
        severities={"major": ""},
    )


def body(*findings, **more):
    return {"sides": {"A": "error", "B": "ok"}, "findings": list(findings), "note": "n", **more}


def found(category, **more):
    return {"side": "A", "category": category, "severity": "minor", "note": "", **more}


class TestCarried:
    @pytest.fixture
    def carry(self, project, second):
        first = project.taxonomy_version
        return lambda *findings, **more: carrying.carried(body(*findings, **more), first, second)

    def test_what_is_known_is_filled_in(self, carry):
        (one,) = carry(found("label.none", span=[0, 1]))["findings"]
        assert (one["category"], one["span"], one["severity"]) == ("gone", [0, 1], "minor")

    def test_what_is_not_asks(self, carry):
        (one,) = carry(found("label.missed"))["findings"]
        assert (one["category"], one["choose"], one["was"]) == (None, ["late", "never"], "Missed")

    def test_what_was_retired_is_kept_as_a_note(self, carry):
        (one,) = carry(found("value.place"))["findings"]
        assert one["category"] is None
        assert one["note"] == f"was “{one['was']}”, which classification@2 has not got"

    def test_a_severity_that_was_retired_is_open(self, carry):
        (one,) = carry(found("label.none", severity="major"))["findings"]
        assert one["severity"] is None

    def test_the_rest_stays(self, carry):
        made = carry(corrected_output={"a": 1}, taxonomy="classification@1")
        assert (made["note"], made["corrected_output"]) == ("n", {"a": 1})
        assert made["taxonomy"] == "classification@2"

    def test_a_choice_that_was_open_goes_on(self, project, second):
        third = further(project, new=("soon",), out=("late",), became={"late": "soon"})
        said = body(found(None, choose=["late", "never"], was="Missed"))
        (one,) = carrying.carried(said, second, third)["findings"]
        assert one["choose"] == ["never", "soon"]

    @pytest.mark.parametrize("odd", [None, [], 3, {"findings": 3}, {"findings": [3, None]}])
    def test_whatever_was_typed(self, project, second, odd):
        assert carrying.carried(odd, project.taxonomy_version, second) == odd

    @pytest.mark.parametrize("odd", [{"category": 3}, {"severity": []}, {"where": 3}, {}])
    def test_odd_findings(self, carry, odd):
        assert carry(odd)["findings"] == [odd]

    def test_an_odd_choice(self, carry):
        assert carry({"choose": 3})["findings"] == [{"choose": []}]


class TestCheck:
    def test_a_choice_is_wanted(self, item, rater, project, bob, second):
        item.run.taxonomy_version = second
        said = body(found(None, choose=["late", "never"], was="Missed", note="see there"))
        with pytest.raises(JudgementError, match="choose Late or Never"):
            check(said, item, rater(project, bob))

    def test_chosen(self, item, rater, project, bob, second):
        item.run.taxonomy_version = second
        said = body(found("late", choose=["late", "never"], was="Missed"))
        assert check(said, item, rater(project, bob)).findings[0].category.key == "late"

    def test_in_another_version(self, item, rater, project, bob, second):
        item.run.taxonomy_version = second
        with pytest.raises(OtherVersion, match="labelled in classification@2"):
            check(body(taxonomy="classification@1"), item, rater(project, bob))
