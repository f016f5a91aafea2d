"""The JSON Schema says what `from_dict` takes, checked by an independent library."""

import contextlib
import copy
import dataclasses
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from taxonomy import presets
from taxonomy.interchange import (
    RESERVED_HOTKEYS,
    Category,
    Content,
    Example,
    Severity,
    TaxonomyError,
    as_dict,
    from_dict,
    json_schema,
    read,
    schema_text,
)
from taxonomy.interchange.schema import WORDS

from .examples import SMALL, json_values, taxonomies

VALID = Draft202012Validator(json_schema())


def small(**more):
    """SMALL as JSON values, with other fields in its first category."""
    data = as_dict(read(SMALL))
    data["categories"][0] |= more
    return data


def taken(data):
    with contextlib.suppress(TaxonomyError):
        return bool(from_dict(data))
    return False


class TestSchema:
    def test_is_one(self):
        Draft202012Validator.check_schema(json_schema())
        assert json.loads(schema_text()) == json_schema()
        assert schema_text().endswith("}\n")

    @pytest.mark.parametrize("kind", [Content, Severity, Category, Example])
    def test_has_each_field_with_words(self, kind):
        names = [one.name for one in dataclasses.fields(kind)]
        assert list(WORDS[kind]) == ["", *names]
        found = json_schema() if kind is Content else json_schema()["$defs"][kind.__name__.lower()]
        assert list(found["properties"]) == names

    @pytest.mark.parametrize("key", [key for key, _ in presets.names()])
    def test_every_preset_is_valid(self, key):
        assert not list(VALID.iter_errors(as_dict(presets.load(key))))

    @pytest.mark.parametrize(
        "fields",
        [
            {"key": "Upper"},
            {"key": "a b"},
            {"key": ""},
            {"key": None},
            {"key": "k" * 121},
            {"name": " "},
            {"name": "n" * 81},
            {"definition": "d" * 4001},
            {"what": 1},
            {"hotkey": "ab"},
            {"hotkey": 1},
            *({"hotkey": one} for one in RESERVED_HOTKEYS),
            {"critical": "yes"},
            {"weights": {"minor": "1"}},
            {"weights": {"minor": -1}},
            {"weights": {"minor": 100_000}},
            {"weights": {"minor": None}},
            {"weights": {"A": 1}},
            {"weights": []},
            {"examples": [{"output": ""}]},
            {"examples": [{"output": "x"}] * 21},
        ],
    )
    def test_what_is_wrong_is_wrong_to_both(self, fields):
        assert not VALID.is_valid(small(**fields))
        assert not taken(small(**fields))

    @pytest.mark.parametrize(
        "fields",
        [
            {"key": " fact\n"},
            {"hotkey": None},
            {"hotkey": " "},
            {"hotkey": "ä"},
            {"parent": None, "examples": None, "weights": None, "critical": None},
            {"weights": {"minor": 0, "major": 99_999.999}},
            {"examples": []},
        ],
    )
    def test_what_is_right_is_right_to_both(self, fields):
        data = small(**fields)
        data["categories"] = data["categories"][:1]
        assert VALID.is_valid(data)
        assert taken(data)

    @settings(deadline=None)
    @given(taxonomies())
    def test_what_is_taken_is_valid(self, data):
        assert VALID.is_valid(data)
        assert VALID.is_valid(as_dict(from_dict(data)))

    @settings(deadline=None)
    @given(taxonomies(), json_values | st.text(max_size=130), st.data())
    def test_what_is_not_valid_is_refused(self, data, value, draw):
        root = holder = copy.deepcopy(data)
        while True:
            places = sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))
            at = draw.draw(st.sampled_from(places))
            inner = holder[at]
            if not isinstance(inner, dict | list) or not inner or draw.draw(st.booleans()):
                break
            holder = inner
        holder[at] = value
        assert VALID.is_valid(root) or not taken(root)
