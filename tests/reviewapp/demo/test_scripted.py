import pytest

from reviewapp.demo import project, scripted

CATEGORIES = {category["key"]: category for category in project.TAXONOMY["categories"]}


class TestJudge:
    @pytest.mark.parametrize("label", ["ham", "spam"])
    def test_a_right_label_has_no_finding(self, label):
        assert scripted.judge(label, label) == []

    @pytest.mark.parametrize(
        ("said", "expected", "category"),
        [
            ("spam", "ham", "label.false_alarm"),
            ("ham", "spam", "label.missed_spam"),
            (None, "ham", "answer.no_label"),
            (None, "spam", "answer.no_label"),
            ("perhaps", "spam", "answer.no_label"),
        ],
    )
    def test_a_wrong_one_has_one(self, said, expected, category):
        (finding,) = scripted.judge(said, expected)
        assert finding["category"] == category
        assert finding["severity"] == CATEGORIES[category]["default_severity"]
        assert "scripted" in finding["note"]

    def test_each_category_can_be_found(self):
        found = {
            finding["category"]
            for said in ("ham", "spam", None)
            for expected in ("ham", "spam")
            for finding in scripted.judge(said, expected)
        }
        assert found == set(CATEGORIES)

    def test_an_unknown_answer_is_an_error(self):
        with pytest.raises(ValueError, match="labels are ham and spam"):
            scripted.judge("ham", "eggs")


def test_raters_say_that_they_are_scripts():
    assert all(name.startswith("script: ") for name in scripted.RATERS)
