"""Comparison of JSON, field by field."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from evals.comparators.base import Verdict, verdict_of_misses
from evals.comparators.paths import Location, compile_path, matches
from evals.values import canonical, loads, path_of

_ABSENT = object()


class JsonFields(msgspec.Struct, frozen=True):
    """Equal field by field; the order of keys never counts, and text that holds JSON is parsed.

    The path of the first field that differs is reported, by the order of keys.
    """

    ignore: Annotated[
        list[str], Meta(description='JSON paths of what does not count: ["$.id", "$..timestamp"]')
    ] = []
    unordered: Annotated[
        list[str], Meta(description='JSON paths of lists whose order does not count: ["$.tags"]')
    ] = []

    def __post_init__(self) -> None:
        for path in (*self.ignore, *self.unordered):
            try:
                compile_path(path)
            except ValueError as error:
                raise ValueError(f"{path!r} is {error}") from None

    def compare(self, a: object, b: object) -> Verdict:
        missed = verdict_of_misses(a, b)
        if missed:
            return missed
        total, apart, first = 0, 0, None
        for location, equal in _fields(self.prepared(a), self.prepared(b), ()):
            total += 1
            if not equal:
                apart += 1
                first = location if first is None else first
        similarity = 1 - apart / total if total else 1.0
        return Verdict(apart == 0, similarity, None if first is None else path_of(first))

    def prepared(self, value: object) -> object:
        """A copy with what is ignored taken out, and lists without an order sorted."""
        value = parse(value)
        dropped = {at for path in self.ignore for at, _ in matches(path, value)}
        sorted_at = {at for path in self.unordered for at, _ in matches(path, value)}
        return _copy(value, (), dropped, sorted_at) if dropped or sorted_at else value


def parse(value: object) -> object:
    """The JSON in a text that looks like an object or a list; any other value as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return loads(value)
    except ValueError:
        return value


def _copy(value: object, at: Location, dropped: set[Location], sorted_at: set[Location]) -> object:
    if at in dropped:
        return None
    if isinstance(value, dict):
        return {
            key: _copy(item, (*at, key), dropped, sorted_at)
            for key, item in value.items()
            if (*at, key) not in dropped
        }
    if isinstance(value, list):
        # An ignored item keeps its place, so that the paths of the others stay true.
        items = [_copy(item, (*at, i), dropped, sorted_at) for i, item in enumerate(value)]
        return sorted(items, key=canonical) if at in sorted_at else items
    return value


def _fields(a: object, b: object, at: Location) -> Iterator[tuple[Location, bool]]:
    """(location, whether equal) of each field that holds no other."""
    if isinstance(a, dict) and isinstance(b, dict) and (a or b):
        for key in sorted(a.keys() | b.keys()):
            yield from _fields(a.get(key, _ABSENT), b.get(key, _ABSENT), (*at, key))
    elif isinstance(a, list) and isinstance(b, list) and (a or b):
        for i in range(max(len(a), len(b))):
            x, y = (side[i] if i < len(side) else _ABSENT for side in (a, b))
            yield from _fields(x, y, (*at, i))
    elif a is _ABSENT or b is _ABSENT:
        yield at, False
    else:
        yield at, canonical(a) == canonical(b)
