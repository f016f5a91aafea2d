"""What fields of a report are made of."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def text(description: str = "", **more: Any) -> Schema:
    return _described({"type": "string", **more}, description)


def number(description: str = "", **more: Any) -> Schema:
    return _described({"type": "number", **more}, description)


def count(description: str = "") -> Schema:
    return _described({"type": "integer", "minimum": 0}, description)


def share(description: str = "") -> Schema:
    return number(description, minimum=0, maximum=1)


def p_value(description: str = "") -> Schema:
    return share(description)


def truth(description: str = "") -> Schema:
    return _described({"type": "boolean"}, description)


def moment(description: str = "") -> Schema:
    return text(description, format="date-time")


def one_of(*values: str, description: str = "") -> Schema:
    return _described({"enum": list(values)}, description)


def rows(of: Schema, description: str = "") -> Schema:
    return _described({"type": "array", "items": of}, description)


def record(description: str = "", /, **properties: Schema) -> Schema:
    """An object that has all of these."""
    return _described(
        {"type": "object", "required": list(properties), "properties": properties}, description
    )


def mapping(of: Schema, description: str = "") -> Schema:
    return _described({"type": "object", "additionalProperties": of}, description)


def anything(description: str) -> Schema:
    return {"description": description}


def estimate(description: str = "") -> Schema:
    return _described({"$ref": "#/$defs/estimate"}, description)


def maybe(of: Schema, why: str = "") -> Schema:
    """Or null: what is not known, or where there is none."""
    return _described({"anyOf": [of, {"type": "null"}]}, why)


def _described(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema} if description else schema


SHARED: Schema = {
    "estimate": record(
        "A value with its interval; an end that nothing bounds is null.",
        value=number(),
        low=maybe(number()),
        high=maybe(number()),
    )
}
