import pytest

from reviewapp.templatetags import show


def estimate(value, low, high):
    return {"value": value, "low": low, "high": high}


class TestIntervals:
    def test_dollars(self):
        assert show.usd_interval(estimate(0.71, 0.69, 0.742)) == "$0.71 [0.69, 0.74]"
        assert show.usd_change(estimate(-0.26, -0.29, 0.02)) == "−$0.26 [−0.29, +0.02]"

    def test_time_is_in_the_unit_of_the_value(self):
        assert show.ms_interval(estimate(905.4, 793, 1012)) == "905 ms [793, 1,012]"
        assert show.ms_interval(estimate(1310, 1060, 1950)) == "1.31 s [1.06, 1.95]"
        assert show.ms_difference(estimate(97, -540, 733)) == "+97 ms [−540, +733]"

    def test_an_end_that_nothing_bounds(self):
        assert show.ms_interval(estimate(412, 401, None)) == "412 ms [401, unbounded]"

    def test_nothing_has_no_sign(self):
        assert show.coefficient(estimate(-0.001, -0.02, 0.0)) == "0.00 [−0.02, 0.00]"


def test_a_share_of_few_has_no_more_digits_than_it_deserves():
    assert (show.percent(0.917), show.percent(0.917, 0)) == ("91.7 %", "92 %")


@pytest.mark.parametrize(
    ("value", "text"), [(0.001, "1 min"), (0.5, "30 min"), (2.17, "2 h 10 min"), (26, "26 h 0 min")]
)
def test_hours(value, text):
    assert show.hours(value) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.95, "95 %"), (0.99842, "99.84 %"), (1 - 1e-9, "above 99.99 %")]
)
def test_level(share, text):
    assert show.level(share) == text
