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


class TestWeights:
    CONFIG = {
        "comparators": [
            {"name": "label", "kind": "label", "weight": 3,
             "extract": [{"by": "json_path", "path": "$.label"}]},
            {"name": "why", "kind": "similarity", "options": {"threshold": 0.5},
             "extract": [{"by": "json_path", "path": "$.why"}]},
        ]
    }  # fmt: skip

    def test_similarity_is_the_weighted_mean(self):
        pipeline = Pipeline.parse(self.CONFIG)
        outcome = pipeline.compare({"label": "a", "why": "xxxx"}, {"label": "A", "why": "xxyy"})
        assert (outcome.outcome, outcome.similarity) == ("equivalent", (3 * 1 + 0.5) / 4)
        outcome = pipeline.compare({"label": "a", "why": "xxxx"}, {"label": "b", "why": "xxyy"})
        assert (outcome.outcome, outcome.similarity) == ("differ", 0.5 / 4)
        assert (outcome.reason, outcome.path) == ("label", "$.label")

    def test_bad_weights(self):
        assert list(problems({"comparators": [{"kind": "text", "weight": -1}]})) == [
            "comparators[0].weight"
        ]
        assert list(problems({"comparators": [{"kind": "text", "weight": 0}]})) == ["comparators"]
        assert list(problems({"comparators": [{"kind": "text", "weight": "x"}]})) == [
            "comparators[0].weight"
        ]

    def test_without_weights_the_digest_is_as_it_was(self):
        assert "weight" not in str(Pipeline.parse({"comparators": [LABEL]}).config)
        assert Pipeline.parse(self.CONFIG).digest != Pipeline.parse({}).digest


class TestPath:
    def test_from_the_root_of_the_output(self):
        step = {
            "kind": "json",
            "extract": [{"by": "code_fence"}, {"by": "json_path", "path": "$.a"}],
        }
        pipeline = Pipeline.parse({"comparators": [step]})
        outcome = pipeline.compare('{"a": {"b": [1, 2]}}', '{"a": {"b": [1, 3]}}')
        assert outcome.path == "$.a.b[1]"

    def test_of_what_is_no_json_there_is_none(self):
        step = {"kind": "text", "extract": [{"by": "regex", "pattern": "x(.*)"}]}
        assert Pipeline.parse({"comparators": [step]}).compare("xa", "xb").path is None


class TestNormalise:
    def test_between_extraction_and_comparison(self):
        step = {"kind": "exact", "extract": [{"by": "regex", "pattern": "(?s)A: (.*)"}]}
        step["normalise"] = ["whitespace", {"by": "numbers", "decimal": ","}]
        pipeline = Pipeline.parse({"comparators": [step]})
        assert pipeline.compare("A: 1.000,50  EUR", "A: 1000,5 EUR").outcome == "equivalent"
        assert pipeline.correct("A: 1.000,50  EUR", "A: 1000,5 EUR")
        assert pipeline.correct("A: 1.000,50  EUR", "1000,5 EUR")
        assert Pipeline.parse(pipeline.config) == pipeline

    def test_bad_ones(self):
        step = {"kind": "text", "normalise": ["shout", {"by": "numbers", "decimal": "x"}, 1]}
        assert list(problems({"comparators": [step]})) == [
            "comparators[0].normalise[0].by",
            "comparators[0].normalise[1].decimal",
            "comparators[0].normalise[2]",
        ]


class TestOverrides:
    CONFIG = {
        "comparators": [{"kind": "exact"}],
        "overrides": [
            {"name": "German law", "when": {"locale": "de", "task": ["law", "tax"]},
             "comparators": [{"kind": "text"}]},
            {"when": {"locale": "de"}, "comparators": [{"kind": "similarity"}]},
        ],
    }  # fmt: skip

    @pytest.mark.parametrize(
        ("segment", "override"),
        [
            ({"locale": "de", "task": "tax"}, "German law"),
            ({"locale": "de", "task": "mail"}, "locale=de"),
            ({"locale": "en"}, ""),
            ({}, ""),
            (None, ""),
        ],
    )
    def test_the_first_that_fits(self, segment, override):
        pipeline = Pipeline.parse(self.CONFIG)
        outcome = pipeline.compare("a b c", "x y z", segment=segment)
        assert outcome.override == override
        kind = {"": "exact", "German law": "text", "locale=de": "similarity"}[override]
        assert outcome.reason == (f"{kind} ({override})" if override else kind)

    def test_its_own_comparators(self):
        pipeline = Pipeline.parse(self.CONFIG)
        assert pipeline.compare("a", "A", segment={"locale": "en"}).outcome == "differ"
        law = {"locale": "de", "task": "law"}
        assert pipeline.compare("a", "A", segment=law).outcome == "equivalent"
        assert pipeline.correct("a", "A", segment=law)
        assert not pipeline.correct("a", "A")

    def test_round_trip(self):
        pipeline = Pipeline.parse(self.CONFIG)
        assert Pipeline.parse(pipeline.config) == pipeline
        assert Pipeline.parse(pipeline.config).digest == pipeline.digest

    def test_what_is_never_reached_is_told(self):
        turned = {**self.CONFIG, "overrides": self.CONFIG["overrides"][::-1]}
        found = problems(turned)
        assert list(found) == ["overrides[1].when"]
        assert "'locale=de' stands above it" in found["overrides[1].when"]

    def test_bad_ones(self):
        override = {"when": {}, "comparators": [{"kind": "odd"}], "extra": 1}
        assert set(problems({"overrides": [override, {}, 5]})) == {
            "overrides[0].extra",
            "overrides[0].when",
            "overrides[0].comparators[0].kind",
            "overrides[1].when",
            "overrides[1].comparators",
            "overrides[2]",
        }
        served = {"serves_extract": True, "when": {"a": 1}, "comparators": [{"kind": "text"}]}
        assert "overrides[0].serves_extract" in problems({"overrides": [served]})


class TestServed:
    SPAM = {
        "serves_extract": True,
        "comparators": [
            {"kind": "exact", "normalise": ["case"],
             "extract": [{"by": "regex", "pattern": r"\[(.*)\]"}]}
        ],
    }  # fmt: skip

    def test_the_extract_as_it_stands(self):
        pipeline = Pipeline.parse(self.SPAM)
        assert pipeline.served("so: [Spam]") == "Spam"
        assert pipeline.served("nothing") == "nothing"
        assert Pipeline.parse({}).served("so: [Spam]") == "so: [Spam]"

    def test_what_only_normalising_makes_equal_is_not_identical(self):
        pipeline = Pipeline.parse(self.SPAM)
        assert pipeline.compare("a [Spam]", "b [Spam]").outcome == "identical"
        assert pipeline.compare("a [Spam]", "b [spam]").outcome == "equivalent"

    def test_by_segment(self):
        override = {"when": {"raw": True}, "serves_extract": False, "comparators": []}
        pipeline = Pipeline.parse({**self.SPAM, "overrides": [override]})
        assert pipeline.served("[Spam]", segment={"raw": True}) == "[Spam]"
        assert pipeline.served("[Spam]", segment={"raw": False}) == "Spam"
