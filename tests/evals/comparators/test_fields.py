"""The comparators of fields: sets and lists, dates, quantities, tool calls; and normalising."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.comparators import MISS, NORMALISERS, Pipeline
from evals.comparators.date import Date
from evals.comparators.lists import ListOf, SetOf
from evals.comparators.normalise import Markdown, Numbers, normalise
from evals.comparators.tool_calls import ToolCalls, read_calls
from evals.comparators.unit import Quantity
from tests.evals.test_values import json_values


class TestSet:
    def test_it_works(self):
        assert SetOf().compare(["a", "b"], ["b", "a", "a"]).matches
        assert SetOf().compare([{"x": 1}, 2], [2.0, {"x": 1}]).matches
        verdict = SetOf().compare(["a", "b", "c"], ["b", "c", "d"])
        assert (verdict.matches, verdict.similarity) == (False, 0.5)

    def test_multiplicity(self):
        assert not SetOf(multiplicity=True).compare(["a"], ["a", "a"]).matches
        assert SetOf(multiplicity=True).compare(["a", "b", "a"], ["b", "a", "a"]).matches

    def test_text(self):
        assert SetOf().compare('["a", "b"]', ["b", "a"]).matches
        assert SetOf(separator=",").compare("a, b", "b ,a,").matches
        assert SetOf().compare("a", "b").missed
        assert not SetOf().compare("a", []).matches

    def test_empty(self):
        assert SetOf().compare([], []).similarity == 1.0


class TestList:
    def test_it_works(self):
        assert ListOf().compare(["a", 1], '["a", 1.0]').matches
        verdict = ListOf().compare(["a", "b", "c"], ["a", "x", "c"])
        assert (verdict.matches, verdict.path) == (False, "$[1]")
        assert verdict.similarity == pytest.approx(2 / 3)
        assert ListOf().compare(["a"], ["a", "b"]).path == "$[1]"

    def test_ignore_order(self):
        loose = ListOf(ignore_order=True)
        assert loose.compare(["a", "b", "a"], ["a", "a", "b"]).matches
        assert not loose.compare(["a", "b"], ["a", "b", "b"]).matches

    def test_long_lists_take_no_time(self):
        start = time.perf_counter()
        assert not ListOf().compare(list(range(100_000)), list(range(100_000, 0, -1))).matches
        assert time.perf_counter() - start < 10


class TestDate:
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("2026-03-01", "2026-03-01T23:59"),
            ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"),
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000"),
            ("01.03.2026", "2026-03-01"),
            ("March 1, 2026", "01.03.2026"),
            ("not a date", "nor this"),
        ],
    )
    def test_the_same(self, a, b):
        assert Date(formats=["%d.%m.%Y", "%B %d, %Y"]).compare(a, b).matches

    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("2026-03-01", "2026-03-02"),
            ("2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z"),
            ("2026-03-01", "01.03.2026"),
            ("2026-02-29", "2026-03-01"),
            ("2026-03-01", 20260301),
        ],
    )
    def test_not_the_same(self, a, b):
        assert not Date().compare(a, b).matches

    def test_tolerance(self):
        assert Date(days=1).compare("2026-02-28", "2026-03-01").matches
        assert Date(seconds=1).compare("2026-03-01T12:00:00", "2026-03-01T12:00:01").matches
        assert not Date(seconds=1).compare("2026-03-01T12:00:00", "2026-03-01T12:00:02").matches

    def test_zone(self):
        berlin = Date(zone="Europe/Berlin")
        assert berlin.compare("2026-07-01T12:00", "2026-07-01T10:00Z").matches
        assert berlin.compare("2026-07-01", "2026-06-30T22:30Z").matches
        assert not Date().compare("2026-07-01", "2026-06-30T22:30Z").matches

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"zone": "Mars/Olympus"}, "no time zone"),
            ({"zone": "../etc/passwd"}, "no time zone"),
            ({"formats": ["%d.%m."]}, "no format"),
            ({"formats": ["year"]}, "no format"),
            ({"formats": ["%x"]}, "differs between machines"),
        ],
    )
    def test_bad_options(self, options, message):
        with pytest.raises(ValueError, match=message):
            Date(**options)

    @pytest.mark.parametrize(
        "text",
        [
            "0001-01-01T00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "-" * 10**6,
            "２０２６-03-01",
            "1e9-",
        ],
    )
    def test_hostile(self, text):
        assert Date().compare(text, text).matches
        Date(zone="Asia/Tokyo").compare(text, "2026-01-01")


class TestQuantity:
    @pytest.mark.parametrize(
        ("a", "b"),
        [
            ("1.5 km", "1500 m"),
            ("1,500 m", "1.5km"),
            ("90 minutes", "1 h 30 min"),
            ("1h30min", "5400 s"),
            ("5 ft 11 in", "71 in"),
            ("$5", "5 USD"),
            ("-40 °C", "-40 °F"),
            ("0 °C", "273.15 K"),
            ("1 GiB", "1024 MiB"),
            ("12 %", "0.12"),
            ("2 m²", "20000 cm2"),
            ("3 KILOMETERS", "3000 m"),
            (5, "5"),
        ],
    )
    def test_the_same(self, a, b):
        verdict = Quantity(relative=1e-12).compare(a, b)
        assert verdict.matches
        assert not verdict.missed

    @pytest.mark.parametrize(
        ("a", "b"),
        [("1 km", "1 mi"), ("1 kg", "1 m"), ("5 USD", "5 EUR"), ("1 mW", "1 MW"), ("5", "5 kg"),
         ("1 kg", "about 1 kg"), ("1 kg 1 m", "1 kg")],
    )  # fmt: skip
    def test_not_the_same(self, a, b):
        assert not Quantity().compare(a, b).matches

    def test_tolerance(self):
        assert Quantity(absolute="5 mm").compare("1 m", "1.004 m").matches
        assert not Quantity(absolute="5 mm").compare("1 m", "1.006 m").matches
        assert not Quantity(absolute="5 mm").compare("1 kg", "1.001 kg").matches
        assert Quantity(relative=0.01).compare("100 g", "0.101 kg").matches
        assert Quantity(absolute="1 °C").compare("20 °C", "21 °C").matches
        assert not Quantity(absolute="1 °C").compare("20 °C", "22 °C").matches

    def test_units_of_ones_own(self):
        own = Quantity(unit="stone", units={"stone": "6.35 kg", "pair": "2"})
        assert own.compare(1, "6.35 kg").matches
        assert own.compare("3 pair", "3 pair").matches

    @pytest.mark.parametrize(
        "options",
        [{"unit": "parsec"}, {"absolute": "a bit"}, {"units": {"x": "1 parsec"}},
         {"units": {"x 1": "1 m"}}, {"units": {"": "1 m"}}],
    )  # fmt: skip
    def test_bad_options(self, options):
        with pytest.raises(ValueError, match=r"unit|absolute"):
            Quantity(**options)

    @pytest.mark.parametrize(
        "text",
        ["9" * 10**6, "1 " * 90, "2 ** 10 ** 10 m", "1e999 m", "-", "$", "1" + " ft" * 60, "١٢ kg"],
    )
    def test_hostile(self, text):
        assert Quantity().compare(text, text).matches
        assert not Quantity().compare(text, "1 kg").matches


def call(name="find", **arguments):
    return {"content": None, "tool_calls": [{"name": name, "arguments": arguments}]}


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "find",
            "parameters": {
                "type": "object",
                "properties": {
                    "n": {"type": "integer", "default": 10},
                    "exact": {"type": "boolean"},
                    "where": {"$ref": "#/$defs/place"},
                    "title": {"type": "string"},
                },
                "$defs": {"place": {"properties": {"zoom": {"type": "number", "default": 1}}}},
            },
        },
    }
]


class TestToolCalls:
    def test_it_works(self):
        assert ToolCalls().compare(call(q="a", n=1), call(n=1.0, q="a")).matches
        verdict = ToolCalls().compare(call(q={"x": [1]}), call(q={"x": [2]}))
        assert (verdict.matches, verdict.path) == (False, "$.tool_calls[0].arguments.q.x[0]")
        assert ToolCalls().compare(call(), call("look")).path == "$.tool_calls[0].name"
        assert ToolCalls().compare(call(), "no call").path == "$.tool_calls[0]"
        assert ToolCalls().compare("no call", "none either").matches

    @pytest.mark.parametrize(
        "value",
        [
            {"tool_calls": [{"id": "x", "function": {"name": "f", "arguments": '{"a": 1}'}}]},
            [{"type": "tool_call", "name": "f", "arguments": {"a": 1}}],
            {"type": "tool_use", "name": "f", "input": {"a": 1}},
            '{"name": "f", "arguments": {"a": 1}}',
        ],
    )
    def test_the_forms_there_are(self, value):
        assert read_calls(value) == [("f", {"a": 1})]

    def test_ignore(self):
        assert ToolCalls(ignore=["$.id"]).compare(call(id=1), call(id=2)).matches
        with pytest.raises(ValueError, match="JSON path"):
            ToolCalls(ignore=["$["])

    def test_by_the_schema_of_the_request(self):
        by = ToolCalls()
        a = call(n=10, exact=True, where={"zoom": 1}, title="5")
        b = call(exact="true", where={}, title=5)
        assert by.compare(a, b, TOOLS).matches
        assert not by.compare(a, b).matches
        assert not ToolCalls(by_schema=False).compare(a, b, TOOLS).matches
        assert by.compare(call(n="7"), call(n=7), TOOLS).matches
        assert not by.compare(call(n="seven"), call(n=7), TOOLS).matches

    def test_order(self):
        one, two = call("a", x=1)["tool_calls"], call("b", x=2)["tool_calls"]
        assert not ToolCalls().compare(one + two, two + one).matches
        loose = ToolCalls(ordered=False)
        assert loose.compare(one + two, two + one).matches
        assert not loose.compare(one + two, two + two).matches
        assert loose.compare(one + two, two + two).path == "$.tool_calls"

    @given(json_values, json_values)
    def test_hostile_tools(self, tools, value):
        ToolCalls().compare(call(q=value), call(q=value), tools)
        wild = [{"function": {"name": "find", "parameters": tools}}]
        assert ToolCalls().compare(call(q=value), call(q=value), wild).matches

    def test_references_that_go_round(self):
        schema = {"properties": {"q": {"$ref": "#/a"}}, "a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}}
        wild = [{"name": "find", "input_schema": schema}]
        assert ToolCalls().compare(call(q=1), call(q=1), wild).matches

    def test_through_a_pipeline(self):
        pipeline = Pipeline.parse({"comparators": [{"kind": "tool_calls"}]})
        assert pipeline.uses_tools
        assert pipeline.compare(call(n=10), call(), tools=TOOLS).outcome == "equivalent"
        assert pipeline.compare(call(n=10), call()).outcome == "differ"
        assert pipeline.correct(call(), call(n="10"), tools=TOOLS)


class TestNormalise:
    @pytest.mark.parametrize(
        ("by", "text", "found"),
        [
            ("unicode", "ﬁve²", "five2"),
            ("case", "Straße", "strasse"),
            ("whitespace", " a\n\t b ", "a b"),
            ("numbers", "1,234.50 of 0012.", "1234.5 of 12."),
            ("numbers", "v1.2.3 in 2024, a1,5", "v1.2.3 in 2024, a1,5"),
            ("markdown", "# Title\n\n* **bold** `code`\n> _it_", "Title\n\nbold code\nit"),
            ("markdown", "[text](http://x) ![alt](y.png)", "text alt"),
            ("markdown", "```py\nx = 2 * 3\n```", "x = 2 * 3\n"),
            ("markdown", "snake_case 2*3 - 4", "snake_case 2*3 - 4"),
            ("markdown", "| a | b |\n|---|---|\n| 1 | 2 |", " a b \n\n 1 2 "),
        ],
    )  # fmt: skip
    def test_it_works(self, by, text, found):
        assert NORMALISERS[by]().apply(text) == found

    def test_the_other_decimal_mark(self):
        assert Numbers(decimal=",").apply("1.234,5 and 7,00") == "1234.5 and 7"

    def test_inside_json_but_not_its_keys(self):
        value = {"Key": ["A", 1, None, {"B": "C"}]}
        assert NORMALISERS["case"]().apply(value) == {"Key": ["a", 1, None, {"B": "c"}]}

    def test_a_miss_stays_one(self):
        assert normalise((Markdown(),), MISS) is MISS

    @given(json_values)
    def test_what_comes_out_can_be_compared(self, value):
        for kind in NORMALISERS.values():
            Pipeline.parse({}).compare(kind().apply(value), value)

    @pytest.mark.parametrize("by", NORMALISERS)
    @pytest.mark.parametrize(
        "text",
        ["*" * 10**6 + " ", "[" * 10**6, "`" * 10**6, "> " * 500_000, "1," * 500_000,
         "111,111," * 125_000, "|" * 10**6, "- " * 500_000, "#" * 10**6, "[a](" * 250_000,
         "_a" * 500_000, "\t" * 10**6, "1" * 10**6],
    )  # fmt: skip
    def test_a_hostile_megabyte_takes_little_time(self, by, text):
        start = time.perf_counter()
        NORMALISERS[by]().apply(text)
        assert time.perf_counter() - start < 5


class TestHostile:
    """A megabyte each side, of what is worst for each kind, in seconds and not in hours."""

    DEEP = "[" * 90 + "]" * 90
    VALUES = (
        ["x" * 10**6, "y" * 10**6],
        ["ab" * 500_000, "ba" * 500_000],
        [[["a"] * 100] * 1000, [["b"] * 100] * 1000],
        [{f"k{i}": i for i in range(50_000)}, {f"k{i}": -i for i in range(50_000)}],
        [DEEP, "[" + DEEP + "]"],
        ["1" * 10**6, "9" * 10**6],
    )

    @pytest.mark.parametrize("kind", ["set", "list", "date", "unit", "tool_calls", "similarity"])
    @pytest.mark.parametrize("pair", VALUES)
    def test_it_ends(self, kind, pair):
        pipeline = Pipeline.parse({"comparators": [{"kind": kind}]})
        start = time.perf_counter()
        pipeline.compare(*pair)
        assert time.perf_counter() - start < 20


class TestProperties:
    @given(st.lists(json_values, max_size=6))
    def test_a_set_in_any_order(self, items):
        assert SetOf(multiplicity=True).compare(items, items[::-1]).matches
        assert SetOf().compare(items, items + items).matches

    @given(st.datetimes())
    def test_a_moment_in_two_spellings(self, moment):
        assert Date().compare(moment.isoformat(), moment.isoformat(" ")).matches

    @given(st.decimals(-(10**6), 10**6, places=3))
    def test_metres_are_metres(self, number):
        assert Quantity(relative=1e-9).compare(f"{number} km", f"{number * 1000} m").matches
