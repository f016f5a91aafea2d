"""Extraction steps."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.comparators import MISS
from evals.comparators.extract import Case, CodeFence, JsonPath, Patterns, Regex, extract

STEPS = [
    Regex(pattern=r"(?i)answer: (\w+)"),
    Patterns(patterns=[Case(pattern=r"(?i)\byes\b", value="yes"), Case(pattern="no", value=False)]),
    JsonPath(path="$..answer"),
    CodeFence(),
]
fenced = st.text(alphabet='`~ a\n{}[]":1\r', max_size=60)


@pytest.mark.parametrize("step", STEPS)
class TestEveryStep:
    @given(text=st.text(max_size=80) | fenced | st.text(st.characters(categories=["Cs"])))
    def test_never_raises(self, step, text):
        step.apply(text)

    def test_a_megabyte_does_not_hang(self, step):
        started = perf_counter()
        for text in ["a" * 1_000_000, "```\n" * 250_000, "[" * 1_000_000, "yes answer: " * 80_000]:
            step.apply(text)
        assert perf_counter() - started < 10


class TestRegex:
    def test_it_works(self):
        assert Regex(pattern=r"\[(Yes|No)\]").apply("Step 1 …\n\n[Yes]") == "Yes"
        assert Regex(pattern=r"\d+").apply("é 42 and 43") == "42"
        assert Regex(pattern=r"\d+").apply("none") is MISS

    def test_the_first_group_that_took_part(self):
        assert Regex(pattern=r"<(a)>|\[(b)\]").apply("x [b]") == "b"
        assert Regex(pattern=r"x(a)?").apply("x") is MISS

    def test_the_last_place(self):
        assert Regex(pattern=r"(?s).*\[(\w+)\]").apply("[No]\nwait\n[Yes]") == "Yes"

    def test_reads_json_as_its_text(self):
        assert Regex(pattern=r'"n":(\d+)').apply({"n": 7.0}) == "7"

    @pytest.mark.parametrize("pattern", [r"(?=a)b", r"(?<!a)b", r"(a)\1", "(", "a{2000}{2000}"])
    def test_bad_pattern(self, pattern):
        with pytest.raises(ValueError, match="not an RE2 pattern"):
            Regex(pattern=pattern)

    def test_says_what_re2_lacks(self):
        with pytest.raises(ValueError, match="no lookaround and no backreferences"):
            Regex(pattern=r"(a)\1")

    def test_catastrophic_backtracking_does_not_happen(self):
        assert Regex(pattern=r"^(a+)+$").apply("a" * 100_000 + "!") is MISS


class TestPatterns:
    def test_the_order_of_patterns_counts_not_their_place(self):
        step = STEPS[1]
        assert step.apply("no, or rather: Yes") == "yes"
        assert step.apply("no") is False
        assert step.apply("maybe") is MISS


class TestJsonPath:
    def test_it_works(self):
        step = JsonPath(path="$.tool_calls[0].function.name")
        value = {"tool_calls": [{"function": {"name": "refund"}}]}
        assert step.apply(value) == "refund"
        assert step.apply(' {"tool_calls": [{"function": {"name": "x"}}]}') == "x"

    @pytest.mark.parametrize("value", ["no json", "[]", 7, None, {"tool_calls": []}, "[" * 5000])
    def test_a_miss(self, value):
        assert JsonPath(path="$.tool_calls[0]").apply(value) is MISS

    def test_null_is_found(self):
        assert JsonPath(path="$.a").apply({"a": None}) is None


class TestCodeFence:
    @pytest.mark.parametrize(
        ("text", "inside"),
        [
            ('Sure:\n```json\n{"a": 1}\n```\nDone', '{"a": 1}'),
            ("~~~\n```\nx\n```\n~~~", "```\nx\n```"),
            ("````\n```\n````", "```"),
            ("```\nnever closed", "never closed"),
            ("```\n```", ""),
            ("no fence", "no fence"),
            ("inline ```x``` fence", "inline ```x``` fence"),
        ],
    )
    def test_it_works(self, text, inside):
        assert CodeFence().apply(text) == inside

    def test_other_values_stay(self):
        assert CodeFence().apply({"a": 1}) == {"a": 1}


def test_steps_follow_one_another_until_a_miss():
    steps = (CodeFence(), JsonPath(path="$.n"), Regex(pattern=r"\d+"))
    assert extract(steps, '```\n{"n": 12}\n```') == "12"
    assert extract(steps, "```\n{}\n```") is MISS
