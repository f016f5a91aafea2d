"""What the page sets apart: what is known, and what is not."""

import pytest

from reviewapp.reports import provenance


def estimate(value):
    return {"value": value, "low": 0.0, "high": 1.0}


class TestAgreement:
    def test_defined_and_undefined(self):
        rows = [{"name": "Missed", "alpha": 0.7}, {"name": "Late", "alpha": None}]
        told = provenance.agreement({"categories": rows})
        assert (told["agreed"], told["never_agreed"]) == (rows[:1], ["Late"])

    def test_nothing(self):
        assert provenance.agreement(None) == {"agreed": [], "never_agreed": []}


class TestAccuracy:
    def test_apart(self):
        tried = {"name": "Missed", "positives": 3, "false_positive_rate": estimate(0.1)}
        alarmed = {"name": "Tone", "positives": 0, "false_positive_rate": estimate(0.1)}
        clean = {"name": "Late", "positives": 0, "false_positive_rate": estimate(0.0)}
        unknown = {"name": "Odd", "positives": 0, "false_positive_rate": None}
        told = provenance.accuracy({"categories": [tried, alarmed, clean, unknown]})
        assert (told["tried"], told["alarmed"]) == ([tried], [alarmed])
        assert told["untried"] == ["Late", "Odd"]


class TestDrift:
    def test_kinds_that_lack_examples(self):
        rows = [{"so_few": 0.001}, {"so_few": 0.4}, {"so_few": None}]
        told = provenance.drift({"clusters": rows})
        assert (told["lacking"], told["covered"]) == (rows[:1], rows[1:])


class TestNeeds:
    @pytest.mark.parametrize(
        ("changes", "plan", "said"),
        [
            ({"verdict": "fail"}, None, ""),
            ({"labels_needed": 12}, None, ""),
            ({}, None, "not with these requests"),
            ({}, {"budget": 400}, "not within the budget"),
            ({"pass_margin": 0.0}, {"budget": 400}, "gold items: J may be nothing"),
            ({"pass_margin": 0.0, "margin": 0.0}, None, "not with these requests"),
        ],
    )
    def test_in_words(self, changes, plan, said):
        rule = {"verdict": "undecided", "margin": 0.02, "pass_margin": 0.02, "labels_needed": None}
        assert provenance.needs({**rule, **changes}, plan) == said

    def test_by_the_gold_items_that_are_wanting(self):
        rules = [{"gold_wanting": one} for one in ("with", "without", "with")]
        before = {"name": "of a report that does not say"}
        assert provenance.by_gold([*rules, before]) == [
            ("with", [rules[0], rules[2], before]),
            ("without", [rules[1]]),
        ]

    def test_untold(self):
        assert provenance.is_untold({"verdict": "undecided", "pass_margin": None})
        assert not provenance.is_untold({"verdict": "fail", "pass_margin": None})
