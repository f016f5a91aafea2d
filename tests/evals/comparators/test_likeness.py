"""How alike two texts are."""

from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from evals.comparators.likeness import WHOLE, likeness


class TestLikeness:
    def test_it_works(self):
        # "ab" is common, "c" goes and "d" comes: 1 - 2/6.
        assert likeness("abc", "abd") == 1 - 2 / 6

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_is_rapidfuzz_ratio_and_symmetric(self, a, b):
        assert abs(likeness(a, b) - fuzz.ratio(a, b) / 100) < 1e-9
        assert likeness(a, b) == likeness(b, a)

    def test_only_equal_texts_are_wholly_alike(self):
        long = "x" * (3 * WHOLE)
        assert likeness(long, long + "y") < 1.0
        assert likeness("", "") == 1.0
        assert likeness("", "a") == 0.0

    def test_a_shift_of_a_long_text_is_seen(self):
        long = "".join(chr(97 + i * i % 23) for i in range(30_000))
        assert likeness("123" + long, long + "456") > 0.95

    def test_megabytes_do_not_hang(self):
        a = "ab c" * 500_000
        started = perf_counter()
        assert 0 <= likeness("x" + a, a[::-1] + "y") <= 1
        assert perf_counter() - started < 10  # seconds; the exact distance would take a minute
