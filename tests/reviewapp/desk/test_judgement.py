import json
import math
from itertools import pairwise

import pytest

from evals.models import Run
from reviewapp.desk.judgement import JudgementError, check, sides_of
from reviewapp.desk.palette import palette
from reviewapp.models import Rater, ReviewItem
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401

OK = {"A": "ok", "B": "ok"}


@pytest.fixture
def item(finished_run):
    return ReviewItem.objects.filter(run=finished_run, stratum__startswith="differ").first()


@pytest.fixture
def bobs(project, rater, bob):
    return rater(project, bob)


def error(**finding):
    return {
        "sides": {"A": "error", "B": "ok"},
        "findings": [{"side": "A", "category": "label.missed", **finding}],
    }


def problems(payload, item, rater):
    with pytest.raises(JudgementError) as caught:
        check(payload, item, rater)
    return caught.value.problems


class TestSides:
    def test_stable(self, item, bobs):
        first = sides_of(item, bobs)
        assert all(sides_of(ReviewItem.objects.get(pk=item.pk), bobs) == first for _ in range(3))
        assert sorted(first.values()) == ["baseline", "candidate"]

    def test_a_fair_shuffle(self):
        """Over 4,000 items × 2 reviewers, in halves, and unrelated between the two reviewers,
        neighbouring items and neighbouring reviewers (five standard deviations)."""
        run = Run(seed="4f" * 16)
        heads = {
            rater: [
                sides_of(ReviewItem(pk=pk, run=run), Rater(pk=rater))["A"] == "candidate"
                for pk in range(1, 4001)
            ]
            for rater in (7, 8)
        }
        limit = 5 * math.sqrt(4000) / 2
        for flips in heads.values():
            assert abs(sum(flips) - 2000) < limit
            same = sum(a == b for a, b in pairwise(flips))
            assert abs(same - 2000) < limit
        alike = sum(a == b for a, b in zip(heads[7], heads[8], strict=True))
        assert abs(alike - 2000) < limit

    def test_it_hangs_on_the_seed(self):
        """Who knows item and reviewer and not the seed knows nothing."""
        item, rater = ReviewItem(pk=1, run=Run(seed="x")), Rater(pk=1)
        flips = []
        for seed in range(400):
            item.run.seed = str(seed)
            flips.append(sides_of(item, rater)["A"])
        assert 150 < flips.count("baseline") < 250


class TestCheck:
    def test_it_works(self, item, bobs):
        real = sides_of(item, bobs)
        made = check({**error(note=" odd "), "note": " n ", "duration_s": 3}, item, bobs)
        assert getattr(made, real["A"]) == "error"
        assert getattr(made, real["B"]) == "ok"
        (finding,) = made.findings
        assert (finding.side, finding.category.key) == (real["A"], "label.missed")
        assert finding.severity.key == "major"  # the category's own, where none is given
        assert (finding.note, made.note, made.duration_s) == ("odd", "n", 3)

    def test_a_note_instead_of_a_category(self, item, bobs):
        made = check(error(category=None, note="it rhymes"), item, bobs)
        assert made.findings[0].category is None

    def test_evidence(self, item, bobs):
        assert check(error(span=[0, 3]), item, bobs).findings[0].span == (0, 3)
        assert check(error(span=[0, 3], where="input"), item, bobs)

    def test_a_field_as_evidence(self, item, bobs, monkeypatch):
        """Where a category asks for evidence, a field will do, if it is there."""
        for category in palette(item.run.taxonomy_version).categories:
            monkeypatch.setattr(category, "evidence_required", True)
        for output in (item.comparison.baseline_output, item.comparison.candidate_output):
            output.value = {"a": 1}
        assert "findings[0].span" in problems(error(), item, bobs)
        assert "findings[0].path" in problems(error(path="$.b"), item, bobs)
        assert check(error(path="$.a"), item, bobs).findings[0].path == "$.a"

    @pytest.mark.parametrize(
        ("payload", "where"),
        [
            (None, "judgement"),
            ([], "judgement"),
            ({}, "judgement"),
            ({"sides": {}}, "sides"),
            ({"sides": {"baseline": "ok"}}, "sides"),
            ({"sides": {"A": "fine"}}, "sides"),
            ({"sides": {"A": "error", "B": "ok"}}, "sides"),
            ({"sides": {"A": 1}}, "sides[...]"),
            ({"sides": OK, "winner": "A"}, "judgement"),
            ({"sides": OK, "findings": [{"side": "A", "note": "x"}]}, "sides"),
            ({"sides": OK, "note": "x" * 10_001}, "note"),
            ({"sides": OK, "note": "a\0b"}, "note"),
            ({"sides": OK, "corrected_output": {"a": "\ud800"}}, "corrected_output.a"),
            ({"sides": OK, "duration_s": float("nan")}, "duration_s"),
            ({"sides": OK, "duration_s": "long"}, "duration_s"),
            (error(side="C"), "findings[0].side"),
            (error(category="label"), "findings[0].category"),
            (error(category="nonsense"), "findings[0].category"),
            (error(category=None), "findings[0].category"),
            (error(category=None, note="  "), "findings[0].category"),
            (error(severity="fatal"), "findings[0].severity"),
            (error(where="margin"), "findings[0].where"),
            (error(span=[0, 9999]), "findings[0].span"),
            (error(span=[2, 2]), "findings[0].span"),
            (error(span=[-1, 2]), "findings[0].span"),
            (error(span=[3, 1]), "findings[0].span"),
            (error(span=[0]), "findings[0].span"),
            (error(span=[0, 10**30]), "findings[0].span"),
            (error(note="x" * 10_001), "findings[0].note"),
            (error(path="x" * 501), "findings[0].note"),
        ],
    )
    def test_bad_input(self, item, bobs, payload, where):
        assert where in problems(payload, item, bobs)

    def test_everything_that_is_wrong_is_told(self, item, bobs):
        payload = {"sides": OK, "findings": [{"side": "A"}, {"side": "C"}], "note": "x" * 10_001}
        assert set(problems(payload, item, bobs)) == {
            "sides",
            "findings[0].category",
            "findings[1].side",
            "note",
        }

    def test_no_error_tells_the_sides(self, item, bobs):
        for payload in (error(span=[0, 9999]), error(category="nonsense"), {"sides": {"A": "x"}}):
            told = json.dumps(problems(payload, item, bobs))
            assert "baseline" not in told
            assert "candidate" not in told

    def test_an_open_tab_is_no_long_judgement(self, item, bobs):
        assert check({"sides": OK, "duration_s": 90_000}, item, bobs).duration_s == 3600
        assert check({"sides": OK, "duration_s": -5}, item, bobs).duration_s == 0


class TestCorrectedOutput:
    def corrected(self, project, models, bobs, pair, value):
        rows = scenes.records([pair])
        run = scenes.recorded(project, models, rows=rows)
        item = ReviewItem.objects.get(run=run)
        return check({"sides": OK, "corrected_output": value}, item, bobs).corrected_output

    def test_text_stays_text(self, project, models, bobs):
        assert self.corrected(project, models, bobs, ("12", "13"), "14") == "14"

    def test_typed_json_is_json_where_the_outputs_are(self, project, models, bobs):
        assert self.corrected(project, models, bobs, ({"a": 1}, {"a": 2}), '{"a": 3}') == {"a": 3}

    def test_no_json_stays_text(self, project, models, bobs):
        assert self.corrected(project, models, bobs, ({"a": 1}, {"a": 2}), "three") == "three"
