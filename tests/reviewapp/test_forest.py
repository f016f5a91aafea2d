import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.forest import LEFT, RIGHT, WIDTH, forest

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
