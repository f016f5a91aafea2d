import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.reports.forest import LEFT, RIGHT, WIDTH, forest, strips

ends = st.none() | st.floats(-1, 1)


@st.composite
def rows_(draw):
    rows = []
    for i in range(draw(st.integers(0, 8))):
        low, value, high = sorted(draw(st.lists(st.floats(-1, 1), min_size=3, max_size=3)))
        unbounded = draw(st.sampled_from(["", "", "low", "high", "both"]))
        rows.append(row(f"c{i}", low, value, high))
        for end in ("low", "high"):
            if unbounded in (end, "both"):
                rows[-1]["difference"][end] = None
    return rows


def row(key, low, value, high):
    return {
        "key": key,
        "name": key.upper(),
        "critical": False,
        "verdict": "not decided",
        "label": "",
        "difference": {"low": low, "value": value, "high": high},
    }


class TestForest:
    def test_by_hand(self):
        plot = forest([row("a", -0.01, 0.01, 0.02)], "difference", {"a": 0.015})
        # reach 0.02 × 1.08, ticks a point apart, three a side
        assert [tick.text for tick in plot.ticks] == ["−3", "−2", "−1", "0", "+1", "+2", "+3"]
        assert plot.zero == (LEFT + RIGHT) / 2 == 435
        (mark,) = plot.marks
        assert (mark.low, mark.value, mark.high) == (360, 510, 585)
        assert mark.margin == 547.5
        assert plot.bottom == 70

    @given(rows_(), st.dictionaries(st.sampled_from(["c0", "c1", "c9"]), st.floats(0, 1)))
    def test_all_of_it_is_inside_its_frame(self, rows, margins):
        plot = forest(rows, "difference", margins)
        assert len(plot.marks) == len(rows)
        for mark in plot.marks:
            assert LEFT <= mark.low <= mark.value <= mark.high <= RIGHT
            assert mark.margin is None or LEFT <= mark.margin <= RIGHT
            assert 0 < mark.top < mark.y < mark.foot <= plot.bottom < plot.height
        assert plot.width == WIDTH

    @given(rows_())
    def test_ticks_are_few_even_and_told_apart(self, rows):
        ticks = forest(rows, "difference", {}).ticks
        at = [tick.x for tick in ticks]
        assert at == sorted(at)
        assert (at[0], at[-1]) == (LEFT, RIGHT)
        assert 5 <= len(ticks) <= 11
        assert len({tick.text for tick in ticks}) == len(ticks)

    def test_an_unbounded_end_goes_to_the_edge(self):
        (mark,) = forest([row("a", None, 0.01, None)], "difference", {}).marks
        assert (mark.low, mark.high) == (LEFT, RIGHT)

    def test_no_rows(self):
        assert forest([], "difference", {}).marks == []

    @pytest.mark.parametrize("width", [1e-9, 0.0049, 0.3, 1.0])
    def test_small_and_large(self, width):
        (mark,) = forest([row("a", -width, 0.0, width)], "difference", {}).marks
        assert LEFT <= mark.low <= 435 <= mark.high <= RIGHT


class TestShapes:
    """Verdicts are told apart without colour."""

    @pytest.mark.parametrize(("verdict", "tip"), [("worse", 518), ("better", 502)])
    def test_it_points_to_where_it_goes(self, verdict, tip):
        one = {**row("a", -0.01, 0.01, 0.02), "verdict": verdict}
        (mark,) = forest([one], "difference", {"a": 0.015}).marks
        assert mark.shape.startswith(f"M{tip},")

    def test_a_ring_where_nothing_is_decided(self):
        (mark,) = forest([row("a", -0.01, 0.01, 0.02)], "difference", {}).marks
        assert "a4.5,4.5" in mark.shape

    def test_an_arrow_where_it_goes_on(self):
        bounded, cut = forest(
            [row("a", -0.01, 0.01, 0.02), row("b", -0.01, 0.01, None)], "difference", {}
        ).marks
        assert bounded.ends.count("L") == 0
        assert cut.ends.count("L") == 2

    def test_beyond_the_margin(self):
        with_one, without = forest(
            [row("a", -0.01, 0.01, 0.02), row("b", -0.01, 0.01, 0.02)], "difference", {"a": 0.015}
        ).marks
        assert (with_one.beyond, without.beyond) == (RIGHT - 547.5, 0)


class TestStrips:
    def test_by_hand(self):
        first, second, none = strips(
            [
                {"low": -0.02, "value": 0.0, "high": 0.04},
                {"low": None, "value": 0.02, "high": None},
                None,
            ]
        )
        assert (first.low, first.value, first.high) == (37, 70, 136)
        assert (second.low, second.value, second.high) == (4, 103, 136)
        assert none is None

    def test_nothing_but_zeros(self):
        (strip,) = strips([{"low": 0.0, "value": 0.0, "high": 0.0}])
        assert strip.low == strip.value == strip.high == strip.zero
