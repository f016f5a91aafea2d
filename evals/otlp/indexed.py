"""Attributes that spell a structure in their names: llm.input_messages.0.message.role."""

from __future__ import annotations

from typing import Any

from evals.otlp.spans import Values

#: Longer names than any convention has, and more parts.
_LONGEST, _PARTS = 300, 16


def tree(attributes: Values, prefix: str) -> Any:
    """The structure under `prefix` ("llm.tools."): dicts, and lists where all names are numbers,
    in their order and without gaps. None where there is nothing."""
    root: dict[str, Any] = {}
    for key, value in attributes.items():
        if not key.startswith(prefix) or len(key) > _LONGEST:
            continue
        *parents, last = key[len(prefix) :].split(".", _PARTS)
        place: Any = root
        for name in parents:
            place = place.setdefault(name, {})
            if not isinstance(place, dict):
                break
        else:
            place.setdefault(last, value)
    return _lists(root) if root else None


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if value and all(name.isascii() and name.isdigit() and len(name) < 10 for name in value):
        return [_lists(value[name]) for name in sorted(value, key=int)]
    return {name: _lists(one) for name, one in value.items()}
