"""What a project says about its spans: which model is which, and what pairs two of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta, Struct

from evals.comparators.config import ConfigError, Problems
from evals.otlp.spans import Span

#: The id of the trace is what pairs two spans, rather than an attribute.
TRACE_ID = "trace_id"
#: Where a conversation or an end user stands in the conventions; the first that is there counts.
GROUPS = ("gen_ai.conversation.id", "session.id", "user.id", "enduser.id")

Attribute = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\s\x00]+$")]
Name = Annotated[str, Meta(max_length=200)]
#: A key of a segment, as pages and filters show it.
Key = Annotated[str, Meta(min_length=1, max_length=60)]


class Rule(Struct, frozen=True, kw_only=True):
    """Spans of one model version.

    name: the model's name on the span, the one that answered or the one that was asked for; empty
        means any
    attribute, equals: an attribute of the span or its resource, and its value; empty means any
    model: the project's model version, or None: these spans are taken and left alone
    """

    name: Name = ""
    attribute: Attribute | None = None
    equals: Name = ""
    model: Annotated[str, Meta(min_length=1, max_length=200)] | None

    def matches(self, span: Span, names: list[str]) -> bool:
        if self.name and self.name not in names:
            return False
        return not self.attribute or as_text(span.find(self.attribute)) == self.equals


class Tracing(Struct, frozen=True, kw_only=True):
    """models: rules in order, the first that matches counts; a span that none matches is of the
        model version that has the model's name, if there is one
    pair_by: "trace_id", or the attribute whose value is the request's id
    group: attributes that name what belongs together, the first that is there
    segments: keys of segments and the attributes that they are filled from
    sample: an attribute that numbers repeats of one model on one request
    drop_system: the system message belongs to the model version and is left out of the request
    """

    models: Annotated[list[Rule], Meta(max_length=200)] = []
    pair_by: Attribute = TRACE_ID
    group: Annotated[tuple[Attribute, ...], Meta(max_length=20)] = GROUPS
    segments: Annotated[dict[Key, Attribute], Meta(max_length=20)] = {}
    sample: Attribute | None = None
    drop_system: bool = False

    @classmethod
    def parse(cls, config: object) -> Tracing:
        """Reads a configuration; what is left out takes its default. Raises ConfigError with all
        that is wrong."""
        problems = Problems()
        if not isinstance(config, Mapping):
            raise ConfigError([("", "give an object with models, pair_by, …")])
        names = [field.name for field in msgspec.structs.fields(cls)]
        problems.unknown(config, names, "")
        for field in msgspec.structs.fields(cls):
            if field.name in config:
                problems.read(config[field.name], field.type, field.name, None)
        rules = config.get("models")
        for i, rule in enumerate(rules if isinstance(rules, list) else ()):
            _check(rule, f"models[{i}]", problems)
        for path, value in (("sample", config.get("sample")), *_texts(config)):
            if isinstance(value, str) and re.search("[\0\ud800-\udfff]", value):
                problems.add(path, "holds a character that cannot be stored")
        if problems.found:
            raise ConfigError(problems.found)
        return msgspec.convert(config, cls)

    def as_dict(self) -> dict[str, Any]:
        """With every default spelled out; `parse` reads it back."""
        return cast(dict[str, Any], msgspec.json.decode(msgspec.json.encode(self)))

    def model_of(self, span: Span, names: list[str], known: Mapping[str, object]) -> str | None:
        """The name of the model version, "" for a span that is to be left alone, None where
        nothing says whose it is."""
        for rule in self.models:
            if rule.matches(span, names):
                return rule.model or ""
        return next((name for name in names if name in known), None)


def as_text(value: object) -> str | None:
    """A plain attribute as text, as it is compared and used as an id: 7 is "7", true is "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return str(value)
    return None


def _check(rule: object, path: str, problems: Problems) -> None:
    if not isinstance(rule, Mapping):
        return  # told already
    problems.unknown(rule, [field.name for field in msgspec.structs.fields(Rule)], path)
    if not rule.get("name") and not rule.get("attribute"):
        problems.add(path, "give a name, an attribute, or both: as it is, it matches every span")
    if rule.get("equals") and not rule.get("attribute"):
        problems.add(f"{path}.attribute", "missing; `equals` is the value of an attribute")


def _texts(config: Mapping[str, object]) -> list[tuple[str, object]]:
    rules = config.get("models")
    listed = enumerate(rules) if isinstance(rules, list) else ()
    return [
        (f"models[{i}].{name}", value)
        for i, rule in listed
        if isinstance(rule, Mapping)
        for name, value in rule.items()
    ]
