"""Taxonomies as text and as plain values."""

import contextlib
import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy.interchange import TaxonomyError, as_dict, digest, from_dict, read, write

from .examples import SMALL, json_values, taxonomies


def problems(text: str) -> list[str]:
    with pytest.raises(TaxonomyError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


class TestRead:
    def test_it_works(self):
        content = read(SMALL)
        made_up = content.categories[1]
        assert content.title == "Small"
        assert [(one.key, one.weight) for one in content.severities] == [("minor", 1), ("major", 5)]
        assert (made_up.parent, made_up.hotkey, made_up.critical) == ("fact", "1", True)
        assert made_up.weights == {"major": Decimal("12.5")}
        assert made_up.examples[0].output == "Dr. Nobody"

    def test_json_is_read_like_yaml(self):
        assert read(json.dumps(as_dict(read(SMALL)), indent="\t")) == read(SMALL)

    def test_json_escapes_are_one_character(self):
        data = as_dict(read(SMALL)) | {"title": "\N{GRINNING FACE} \\ud83d\\ude00 /"}
        assert read(json.dumps(data)).title == data["title"]

    def test_words_that_yaml_takes_for_something_else_stay_text(self):
        text = SMALL.replace("title: Small", "title: No").replace("name: Fact", "name: 1.10")
        content = read(text)
        assert (content.title, content.categories[0].name) == ("No", "1.10")

    def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(self):
        assert read("\ufeff" + SMALL.replace("\n", "\r\n")) == read(SMALL)


class TestProblems:
    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("title: Small\n", "", "line 1, title: missing; it must be given"),
            ("title: Small", "title: x\ntitel: y", "line 2, titel: not a field here; there are"),
            ("title: Small", "title: x\ntitle: y", "line 2, title: given twice, first in line 1"),
            ("title: Small", "title: [1]", "line 1, title: write text, in quotes; this is a list"),
            ("title: Small", 'title: "\\0"', "line 1, title: the character U+0000 cannot be stor"),
            ("weight: 5", "weight: .nan", "line 6, severities[1].weight: write a number, without"),
            ("weight: 5", "weight: '5'", "line 6, severities[1].weight: write a number, without"),
            ("weight: 5", "weight: true", "line 6, severities[1].weight: write a number, without"),
            ("weight: 5", "weight: -5", "line 6, severities[1].weight: a weight cannot be negat"),
            ("weight: 5", "weight: 1e9", "line 6, severities[1].weight: too large"),
            ("weight: 5", "weight: 0.0001", "line 6, severities[1].weight: write at most 3 deci"),
            ("hotkey: M", "hotkey: m", "line 7, severities[1].hotkey: “m” is taken by severitie"),
            ("made-up\n", "madeUp\n", "line 12, categories[1].key: “fact.madeUp” is not a key"),
            ("made-up\n", "k" * 120 + "\n", "line 12, categories[1].key: too long: 125 charact"),
            ("parent: fact", "parent: fct", "no category “fct”; did you mean “fact”?"),
            ("parent: fact", "parent: fact.made-up", "line 13, categories[1].parent: a category"),
            ("name: Made up", f"name: {'n' * 81}", "line 14, categories[1].name: too long: 81"),
            ("Something is not so.", "' '", "line 11, categories[0].definition: missing"),
            ("why: There", "wy: There", "line 17, categories[1].examples[0].wy: not a field"),
            ("critical: true", "critical: maybe", "line 18, categories[1].critical: write true"),
            ("default_severity: major", "default_severity: mjr", "line 19, categories[1].defau"),
            ("hotkey: 1", "hotkey: M", "“M” is taken by severities[1] in line 7; choose another"),
            ("hotkey: 1", "hotkey: F", "“F” is a key of the review desk (a b f F c v e u k o s"),
            ("hotkey: 1", "hotkey: F1", "line 20, categories[1].hotkey: “F1” is not one key"),
            ("{major: 12.5}", "{mayor: 1}", "line 21, categories[1].weights.mayor: there is no"),
            ("{major: 12.5}", "{major: }", "line 21, categories[1].weights.major: write a weight"),
            ("{major: 12.5}", "12.5", "line 21, categories[1].weights: write severity: weight"),
        ],
    )
    def test_each_is_told_with_its_line_and_what_to_do(self, old, new, told):
        [only] = problems(changed(old, new))
        assert told in only

    def test_all_are_told_at_once_in_the_order_of_the_text(self):
        text = SMALL.replace("title: Small", "title: ").replace("weight: 5", "weight: x")
        found = problems(text.replace("hotkey: 1", "hotkey: a"))
        assert [one.partition(",")[0] for one in found] == ["line 1", "line 6", "line 20"]

    def test_keys_are_given_once(self):
        assert any("“minor” is taken by severities[0] in line 3" in one
                   for one in problems(changed("key: major\n", "key: minor\n")))  # fmt: skip
        assert any("“fact” is taken by categories[0] in line 9" in one
                   for one in problems(changed("fact.made-up", "fact")))  # fmt: skip

    def test_a_cycle_is_told_once_and_written_out(self):
        text = changed("key: fact\n", "key: fact\n    parent: fact.made-up\n")
        [only] = problems(text)
        assert only.startswith("line 10, categories[0].parent: a category inside itself: fact → f")

    def test_there_must_be_severities_and_categories(self):
        assert problems("title: x\nseverities: []\ncategories: []") == [
            "line 2, severities: empty; there must be at least one",
            "line 3, categories: empty; there must be at least one",
        ]

    def test_plain_values_have_paths_and_no_lines(self):
        with pytest.raises(TaxonomyError, match=r"^severities\[0\]\.weight: write a number"):
            from_dict(as_dict(read(SMALL)) | {
                "severities": [{"key": "major", "name": "x", "weight": float("nan")}]
            })  # fmt: skip

    @pytest.mark.parametrize("data", [None, 1, "x", [], [[]], {"categories": [1]}])
    def test_other_shapes_are_told(self, data):
        with pytest.raises(TaxonomyError):
            from_dict(data)


