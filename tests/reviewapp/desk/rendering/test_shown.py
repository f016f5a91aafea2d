import pytest

from evals import values
from evals.models import Output
from reviewapp.desk.rendering.shown import FOLD, WAYS, shown


def output(value):
    return Output(value=value, text=values.as_text(value))


def test_texts_of_one_line():
    found = shown(output("refund"), output("billing"), "words")
    assert found.ways == ["words", "read", "plain"]
    assert [piece.text for piece in found.context["pieces"]["A"]] == ["refund"]


def test_long_texts_line_by_line():
    found = shown(output("a\nb\nc"), output("a\nx\nc"), "lines")
    assert found.way == "lines"
    assert len(found.context["lines"][0].rows) == 3


def test_json_field_by_field():
    found = shown(output({"a": 1}), output({"a": 2}), "fields")
    assert found.context["differing"][0].path == "$.a"
    assert found.context["more"] == 0


def test_many_fields_are_folded_until_asked_for():
    one, other = {f"a{i}": i for i in range(500)}, {f"a{i}": i % 250 for i in range(500)}
    found = shown(output(one), output(other), "fields").context
    assert (len(found["differing"]), len(found["equal"])) == (60, 20)
    assert (found["fields"], found["folded"], found["all_equal"]) == (500, 420, 250)
    found = shown(output(one), output(other), "fields", whole=True).context
    assert (len(found["differing"]), len(found["equal"]), found["folded"]) == (250, 250, 0)


@pytest.mark.parametrize("way", [*WAYS, "no such way"])
@pytest.mark.parametrize("value", ["text", "two\nlines", {"a": [1]}, [1, 2], 7, None])
def test_every_way_of_every_value(way, value):
    for a, b in ((value, value), (value, "other"), ("other", value)):
        found = shown(output(a), output(b), way)
        assert found.way in found.ways
        assert found.context


def test_a_megabyte_is_folded_until_asked_for():
    long = "word " * 200_000
    found = shown(output(long), output("short"), "words")
    assert found.more == {"A": 1_000_000 - FOLD, "B": 0}
    assert shown(output(long), output("short"), "plain", whole=True).more == {"A": 0, "B": 0}


def test_too_many_lines_are_shown_in_words():
    found = shown(output("\n" * 9_000), output("x"), "lines")
    assert (found.way, "lines" in found.ways) == ("words", False)
