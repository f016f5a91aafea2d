"""Where two JSON values differ, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evals import values

#: Rows that are shown; the rest is counted.
ROWS = 1_000


@dataclass(frozen=True)
class Row:
    """A leaf of one or both values. `a` and `b` are its JSON, None where that side has none."""

    path: str
    a: str | None
    b: str | None

    @property
    def differs(self) -> bool:
        return self.a != self.b


def rows(a: object, b: object) -> tuple[list[Row], int] | None:
    """Up to a thousand rows in A's order, what only B has behind it, and how many more there are.
    None unless both are objects or both are lists."""
    alike = any(isinstance(a, kind) and isinstance(b, kind) for kind in (dict, list))
    if not alike:
        return None
    found: list[Row] = []
    more = 0
    for row in _rows((), a, b):
        if len(found) < ROWS:
            found.append(row)
        else:
            more += 1
    return found, more


_ABSENT = object()


def _rows(at: tuple[str | int, ...], a: object, b: object) -> Iterator[Row]:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            yield from _rows((*at, key), a.get(key, _ABSENT), b.get(key, _ABSENT))
    elif isinstance(a, list) and isinstance(b, list):
        for i in range(max(len(a), len(b))):
            one, other = (value[i] if i < len(value) else _ABSENT for value in (a, b))
            yield from _rows((*at, i), one, other)
    else:
        yield Row(values.path_of(at), _json(a), _json(b))


def _json(value: object) -> str | None:
    return None if value is _ABSENT else values.canonical(value)
