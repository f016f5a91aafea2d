"""Canonical forms, paths and what cannot be stored."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.values import canonical, digest, loads, path_of, problem_in, row_number

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
json_values = st.recursive(
    scalars.filter(lambda value: value not in (float("inf"), float("-inf"))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def shuffled(value):
    if isinstance(value, dict):
        return {key: shuffled(item) for key, item in reversed(value.items())}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


class TestCanonical:
    def test_it_works(self):
        assert canonical({"b": [1, "é"], "a": None}) == '{"a":null,"b":[1,"é"]}'

    @given(json_values)
    def test_does_not_depend_on_the_order_of_keys(self, value):
        assert canonical(shuffled(value)) == canonical(value)

    @given(json_values)
    def test_reads_back_as_itself(self, value):
        assert canonical(loads(canonical(value))) == canonical(value)
        assert digest(loads(canonical(value))) == digest(value)

    @pytest.mark.parametrize("other", [1.0, 10 / 10])
    def test_numbers_are_equal_by_value(self, other):
        assert canonical(other) == canonical(1)

    @pytest.mark.parametrize("other", [True, "1", [1], 1.5, -1])
    def test_other_values_are_not_one(self, other):
        assert canonical(other) != canonical(1)

    def test_large_floats_are_spelled_as_jsonb_keeps_them(self):
        assert canonical(1e300) == canonical(10**300)

    def test_code_points_are_kept_apart(self):
        assert canonical("e\u0301") != canonical("\u00e9")


class TestProblemIn:
    def test_names_the_place(self):
        assert problem_in({"a b": [0, "x\0"]}) == (
            '$["a b"][1]',
            "the text holds U+0000, which cannot be stored; remove it",
        )

    def test_finds_halves_of_pairs_large_numbers_and_keys(self):
        for value in ["\ud800", 10**400, float("nan"), {"\0": 1}]:
            assert problem_in(value)

    def test_finds_depth(self):
        value: object = 1
        for _ in range(100):
            value = [value]
        assert problem_in(value) is None
        assert "deeper" in (problem_in([value]) or ("", ""))[1]

    @given(json_values)
    def test_accepts_what_can_be_stored(self, value):
        assert problem_in(value) is None


class TestLoads:
    @given(st.binary() | st.text(alphabet='[]{}",:0123456789eE+-.\\u"ntf'))
    def test_raises_nothing_but_value_errors(self, source):
        with suppress(ValueError):
            loads(source)

    def test_survives_a_depth_bomb(self):
        with pytest.raises(ValueError, match="recursion"):
            loads("[" * 1_000_000)


def test_path_of_quotes_odd_keys():
    assert path_of(("a", 0, 'odd "key"')) == '$.a[0]["odd \\"key\\""]'


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("42", 42), ("", -1), ("-1", -1), ("²", -1), ("1.5", -1), ("9" * 5000, -1)],
)
def test_row_number(text, number):
    assert row_number(text) == number
