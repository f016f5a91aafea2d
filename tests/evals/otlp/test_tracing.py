import pytest

from evals.comparators.config import ConfigError
from evals.otlp.spans import Span
from evals.otlp.tracing import GROUPS, Tracing
from tests.evals.otlp.builders import START, TRACE


def span(**attributes):
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    return Span(TRACE, "b7ad6b7169203331", START, START, False, "", named, {"service.name": "live"})


class TestParse:
    def test_defaults(self):
        assert Tracing.parse({}).as_dict() == {
            "models": [],
            "pair_by": "trace_id",
            "group": list(GROUPS),
            "segments": {},
            "sample": None,
            "drop_system": False,
        }

    def test_it_is_read_back(self):
        config = {
            "models": [{"name": "gpt-4o", "model": "triage-09"}, {"name": "x", "model": None}],
            "pair_by": "app.request_id",
            "segments": {"tier": "app.tier"},
        }
        tracing = Tracing.parse(config)
        assert Tracing.parse(tracing.as_dict()) == tracing

    @pytest.mark.parametrize(
        ("config", "path"),
        [
            ([], ""),
            ({"pairs": "x"}, "pairs"),
            ({"pair_by": ""}, "pair_by"),
            ({"pair_by": "two words"}, "pair_by"),
            ({"group": "session.id"}, "group"),
            ({"segments": {"": "a"}}, "segments"),
            ({"segments": {"a": 3}}, "segments[...]"),
            ({"drop_system": "yes"}, "drop_system"),
            ({"models": [{"name": "x"}]}, "models[0]"),
            ({"models": [{"name": "x", "model": "a", "where": {}}]}, "models[0].where"),
            ({"models": [{"model": "a"}]}, "models[0]"),
            ({"models": [{"name": "x", "equals": "y", "model": "a"}]}, "models[0].attribute"),
            ({"models": [{"name": "x\0", "model": "a"}]}, "models[0].name"),
            ({"models": [{"name": "x", "model": "a"}] * 201}, "models"),
        ],
    )
    def test_problems_have_a_path(self, config, path):
        with pytest.raises(ConfigError) as told:
            Tracing.parse(config)
        assert path in [where for where, _ in told.value.problems]


class TestModelOf:
    known = {"triage-09": None, "triage-11": None}

    def of(self, rules, names, **attributes):
        return Tracing.parse({"models": rules}).model_of(span(**attributes), names, self.known)

    def test_by_name_answered_or_asked_for(self):
        rules = [{"name": "m", "model": "triage-09"}]
        assert self.of(rules, ["m-2024", "m"]) == "triage-09"
        assert self.of(rules, ["other"]) is None

    def test_the_first_rule_counts(self):
        shadow = {"attribute": "service.name", "equals": "shadow", "model": "triage-11"}
        rules = [{"name": "m", **shadow}, {"name": "m", "model": "triage-09"}]
        assert self.of(rules, ["m"]) == "triage-09"
        assert self.of(rules, ["m"], service__name="shadow") == "triage-11"

    def test_an_attribute_that_is_no_text(self):
        rules = [{"attribute": "app.shadow", "equals": "true", "model": "triage-11"}]
        assert self.of(rules, ["m"], app__shadow=True) == "triage-11"

    def test_the_same_name_needs_no_rule(self):
        assert self.of([], ["triage-11"]) == "triage-11"

    def test_left_alone(self):
        assert self.of([{"name": "m", "model": None}], ["m"]) == ""
