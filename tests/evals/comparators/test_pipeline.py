"""Comparators in order, from their configuration."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.comparators import MISS, ConfigError, Pipeline
from tests.evals.test_values import json_values

YES_NO = [
    {"pattern": r"(?i)\byes\b", "value": "yes"},
    {"pattern": r"(?i)\bno\b", "value": "no"},
]
LABEL = {"name": "answer", "kind": "label", "extract": [{"by": "patterns", "patterns": YES_NO}]}


def problems(config):
    with pytest.raises(ConfigError) as caught:
        Pipeline.parse(config)
    return dict(caught.value.problems)


class TestCompare:
    def test_it_works(self):
        pipeline = Pipeline.parse({"comparators": [LABEL]})
        assert pipeline.compare("[Yes]", "[Yes]").outcome == "identical"
        assert pipeline.compare("[Yes]", "yes!").outcome == "equivalent"
        outcome = pipeline.compare("[Yes]", "[No]")
        assert (outcome.outcome, outcome.reason, outcome.path) == ("differ", "answer", None)
        assert 0 < outcome.similarity < 1

    def test_equal_extracts_are_identical_where_only_they_are_served(self):
        pipeline = Pipeline.parse({"serves_extract": True, "comparators": [LABEL]})
        assert pipeline.compare("[Yes]", "yes!").outcome == "identical"
        assert pipeline.compare("who", "knows").outcome == "identical"
        assert pipeline.compare("who", "no").outcome == "differ"

    def test_the_first_that_fires_is_the_reason(self):
        config = [{"kind": "json", "name": "fields"}, {"kind": "number", "name": "amount"}]
        outcome = Pipeline.parse({"comparators": config}).compare({"a": [1]}, {"a": [2]})
        assert (outcome.reason, outcome.path) == ("fields", "$.a[0]")

    def test_the_order_of_keys_is_identical(self):
        outcome = Pipeline.parse({}).compare({"a": 1, "b": 2}, {"b": 2, "a": 1.0})
        assert (outcome.outcome, outcome.similarity) == ("identical", 1.0)

    def test_a_long_path_is_cut(self):
        pipeline = Pipeline.parse({"comparators": [{"kind": "json"}]})
        assert len(pipeline.compare({"k" * 9999: 1}, {}).path or "") == 500

    @given(json_values, json_values)
    def test_is_symmetric(self, a, b):
        pipeline = Pipeline.parse({"comparators": [{"kind": "json"}, LABEL]})
        assert pipeline.compare(a, b) == pipeline.compare(b, a)
        assert pipeline.compare(a, a).outcome == "identical"


class TestCorrect:
    def test_it_works(self):
        pipeline = Pipeline.parse({"comparators": [LABEL]})
        assert pipeline.correct("so: yes", "yes") is True
        assert pipeline.correct("so: no", "yes") is False
        assert pipeline.correct("so: yes", None) is None

    def test_an_expected_value_without_a_match_stands_for_itself(self):
        boxed = {"kind": "exact", "extract": [{"by": "regex", "pattern": r"boxed\{(\d+)\}"}]}
        pipeline = Pipeline.parse({"comparators": [boxed]})
        assert pipeline.correct(r"… \boxed{7}", "7") is True
        assert pipeline.correct("seven", "7") is False

    def test_two_unreadable_values_are_no_hit(self):
        label = {"kind": "label", "options": {"allowed": ["spam", "ham"]}}
        pipeline = Pipeline.parse({"comparators": [label]})
        assert pipeline.correct("no idea", "eggs") is False
        assert pipeline.correct("Eggs", "eggs") is True
        assert Pipeline.parse({"comparators": [{"kind": "number"}]}).correct("x", "n/a") is False


class TestExtracts:
    def test_it_works(self):
        pipeline = Pipeline.parse({"comparators": [LABEL, {"kind": "exact"}]})
        assert pipeline.extracts("well, no") == {"answer": "no", "exact": "well, no"}
        assert pipeline.extracts("well")["answer"] is MISS


class TestParse:
    @pytest.mark.parametrize("config", [None, {}, {"comparators": []}])
    def test_an_empty_one_compares_exactly(self, config):
        assert [step.kind for step in Pipeline.parse(config).steps] == ["exact"]

    def test_reads_back_its_own_configuration(self):
        pipeline = Pipeline.parse({"serves_extract": True, "comparators": [LABEL]})
        again = Pipeline.parse(pipeline.config)
        assert (again, again.digest) == (pipeline, pipeline.digest)

    def test_the_digest_is_that_of_the_meaning(self):
        short = Pipeline.parse({"comparators": [{"kind": "text"}]})
        long = {"name": "text", "kind": "text", "options": {"strip_punctuation": False}}
        other = Pipeline.parse({"comparators": [{"kind": "text", "name": "words"}]})
        assert short.digest == Pipeline.parse({"comparators": [long]}).digest != other.digest

    def test_tells_all_problems_with_their_paths(self):
        found = problems(
            {
                "serve_extract": True,
                "comparators": [
                    {"kind": "labels"},
                    {"kind": "exact", "extract": [{"by": "regex", "pattern": "(?=x)"}]},
                    {"kind": "similarity", "options": {"threshold": 2, "cut": 1}},
                    {"kind": "json", "options": {"ignore": ["id"]}},
                    {"kind": "number", "name": "exact", "extract": [{"by": "json_path"}]},
                    {"name": "x", "extract": [{"by": "magic"}, 3]},
                    {"kind": "label", "options": {"allowed": "spam"}},
                    "exact",
                ],
            }
        )
        assert list(found) == [
            "serve_extract",
            "comparators[0].kind",
            "comparators[1].extract[0].pattern",
            "comparators[2].options.cut",
            "comparators[2].options.threshold",
            "comparators[3].options",
            "comparators[4].extract[0].path",
            "comparators[5].kind",
            "comparators[5].extract[0].by",
            "comparators[5].extract[1]",
            "comparators[6].options.allowed",
            "comparators[7]",
            "comparators[4].name",
        ]
        assert "lookaround" in found["comparators[1].extract[0].pattern"]

    @pytest.mark.parametrize(
        ("config", "path"),
        [
            ([], "config"),
            ({"comparators": {}}, "comparators"),
            ({"serves_extract": "yes"}, "serves_extract"),
            ({"serves_extract": True, "comparators": [{"kind": "exact"}]}, "serves_extract"),
            ({"comparators": [{"kind": "exact", "name": ""}]}, "comparators[0].name"),
            ({"comparators": [{"kind": "exact", "name": "x" * 61}]}, "comparators[0].name"),
        ],
    )
    def test_bad_config(self, config, path):
        assert path in problems(config)

    @given(st.recursive(json_values, lambda x: st.fixed_dictionaries({"comparators": st.lists(x)})))
    def test_raises_nothing_but_config_errors(self, config):
        with suppress(ConfigError):
            Pipeline.parse(config)
