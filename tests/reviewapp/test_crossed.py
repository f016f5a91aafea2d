"""Lines that were drawn from before the comparators changed, crossed with the strata of now."""

import numpy as np
import pytest

from evals import recompute, sampling
from evals.metrics.difference import paired_difference
from evals.models import Stratum
from evals.sampling import SamplingPlan
from reviewapp.actions import comparators, redraw
from reviewapp.labelling import labels
from reviewapp.labelling.labels import Label
from reviewapp.reports.lines import Line, counts, lines, merged
from tests.reviewapp.actions import scenes
from tests.reviewapp.actions.conftest import quick_passwords  # noqa: F401
from tests.reviewapp.actions.scenes import DIFFER, SAME, review

OK = Label("ok", "ok", 1)
WORSE = Label("ok", "error", 1)
BETTER = Label("error", "ok", 1)
LABEL = {"comparators": [{"kind": "label"}]}
#: The answer is what stands in brackets, and no more is served.
BRACKETS = {
    "serves_extract": True,
    "comparators": [{"kind": "text", "extract": [{"by": "regex", "pattern": r"\[(.*)\]"}]}],
}


def error(label, side):
    return getattr(label, side) == "error"


def cell(name, size, found=(), *, drawn_from="", now=""):
    return Line(name, ["all"], size, labels=list(found), drawn_from=drawn_from, now=now)


@pytest.mark.django_db
class TestCells:
    @pytest.fixture
    def run(self, project, models):
        """Three pairs whose case differs, three that say the same in brackets, three that do not,
        one that is the same: all of them drawn."""
        pairs = [("aaaa", "AAAA")] * 3 + [("x [a]", "y [a]")] * 3 + [DIFFER] * 3 + [SAME]
        plan = SamplingPlan(labels=9, equivalent=3, identical=1)
        return scenes.recorded(project, models, pairs, plan=plan)

    def change(self, run, pipeline):
        made = comparators.change(run=run, pipeline=pipeline, by="test")
        recompute.recompute(made)
        made.refresh_from_db()
        redraw.draw_again(made=made)
        run.refresh_from_db()

    def cells(self, run):
        return {line.stratum: line for line in lines(run, labels.labels(run))}

    def test_before_any_change(self, run):
        assert set(self.cells(run)) == {"differ/near", "differ/far", "identical"}

    def test_old_strata_crossed_with_new_ones(self, run, project, rater, bob):
        for item in run.items.all():
            review(item, rater(project, bob), "label.missed")
        self.change(run, LABEL)
        found = self.cells(run)
        assert found["differ/far → equivalent"].size == 3
        assert len(found["differ/far → equivalent"].labels) == 3
        assert found["differ/far"].size == 3
        assert found["identical"].size == 1
        assert sum(line.size for line in found.values()) == run.comparisons.count()
        assert sum(len(line.labels) for line in found.values()) == 10

    def test_what_has_become_identical_keeps_its_labels(self, run, project, rater, bob):
        for item in run.items.all():
            review(item, rater(project, bob), "label.missed")
        self.change(run, BRACKETS)
        became = [line for name, line in self.cells(run).items() if name.endswith("→ identical")]
        assert sum(len(line.labels) for line in became) >= 3
        assert all(line.stratum != sampling.IDENTICAL for line in became)

    def test_a_change_back(self, run):
        before = {name: line.size for name, line in self.cells(run).items()}
        self.change(run, LABEL)
        self.change(run, {})
        assert {name: line.size for name, line in self.cells(run).items()} == before
        assert not Stratum.objects.filter(run=run, size=0).exists()

    def test_an_open_item_stops_its_own_cell_only(self, run, project, rater, bob):
        for item in run.items.exclude(comparison__candidate_output__value="AAAA"):
            review(item, rater(project, bob))
        self.change(run, LABEL)
        found = self.cells(run)
        assert len(found["differ/far → equivalent"].labels) == 0
        assert len(found["differ/far"].labels) == 3


class TestMerged:
    def test_a_thin_cell_goes_to_another_of_its_line(self):
        rows = [
            cell("differ/far", 60, [OK] * 9, drawn_from="differ/far", now="differ/far"),
            cell("differ/far → equivalent", 8, [OK], drawn_from="differ/far", now="equivalent"),
        ]
        (one,) = merged(rows)
        assert (one.size, len(one.labels)) == (68, 10)

    def test_never_to_what_was_identical_throughout(self):
        rows = [
            cell("identical", 900, [OK] * 38, drawn_from="identical", now="identical"),
            cell("identical → differ/far", 9, [], drawn_from="identical", now="differ/far"),
        ]
        assert sorted(line.size for line in merged(rows)) == [9, 900]

    def test_nor_to_another_line(self):
        rows = [
            cell("equivalent → differ/far", 9, [], drawn_from="equivalent", now="differ/far"),
            cell("differ/far", 60, [OK] * 9, drawn_from="differ/far", now="differ/far"),
        ]
        assert len(merged(rows)) == 2

    def test_nothing_is_labelled_yet(self):
        rows = [
            cell(name, 5, drawn_from="differ/far", now=name.split()[-1])
            for name in ("differ/far", "differ/far → differ/near", "differ/far → equivalent")
        ]
        (one,) = merged(rows)
        assert one.size == 15


class TestCoverage:
    """A fixed seed of the simulation of docs/decisions/0010: discrepancies of which half become
    identical, and of those some do have a difference all the same."""

    #: (drawn from, now): comparisons, share with d = +1, share with d = -1
    CELLS = {
        ("differ/far", "differ/far"): (360, 0.06, 0.03),
        ("differ/far", "equivalent"): (90, 0.02, 0.01),
        ("differ/far", "identical"): (450, 0.05, 0.0125),
        ("equivalent", "differ/far"): (60, 0.05, 0.02),
        ("equivalent", "equivalent"): (240, 0.005, 0.005),
        ("identical", "identical"): (1800, 0.0, 0.0),
    }
    LABELS = {"differ/far": 400, "equivalent": 120, "identical": 40}
    REPEATS = 300

    def once(self, random, by_definition):
        rows, total = [], 0
        for old, drawn in self.LABELS.items():
            cells = [key for key in self.CELLS if key[0] == old]
            sizes = [self.CELLS[key][0] for key in cells]
            took = random.multivariate_hypergeometric(sizes, drawn)
            for (_, now), size, n in zip(cells, sizes, took, strict=True):
                _, plus, minus = self.CELLS[old, now]
                d = random.choice([1, -1, 0], size, p=[plus, minus, 1 - plus - minus])
                total += d.sum()
                name = old if old == now else f"{old} → {now}"
                said = [{1: WORSE, -1: BETTER, 0: OK}[x] for x in d[:n]]
                rows.append(cell(name, size, said, drawn_from=old, now=now))
        left_out = "identical"
        chosen = [
            line
            for line in merged(rows)
            if (line.now if by_definition else line.stratum) != left_out
        ]
        found = paired_difference(*counts(chosen, error).paired, 3000)
        return found.low <= total / 3000 + 1e-12 and total / 3000 - 1e-12 <= found.high

    def covers(self, by_definition):
        random = np.random.default_rng(20261125)
        return np.mean([self.once(random, by_definition) for _ in range(self.REPEATS)])

    def test_intervals_cover(self):
        assert self.covers(by_definition=False) >= 0.95

    def test_taking_what_became_identical_as_zero_would_not(self):
        assert self.covers(by_definition=True) < 0.6
