"""The JSON Schema of a taxonomy, made from the content types: there is no second list of fields.

What `from_dict` takes is valid; what is not valid `from_dict` refuses, and it refuses more: what
several fields must say together, and a weight with more than three decimals.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin

from taxonomy.interchange.content import (
    HINTS,
    MAX_ITEMS,
    MAX_WEIGHT,
    REQUIRED,
    RESERVED_HOTKEYS,
    Category,
    Content,
    Example,
    Severity,
)

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:crosscheck:schema:taxonomy:1"

_KEY = "[a-z0-9._-]+"
_PATTERNS = {
    "key": rf"^\s*(?:{_KEY})?\s*$",
    "hotkey": rf"^\s*[^\s{re.escape(RESERVED_HOTKEYS)}]?\s*$",
}


def json_schema() -> dict[str, Any]:
    """Draft 2020-12, as JSON values."""
    parts = {kind.__name__.lower(): _object(kind) for kind in (Severity, Category, Example)}
    return {
        "$schema": DIALECT,
        "$id": IDENTITY,
        "title": "A taxonomy of errors",
        **_object(Content),
        "$defs": parts,
    }


def schema_text() -> str:
    """As it is published: the same bytes by the API and by the command."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _object(kind: type[Any]) -> dict[str, Any]:
    hints = HINTS[kind]
    return {
        "description": WORDS[kind][""],
        "type": "object",
        "additionalProperties": False,
        "required": [name for name in hints if name in REQUIRED[kind]],
        "properties": {
            name: {
                "description": WORDS[kind][name],
                **_value(name, hint, required=name in REQUIRED[kind]),
            }
            for name, hint in hints.items()
        },
    }


def _value(name: str, hint: Any, *, required: bool) -> dict[str, Any]:
    if hint is bool:
        return {"type": ["boolean", "null"], "default": False}
    if hint is Decimal:
        return _weight()
    if get_origin(hint) is Annotated:
        _, read, limit = get_args(hint)
        return _text(read, limit, required)
    if get_origin(hint) is tuple:
        items = {"$ref": f"#/$defs/{get_args(hint)[0].__name__.lower()}"}
        few = {"minItems": 1} if name != "examples" else {}
        return {
            "type": "array" if required else ["array", "null"],
            "items": items,
            **few,
            "maxItems": MAX_ITEMS[name],
        }
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": f"^{_KEY}$"},
        "additionalProperties": _weight(),
    }


def _text(read: str, limit: int, required: bool) -> dict[str, Any]:
    shape: dict[str, Any] = {"type": "string" if required else ["string", "null"]}
    if read != "hotkey":  # the pattern says how long one is
        shape["maxLength"] = limit
    if read in _PATTERNS:
        shape["pattern"] = _PATTERNS[read].replace(")?", ")") if required else _PATTERNS[read]
    elif required:
        shape["pattern"] = r"\S"
    return shape


def _weight() -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "maximum": float(MAX_WEIGHT)}


#: What each type and each of its fields is, for whoever writes one by hand.
WORDS: dict[type[Any], dict[str, str]] = {
    Content: {
        "": "What an error can be called and how heavy it is: one version of a taxonomy.",
        "title": "What people see.",
        "description": "What it is for, and for whom.",
        "source": "What it was made from: standards, papers, people.",
        "severities": "The lightest first, as the review form lists them.",
        "categories": "In the order of the review form. The tree is written by `parent`.",
    },
    Severity: {
        "": "How bad an error is.",
        "key": "What labels refer to: a–z, 0–9, dot, _ and -.",
        "name": "What reviewers see.",
        "weight": "What one such error counts, with at most three decimals.",
        "hotkey": "One key of the keyboard, unlike all others here and unlike the review desk's "
        f"own: {' '.join(RESERVED_HOTKEYS)}",
    },
    Category: {
        "": "One kind of error. One that others name as their parent is a heading: no finding can "
        "have it.",
        "key": "What labels refer to: a–z, 0–9, dot, _ and -. It keeps its meaning for ever; "
        "what means something else gets another key.",
        "parent": "The key of the category that it stands under.",
        "name": "What reviewers see.",
        "definition": "What is an error of this kind.",
        "use_when": "When to choose it.",
        "avoid_when": "When not to, and what to choose then.",
        "examples": "Worked examples.",
        "critical": "Whether the gate holds it to the margin of critical errors.",
        "evidence_required": "Whether the reviewer has to mark where the error is.",
        "default_severity": "The key of the severity that it usually has.",
        "hotkey": "One key of the keyboard, as for severities.",
        "weights": "{severity key: weight} where this category weighs otherwise.",
    },
    Example: {
        "": "What came in, what the model made of it, and why that is this error.",
        "input": "What came in.",
        "output": "What the model answered.",
        "why": "Why that is an error of this kind.",
    },
}
