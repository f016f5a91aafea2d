"""The sentences that reports open with, each branch of them."""

import pytest

from reviewapp.reports.words import interval, opening, points


def estimate(value, low, high):
    return {"value": value, "low": low, "high": high}


def category(name, value, low, high, verdict="not decided", critical=False, future=None, found=5):
    return {
        "name": name,
        "critical": critical,
        "verdict": verdict,
        "worse": found,
        "better": 0,
        "baseline": estimate(0.0, 0.0, 0.1),
        "candidate": estimate(0.0, 0.0, 0.1),
        "difference": estimate(value, low, high),
        "future": future or estimate(value, low, high),
    }


def rule(name, verdict, margin=0.01, needed=None):
    return {"name": name, "verdict": verdict, "margin": margin, "labels_needed": needed}


def report(**changes):
    """A report as `words` reads it: 1,000 requests, of which 372 differ."""
    data = {
        "population": {
            "requests": 1000,
            "pending": 0,
            "outcomes": {"identical": 500, "equivalent": 100, "differ": 372, "failed": 28},
        },
        "noise": None,
        "labels": {"used": 200, "equivalent_used": 20, "identical_used": 10},
        "overall": {"difference": estimate(0.012, -0.001, 0.025), "verdict": "not decided"},
        "categories": [category("Missed", 0.004, -0.001, 0.009, critical=True)],
        "gate": {"verdict": "pass", "outlook": "pass", "waiting": [], "rules": []},
    }
    return data | changes


def gate(verdict="undecided", outlook="undecided", waiting=(), rules=()):
    return {"verdict": verdict, "outlook": outlook, "waiting": list(waiting), "rules": list(rules)}


def noise(baseline, low, requests=200):
    return {
        "requests": requests,
        "baseline_differs": baseline,
        "excess": estimate(0.062, low, 0.1),
    }


class TestPoints:
    @pytest.mark.parametrize(
        ("share", "signed", "text"),
        [
            (0.372, False, "37.2"),
            (1.0, False, "100.0"),
            (0.0094, False, "0.9"),
            (0.0094, True, "+0.9"),
            (-0.001, True, "−0.1"),
            (0.0004, True, "+0.04"),
            (-0.00051, True, "−0.05"),
            (0.0, True, "0.0"),
            (0.0, False, "0.0"),
            (-0.0, False, "0.0"),
            (0.00001, True, "0.0"),
            (-0.00001, True, "0.0"),
            (0.123456789, True, "+12.3"),
        ],
    )
    def test_it_works(self, share, signed, text):
        assert points(share, signed) == text

    def test_minus_signs_are_minus_signs(self):
        assert "-" not in points(-0.25) + interval(estimate(-0.1, -0.2, -0.05))

    def test_interval(self):
        assert interval(estimate(0.009, 0.003, 0.016)) == "+0.9 points [+0.3, +1.6]"

    def test_an_end_without_a_bound(self):
        assert interval(estimate(0.009, None, 0.016)) == "+0.9 points [unbounded, +1.6]"


class TestFirstSentence:
    @pytest.mark.parametrize(
        ("pending", "text"),
        [
            (0, "No request has been compared yet; 0 are waiting."),
            (1, "No request has been compared yet; 1 is waiting."),
            (2500, "No request has been compared yet; 2,500 are waiting."),
        ],
    )
    def test_nothing_compared(self, pending, text):
        population = {"requests": 0, "pending": pending, "outcomes": {}}
        assert opening(report(population=population)) == [text]

    def test_noise_was_not_measured(self):
        assert opening(report())[0] == (
            "37.2 % of outputs differ; how often production disagrees with itself was not measured."
        )

    def test_noise(self):
        assert opening(report(noise=noise(0.31, 0.02)))[0] == (
            "37.2 % of outputs differ; 31.0 points of that is the production model disagreeing "
            "with itself (asked twice on 200 requests)."
        )

    def test_no_more_than_noise(self):
        assert opening(report(noise=noise(0.31, -0.01)))[0].endswith(
            "(asked twice on 200 requests). That the comparators fire more often on the candidate "
            "than on that noise is not shown: +6.2 points [−1.0, +10.0]."
        )

    def test_more_noise_than_difference(self):
        """41 points are no part of 37.2."""
        assert opening(report(noise=noise(0.41, 0.01)))[0] == (
            "37.2 % of outputs differ; the production model itself, asked twice on 200 requests, "
            "differs on 41.0 %."
        )


