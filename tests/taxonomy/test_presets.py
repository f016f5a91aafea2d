"""The taxonomies to start from: complete, consistent and usable by keyboard."""

import re

import pytest

from taxonomy import presets
from taxonomy.interchange import TaxonomyError, read, write

KEYS = [key for key, _ in presets.names()]


def leaves(content):
    parents = {one.parent for one in content.categories}
    return [one for one in content.categories if one.key not in parents]


class TestPresets:
    def test_it_works(self):
        assert KEYS == ["assistant", "classification", "translation"]
        assert presets.names()[0] == ("assistant", "General assistant failures")

    def test_another_key_is_refused(self):
        with pytest.raises(TaxonomyError, match="there are assistant, classification"):
            presets.load("../models")

    @pytest.mark.parametrize("key", KEYS)
    def test_goes_through_text_unchanged(self, key):
        content = presets.load(key)
        assert read(write(content)) == content
        for form in ("yaml", "json"):
            assert read(write(content, form)) == content
            assert write(read(write(content, form)), form) == write(content, form)

    @pytest.mark.parametrize("key", KEYS)
    def test_names_its_sources_and_explains_each_category(self, key):
        content = presets.load(key)
        assert content.source
        assert content.description
        for one in leaves(content):
            assert one.use_when, one.key
            assert one.avoid_when, one.key
            assert one.default_severity, one.key
            assert all(example.why for example in one.examples), one.key
            assert one.examples, one.key

    @pytest.mark.parametrize("key", KEYS)
    def test_each_leaf_has_a_key_and_the_first_nine_have_digits(self, key):
        hotkeys = [one.hotkey for one in leaves(presets.load(key))]
        assert "".join(hotkeys[:9]) == "123456789"
        assert all(hotkeys)
        assert [one.hotkey for one in presets.load(key).severities] == ["n", "m", "M", "C"]

    @pytest.mark.parametrize("key", KEYS)
    def test_refers_only_to_categories_that_exist(self, key):
        content = presets.load(key)
        names = [re.escape(one.name) for one in content.categories]
        for one in content.categories:
            for found in re.finditer(r"\b(?:use|or) (?=[A-Z])(.{0,60})", one.avoid_when):
                assert re.match("|".join(names), found[1]), (one.key, found[1])


class TestTranslation:
    def test_has_the_seven_dimensions_and_non_translation(self):
        tops = [one.key for one in presets.load("translation").categories if not one.parent]
        assert tops == ["accuracy", "terminology", "linguistic", "style", "locale", "audience",
                        "design", "non-translation"]  # fmt: skip

    def test_weighs_as_published(self):
        content = presets.load("translation")
        weights = {one.key: dict(one.weights) for one in content.categories if one.weights}
        assert [int(one.weight) for one in content.severities] == [0, 1, 5, 25]
        assert float(weights["linguistic.punctuation"]["minor"]) == 0.1
        assert weights["non-translation"] == {"minor": 25, "major": 25}
