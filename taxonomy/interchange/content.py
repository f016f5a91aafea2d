"""What a taxonomy version says, as values that never change, and how large it may be."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, get_type_hints

# The review desk's own keys: a b choose the side, f F call it (or both) fine, c v e write the
# correct output, u undoes, k skips, o is "other…", ? helps; s j / are kept for the desk to grow.
RESERVED_HOTKEYS = "abfFcveukosj?/"
MAX_BYTES = 1024 * 1024  # of a file, read or written
MAX_ITEMS = {"severities": 20, "categories": 500, "examples": 20}
MAX_TEXT = 4000  # characters of a description, a definition, a part of an example
MAX_LEVELS = 8  # of categories inside categories
MAX_DEPTH = 10  # of the file; an honest one has 6
MAX_WEIGHT = Decimal("99999.999")
# All but the characters that neither YAML nor PostgreSQL would lose.
UNSTORABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# How a field is read: the name of a method of FieldReader, and how long the text may be.
Title = Annotated[str, "line", 120]
Name = Annotated[str, "line", 80]
Text = Annotated[str, "text", MAX_TEXT]
SeverityKey = Annotated[str, "key", 60]
CategoryKey = Annotated[str, "key", 120]
Hotkey = Annotated[str, "hotkey", 1]


@dataclass(frozen=True, kw_only=True)
class Severity:
    key: SeverityKey
    name: Name
    weight: Decimal
    hotkey: Hotkey = ""


@dataclass(frozen=True, kw_only=True)
class Example:
    """A worked example: what came in, what the model made of it, and why that is this error."""

    input: Text = ""
    output: Text
    why: Text = ""


@dataclass(frozen=True, kw_only=True)
class Category:
    """`parent` and `default_severity` are keys, or "" for none; `weights` is {severity: weight}
    where this category weighs otherwise than the severity does."""

    key: CategoryKey
    parent: CategoryKey = ""
    name: Name
    definition: Text
    use_when: Text = ""
    avoid_when: Text = ""
    examples: tuple[Example, ...] = ()
    critical: bool = False
    evidence_required: bool = False
    default_severity: SeverityKey = ""
    hotkey: Hotkey = ""
    weights: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Content:
    """All that a taxonomy version says; the order of severities and categories is part of it."""

    title: Title
    description: Text = ""
    source: Text = ""
    severities: tuple[Severity, ...]
    categories: tuple[Category, ...]


_KINDS = (Severity, Example, Category, Content)
HINTS: Mapping[Any, dict[str, Any]] = {
    kind: get_type_hints(kind, include_extras=True) for kind in _KINDS
}
REQUIRED: Mapping[Any, set[str]] = {
    kind: {
        one.name
        for one in dataclasses.fields(kind)
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    }
    for kind in _KINDS
}