class TestHostileText:
    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "line 1: empty; write title, severities and categories"),
            ("title: x\x00", "line 1: the character U+0000 cannot be stored; remove it"),
            ("a:\n  - b\n c: d", "line 3: this is neither YAML nor JSON: "),
            ('{"title": "x",\n "severities": [}', "line 2: this is neither YAML nor JSON: "),
            ("title: &a x\nsource: *a", "line 2: an alias (*name) is not read; write the value"),
            ("title: !!python/object:os.system x", "line 1: a tag such as “tag:yaml.org,2002:py"),
            ("title: x\n---\ntitle: y", "line 2: a second document begins here"),
            ("{[1]: 2}", "line 1: the name of a field must be a plain word"),
            ("- " * 40, "line 1: nested too deep"),
            ("[" * 500_000, "line 1: this is neither YAML nor JSON: exceeded maximum nesting"),
            ("x" * 1_048_577, "larger than 1 MiB; shorten its texts"),
            ("title: \ud800", "line 1: the character U+D800 cannot be stored; remove it"),
        ],
    )
    def test_is_refused_in_words(self, text, told):
        [only] = problems(text)
        assert only.startswith(told)

    def test_ten_thousand_categories_are_refused(self):
        category = "- {key: k%d, parent: k%d, name: n, definition: d, hotkey: ää}\n"
        many = "".join(category % (i, i + 1) for i in range(10_000))
        found = problems(SMALL.partition("categories")[0] + "categories:\n" + many)
        assert found[0] == "line 8, categories: 10000 of them; there can be at most 500"


class TestAnything:
    @given(st.text() | st.text("{}[]:-\n \t\"'&*!|>#%?,ak1.", max_size=60))
    def test_text_is_refused_in_words(self, text):
        assert problems(text)

    @given(json_values)
    def test_values_are_refused_in_words(self, value):
        for data in (value, {"title": value, "severities": value, "categories": [value]}):
            with pytest.raises(TaxonomyError):
                from_dict(data)

    @given(taxonomies(), json_values, st.data())
    def test_one_wrong_field_is_no_crash(self, taxonomy, value, data):
        place = taxonomy["categories"][0]
        place[data.draw(st.sampled_from(sorted(place)))] = value
        with contextlib.suppress(TaxonomyError):
            assert read(write(from_dict(taxonomy))) == from_dict(taxonomy)


class TestWrite:
    @given(taxonomies())
    def test_reads_back_as_the_same_content_and_the_same_bytes(self, data):
        content = from_dict(data)
        text = write(content)
        assert read(text) == content
        assert write(read(text)) == text
        as_json = write(content, "json")
        assert read(as_json) == content
        assert write(read(as_json), "json") == as_json
        assert from_dict(as_dict(content)) == content
        assert from_dict(json.loads(json.dumps(as_dict(content)))) == content

    def test_is_never_too_large_to_be_read_back(self):
        data = as_dict(read(SMALL))
        category = {"name": "n", "definition": "\ufeff" * 3900}  # six bytes each, as an escape
        data["categories"] = [{"key": f"k{i}", **category} for i in range(40)]
        assert read(write(from_dict(data)))
        data["categories"] += [{"key": f"more{i}", **category} for i in range(5)]
        with pytest.raises(TaxonomyError, match="larger than 1 MiB as YAML"):
            from_dict(data)

    def test_what_could_not_be_read_back_is_not_written(self):
        with pytest.raises(TaxonomyError, match="title: missing"):
            write(replace(read(SMALL), title=""))


class TestDigest:
    @given(taxonomies())
    def test_does_not_depend_on_how_it_is_spelled(self, data):
        content = from_dict(data)
        spelled = json.dumps(dict(reversed(as_dict(content).items())), indent=3)
        assert digest(read(spelled)) == digest(read(write(content))) == digest(content)

    def test_says_when_something_changed(self):
        content = read(SMALL)
        other = replace(content, categories=tuple(reversed(content.categories)))
        assert len(digest(content)) == 64
        assert digest(other) != digest(content)