class TestErrors:
    def said(self, **changes):
        return " ".join(opening(report(**changes))[1:-1])

    def test_certain_in_the_window_only(self):
        """Everything was labelled: one item more is certain, and may still be chance."""
        one = category(
            "Missed", 0.01, 0.01, 0.01, verdict="worse", future=estimate(0.01, -0.02, 0.05)
        )
        sentence = opening(report(categories=[one]))[-2]
        assert sentence == (
            "Missed: +1.0 points [+1.0, +1.0] in this window, "
            "for traffic like it +1.0 points [−2.0, +5.0] (worse)."
        )

    def test_undecided(self):
        assert self.said() == (
            "Errors overall: +1.2 points [−0.1, +2.5] (not decided). "
            "MISSED: +0.4 points [−0.1, +0.9] (not decided)."
        )

    def test_nothing_labelled(self):
        labels = {"used": 0, "equivalent_used": 0, "identical_used": 0}
        assert self.said(labels=labels) == (
            "No discrepancy has been labelled yet, so nothing is known about errors."
        )

    def test_raters_elsewhere_who_do_not_agree(self):
        labels = {"used": 0, "equivalent_used": 0, "identical_used": 0, "drawn": 3}
        assert self.said(labels=labels, elsewhere={"sets": []}).startswith(
            "No discrepancy has a blind label of both sides on which its raters agree"
        )

    def test_only_the_audit_labelled(self):
        labels = {"used": 10, "equivalent_used": 0, "identical_used": 10}
        assert "No discrepancy" in self.said(labels=labels)

    def test_all_the_same(self):
        outcomes = {"identical": 1000, "equivalent": 0, "differ": 0, "failed": 0}
        population = {"requests": 1000, "pending": 0, "outcomes": outcomes}
        assert self.said(population=population) == (
            "No two outputs differ, so neither do their errors."
        )

    def test_no_equivalent_pair_labelled(self):
        labels = {"used": 200, "equivalent_used": 0, "identical_used": 10}
        assert self.said(labels=labels).startswith(
            "Errors overall: +1.2 points [−0.1, +2.5] (among discrepancies; no pair that the "
            "comparators call equivalent was labelled) (not decided)."
        )

    def test_worse(self):
        rows = [
            category("Tone", 0.02, 0.01, 0.03, "worse"),
            category("Missed", 0.004, -0.001, 0.009, critical=True),
        ]
        overall = {"difference": estimate(0.024, 0.01, 0.04), "verdict": "worse"}
        assert self.said(categories=rows, overall=overall) == (
            "Errors overall: +2.4 points [+1.0, +4.0] (worse). "
            "Tone: +2.0 points [+1.0, +3.0] (worse). "
            "MISSED: +0.4 points [−0.1, +0.9] (not decided)."
        )

    @pytest.mark.parametrize(
        ("verdict", "less"), [("better", "Fewer"), ("not decided", "Apparently fewer")]
    )
    def test_fewer_errors_and_more_of_what_matters(self, verdict, less):
        """The case that an error count hides stands in one sentence, its two halves together."""
        rows = [
            category("False alarm", 0.083, 0.05, 0.12, "worse", critical=True),
            category("Missed", -0.11, -0.15, -0.07, "better"),
        ]
        overall = {"difference": estimate(-0.11, -0.16, -0.06), "verdict": verdict}
        assert self.said(categories=rows, overall=overall) == (
            f"{less} errors overall: −11.0 points [−16.0, −6.0]. "
            "But more FALSE ALARM: +8.3 points [+5.0, +12.0]."
        )

    def test_fewer_but_two_are_worse_and_a_critical_one_is_open(self):
        rows = [
            category("Tone", 0.02, 0.01, 0.03, "worse"),
            category("Format", 0.05, 0.02, 0.08, "worse"),
            category("Missed", 0.004, -0.001, 0.009, critical=True),
        ]
        overall = {"difference": estimate(-0.01, -0.02, -0.001), "verdict": "better"}
        assert self.said(categories=rows, overall=overall) == (
            "Fewer errors overall: −1.0 points [−2.0, −0.1]. But more Tone: +2.0 points "
            "[+1.0, +3.0]; more Format: +5.0 points [+2.0, +8.0]. "
            "MISSED: +0.4 points [−0.1, +0.9] (not decided)."
        )

    def test_fewer_and_perhaps_more_of_what_is_critical(self):
        """Its interval leaves zero out and its verdict does not: both have to be told."""
        rows = [
            category("Fabricated", 0.012, 0.0006, 0.023, critical=True),
            category("Tone", 0.02, 0.002, 0.04),
        ]
        overall = {"difference": estimate(-0.084, -0.118, -0.049), "verdict": "better"}
        alone = (
            "+1.2 points [+0.06, +2.3], beyond chance if it alone is looked at, and not decided "
            "once all 2 categories are."
        )
        assert self.said(categories=rows, overall=overall) == (
            "Fewer errors overall: −8.4 points [−11.8, −4.9]. But perhaps more FABRICATED: " + alone
        )
        assert self.said(categories=rows).endswith("(not decided). FABRICATED: " + alone)

    def test_critical_ones_that_were_never_found_are_one_sentence(self):
        rows = [
            category(name, 0, -0.007, high, critical=True, found=0)
            for name, high in (("Unsafe", 0.007), ("Private", 0.011))
        ]
        assert self.said(categories=rows).endswith(
            "UNSAFE, PRIVATE: found on no labelled output; that leaves a difference of up to 1.1 "
            "points either way (not decided)."
        )
        rows[0]["difference"]["high"] = None
        assert "how often elsewhere has no bound." in self.said(categories=rows)

    def test_better(self):
        overall = {"difference": estimate(-0.02, -0.03, -0.01), "verdict": "better"}
        assert self.said(overall=overall, categories=[]) == (
            "Errors overall: −2.0 points [−3.0, −1.0] (better)."
        )


