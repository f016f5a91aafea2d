"""Each kind of comparator, and what all of them promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.comparators import COMPARATOR_HELP, COMPARATORS, EXTRACTOR_HELP, MISS
from evals.comparators.date import Date
from evals.comparators.exact import Exact
from evals.comparators.json_fields import JsonFields
from evals.comparators.label import Label
from evals.comparators.lists import ListOf, SetOf
from evals.comparators.number import Number
from evals.comparators.similarity import Similarity
from evals.comparators.text import Text
from evals.comparators.tool_calls import ToolCalls
from evals.comparators.unit import Quantity
from tests.evals.test_values import json_values

VARIANTS = [
    *(kind() for kind in COMPARATORS.values()),
    Text(strip_punctuation=True),
    Label(allowed=["spam", "ham"], synonyms={"junk": "spam"}),
    JsonFields(ignore=["$..id"], unordered=["$.*", "$"]),
    Number(absolute=0.5, relative=0.1),
    SetOf(multiplicity=True, separator=","),
    ListOf(separator=","),
    ListOf(ignore_order=True),
    Date(formats=["%d.%m.%Y", "%d/%m/%y %H:%M"], days=1, zone="Europe/Berlin"),
    Quantity(unit="kg", absolute="5 mm", relative=0.1, units={"stone": "6.35 kg"}),
    ToolCalls(ordered=False, ignore=["$.id", "$..at"]),
]
READABLE = {
    Number: "7",
    SetOf: ["a"],
    ListOf: ["a"],
    Date: "2026-03-01",
    Quantity: "7 kg",
}
calls = st.fixed_dictionaries({"name": st.sampled_from("abc"), "arguments": json_values})
values = (
    json_values
    | st.just(MISS)
    | st.from_regex(r"\A[-$ ]*[0-9,.]{1,9}[ %]*\Z")
    | st.datetimes().map(str)
    | st.lists(calls, max_size=4).map(lambda made: {"content": None, "tool_calls": made})
)


@pytest.mark.parametrize("comparator", VARIANTS)
class TestEveryKind:
    @given(value=values)
    def test_a_value_matches_itself(self, comparator, value):
        verdict = comparator.compare(value, value)
        assert (verdict.matches, verdict.similarity) == (True, 1.0)

    @given(a=values, b=values)
    def test_is_symmetric(self, comparator, a, b):
        there, back = comparator.compare(a, b), comparator.compare(b, a)
        assert there == back
        assert 0 <= there.similarity <= 1

    def test_a_miss_matches_only_a_miss(self, comparator):
        assert comparator.compare(MISS, MISS).missed
        readable = READABLE.get(type(comparator), "spam")
        assert not comparator.compare(MISS, readable).matches
        assert not comparator.compare(readable, MISS).matches


class TestExact:
    def test_it_works(self):
        assert Exact().compare({"a": 1, "b": 2}, {"b": 2.0, "a": 1}).matches
        assert not Exact().compare("a", "a ").matches
        assert not Exact().compare("1", 1).matches


class TestText:
    def test_it_works(self):
        assert Text().compare(" Straße\n\tX ", "STRASSE x").matches
        assert Text().compare("ﬁne", "fine").matches
        assert not Text().compare("fine.", "fine").matches

    def test_strip_punctuation(self):
        strip = Text(strip_punctuation=True)
        assert strip.compare("Yes, it's «fine»!", "yes its fine").matches
        assert not strip.compare("1.5", "15").matches
        assert not strip.compare("-5", "5").matches
        assert not strip.compare("5 €", "5").matches


class TestLabel:
    def test_it_works(self):
        assert Label().compare(" Spam\n", "spam").matches
        assert not Label().compare("spam", "ham").matches

    def test_allowed_and_synonyms(self):
        label = Label(allowed=["spam", "ham"], synonyms={"Junk": "Spam"})
        assert label.compare("JUNK", "spam").matches
        assert label.compare("who knows", "no idea").missed
        assert not label.compare("who knows", "ham").matches

    @pytest.mark.parametrize(
        "options",
        [
            {"allowed": ["a", "A "]},
            {"allowed": [" "]},
            {"allowed": ["a"], "synonyms": {"x": "b"}},
            {"synonyms": {"x": "b", "X": "c"}},
        ],
    )
    def test_bad_options(self, options):
        with pytest.raises(ValueError, match=r"`(allowed|synonyms)`"):
            Label(**options)


class TestJson:
    def test_it_works(self):
        verdict = JsonFields().compare({"a": [1, {"b": 2}], "z": 0}, '{"z": 0, "a": [1, {"b": 3}]}')
        assert (verdict.matches, verdict.path) == (False, "$.a[1].b")
        assert verdict.similarity == pytest.approx(2 / 3)

    @pytest.mark.parametrize(
        ("a", "b", "path"),
        [
            ({"a": 1}, {}, "$.a"),
            ({"a": None}, {}, "$.a"),
            ([1], [1, 2], "$[1]"),
            ({"a": {}}, {"a": []}, "$.a"),
            ({"odd key": True}, {"odd key": 1}, '$["odd key"]'),
            ("{broken", "{broken ", "$"),
        ],
    )
    def test_path_of_the_first_difference(self, a, b, path):
        assert JsonFields().compare(a, b).path == path

    def test_ignore(self):
        ignoring = JsonFields(ignore=["$..id", "$.at"])
        assert ignoring.compare({"at": 1, "x": [{"id": 1}]}, {"x": [{"id": 2}]}).matches
        assert ignoring.compare({"x": [{"y": 1}]}, {"x": [{"y": 2}]}).path == "$.x[0].y"

    def test_unordered(self):
        sets = JsonFields(unordered=["$.tags"])
        assert sets.compare({"tags": ["a", {"k": 1}]}, {"tags": [{"k": 1.0}, "a"]}).matches
        assert not sets.compare({"tags": ["a", "a"]}, {"tags": ["a", "b"]}).matches
        assert not sets.compare({"other": [1, 2]}, {"other": [2, 1]}).matches

    def test_hostile_depth_is_text(self):
        bomb = "[" * 100_000
        assert JsonFields(ignore=["$..a"]).compare(bomb, bomb).matches

    @pytest.mark.parametrize("path", ["a", "$[?match(@.a, '(a+)+')]", "$[?@.a =~ /x/]", ""])
    def test_bad_path(self, path):
        with pytest.raises(ValueError, match="not a JSON path"):
            JsonFields(ignore=[path])


class TestNumber:
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("1,234.5", 1234.5),
            ("$ 1 234.50", "1.2345e3"),
            ("12 %", 0.12),
            ("−5", -5),
            ("1'000'000", 10**6),
            (".5", "0.50"),
            ("5 €", "5."),
            (0.1 + 0.2 - 0.30000000000000004, 0),
        ],
    )
    def test_it_works(self, a, b):
        assert Number().compare(a, b).matches
        assert not Number().compare(a, b).missed

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "%",
            "-",
            "1,5",
            "12,34",
            "1,234 567",
            "1.2.3",
            "NaN",
            "inf",
            "42 apples",
            "٣",
            True,
            [],
        ],
    )
    def test_no_number_is_a_miss(self, text):
        assert Number().compare(text, "x").missed

    def test_tolerance(self):
        assert Number(absolute=0.1).compare(0.4, "0.3").matches
        assert not Number(absolute=0.1).compare(0.4, "0.29").matches
        assert Number(relative=0.01).compare(100, 99).matches
        assert not Number(relative=0.01).compare(100, 98.9).matches

    def test_hostile_numbers(self):
        assert Number().compare("1e999999999", "x").missed
        assert Number().compare("9" * 401, "x").missed
        assert not Number(relative=0.1).compare("1e999", "-1e999").matches


class TestSimilarity:
    def test_it_works(self):
        assert Similarity(threshold=0.9).compare("the cat sat.", "the cat sat!").matches
        assert not Similarity(threshold=0.95).compare("the cat sat.", "the cat sat!").matches


class TestHelp:
    def test_describes_every_option(self):
        assert list(COMPARATOR_HELP) == list(COMPARATORS)
        for kind in (*COMPARATOR_HELP.values(), *EXTRACTOR_HELP.values()):
            assert kind.description.endswith(".")
            assert all(option.description for option in kind.options)

    def test_names_defaults(self):
        [option] = COMPARATOR_HELP["similarity"].options
        assert (option.name, option.default) == ("threshold", 0.9)