class TestGate:
    def said(self, found, **changes):
        return opening(report(gate=found, **changes))[-1]

    def test_no_policy(self):
        assert self.said(gate("no policy", None)) == (
            "Gate: no policy is set, so nothing is decided; set the margins in the settings."
        )

    def test_pass(self):
        assert self.said(gate("pass", "pass")) == (
            "Gate: PASS, every category is inside its margin."
        )

    def test_fail(self):
        found = gate("fail", "fail", rules=[rule("Missed", "fail", 0.005), rule("Tone", "pass")])
        assert self.said(found) == "Gate: FAIL on “Missed” (margin 0.5)."

    def test_labels_needed(self):
        rules = [rule("Missed", "undecided", needed=12), rule("Tone", "undecided", needed=60)]
        assert self.said(gate(rules=rules)) == (
            "Gate: not decided; about 60 more labels would decide “Tone”."
        )

    def test_one_label_needed(self):
        assert self.said(gate(rules=[rule("Tone", "undecided", needed=1)])) == (
            "Gate: not decided; about 1 more label would decide “Tone”."
        )

    def test_no_number_of_labels(self):
        rules = [rule("Missed", "undecided"), rule("Tone", "undecided")]
        assert self.said(gate(rules=rules)) == (
            "Gate: not decided; no number of labels on these requests would decide “Missed”, "
            "“Tone”."
        )

    def test_where_it_is_not_known_what_reviewers_miss(self):
        rules = [
            rule("Missed", "undecided", needed=12),
            {**rule("Tone", "undecided"), "pass_margin": None},
        ]
        assert self.said(gate(rules=rules)) == (
            "Gate: not decided; about 12 more labels would decide “Missed”; how much reviewers "
            "miss of “Tone” is not known, so no label can show that it passes: gold items that "
            "have it would."
        )

    @pytest.mark.parametrize(
        ("wanting", "said"),
        [("with", "that have it "), ("without", "without it "), ("any", "")],
    )
    def test_which_gold_items_are_wanting(self, wanting, said):
        tone = {**rule("Tone", "undecided"), "pass_margin": None, "gold_wanting": wanting}
        assert f"it passes: gold items {said}would." in self.said(gate(rules=[tone]))

    def test_some_rules_can_be_decided_and_others_cannot(self):
        rules = [rule("Missed", "undecided", needed=12), rule("Tone", "undecided")]
        assert self.said(gate(rules=rules)) == (
            "Gate: not decided; about 12 more labels would decide “Missed”; no number of labels on "
            "these requests would decide “Tone”."
        )

    def test_waiting_with_a_fine_outlook(self):
        found = gate("undecided", "pass", ["3 drawn items are not resolved"])
        assert self.said(found) == (
            "Gate: not decided (3 drawn items are not resolved); as it stands it would pass."
        )

    def test_waiting_with_a_bad_outlook(self):
        waiting = ["the run is running"]
        found = gate("undecided", "fail", waiting, [rule("Missed", "fail", 0.005)])
        assert self.said(found) == (
            "Gate: not decided (the run is running); as it stands it would fail on “Missed” "
            "(margin 0.5)."
        )

    def test_nothing_labelled_says_nothing_of_numbers(self):
        found = gate("undecided", "undecided", ["12 drawn items are not resolved"])
        found["rules"] = [rule("Missed", "undecided", needed=None)]
        labels = {"used": 0, "equivalent_used": 0, "identical_used": 0}
        assert self.said(found, labels=labels) == (
            "Gate: not decided (12 drawn items are not resolved)."
        )
