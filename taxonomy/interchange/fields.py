"""Values that may be anything, read field by field into content types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_args, get_origin

from taxonomy.interchange.content import (
    HINTS,
    MAX_ITEMS,
    MAX_WEIGHT,
    REQUIRED,
    RESERVED_HOTKEYS,
    UNSTORABLE,
)
from taxonomy.interchange.parsing import Bare
from taxonomy.interchange.problems import Path, Problems, short, unstorable

T = TypeVar("T")


class FieldReader:
    """What is wrong goes into `problems`, and its field is left empty."""

    def __init__(self, problems: Problems) -> None:
        self.add = problems.add

    def build(self, kind: type[T], data: object, path: Path) -> T:
        """A `kind` by the types of its fields."""
        hints = HINTS[kind]
        given: Mapping[str, object] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.add(path, f"write {', '.join(hints)} here; this is {short(data)}")
        for name in given:
            if name not in hints:
                self.add((*path, name), f"not a field here; there are {', '.join(hints)}")
        values = {}
        for name, hint in hints.items():
            values[name] = self.value(hint, given.get(name), (*path, name))
            one = given.get(name)
            blank = one is None or (isinstance(one, str) and not one.strip())
            if blank and name in REQUIRED[kind] and isinstance(data, dict):
                self.add((*path, name), "missing; it must be given")
        return kind(**values)

    def value(self, hint: Any, data: object, path: Path) -> Any:
        if hint is bool:
            return self.flag(data, path)
        if hint is Decimal:
            return self.weight(data, path)
        if get_origin(hint) is Annotated:
            _, read, limit = get_args(hint)
            return getattr(self, read)(data, path, limit)
        if get_origin(hint) is tuple:
            return self.items(get_args(hint)[0], data, path)
        return self.weights(data, path)

    def items(self, kind: type[T], data: object, path: Path) -> tuple[T, ...]:
        name = str(path[-1])
        if data is None:
            return ()
        if not isinstance(data, list):
            self.add(path, f"write a list; this is {short(data)}")
            return ()
        if len(data) > MAX_ITEMS[name]:
            self.add(path, f"{len(data)} of them; there can be at most {MAX_ITEMS[name]}")
        if not data and name != "examples":
            self.add(path, "empty; there must be at least one")
        return tuple(self.build(kind, one, (*path, i)) for i, one in enumerate(data))

    def weights(self, data: object, path: Path) -> dict[str, Decimal]:
        if data is None:
            return {}
        if not isinstance(data, dict):
            self.add(path, f"write severity: weight, one a line; this is {short(data)}")
            return {}
        for key in data:
            if data[key] is None:
                self.add((*path, key), "write a weight")
        return {str(key): self.weight(one, (*path, str(key))) for key, one in data.items()}

    def text(self, data: object, path: Path, limit: int) -> str:
        if data is None:
            return ""
        if not isinstance(data, str):
            self.add(path, f"write text, in quotes; this is {short(data)}")
            return ""
        if found := UNSTORABLE.search(data):
            self.add(path, unstorable(found[0]))
            return ""
        clean = re.sub("\r\n?|[\x85\u2028\u2029]", "\n", data)
        clean = "\n".join(line.rstrip() for line in clean.split("\n")).strip()
        if len(data) > limit:  # as it came, so that the JSON Schema can say the same
            self.add(path, f"too long: {len(data)} characters; shorten it to {limit}")
        return clean

    def line(self, data: object, path: Path, limit: int) -> str:
        return " ".join(self.text(data, path, limit).split())

    def key(self, data: object, path: Path, limit: int) -> str:
        key = self.line(data, path, limit)
        if key and not re.fullmatch(r"[a-z0-9._-]+", key):
            self.add(path, f"{short(key)} is not a key: write only a–z, 0–9, dot, _ and -")
        return key

    def hotkey(self, data: object, path: Path, limit: int) -> str:
        key = self.text(data, path, 100)
        if len(key) > limit or not (key.isascii() or key.isalnum()):
            self.add(path, f"{short(key)} is not one key; write one letter, digit or sign")
        elif key and key in RESERVED_HOTKEYS:
            taken = " ".join(RESERVED_HOTKEYS)
            self.add(path, f"“{key}” is a key of the review desk ({taken}); choose another")
        return key

    def flag(self, data: object, path: Path) -> bool:
        flags = {"true": True, "True": True, "false": False, "False": False}
        value = flags.get(data) if isinstance(data, Bare) else data
        if data is not None and not isinstance(value, bool):
            self.add(path, f"write true or false; this is {short(data)}")
        return value is True

    def weight(self, data: object, path: Path) -> Decimal:
        if data is None:
            return Decimal(0)
        number = _NUMBER.fullmatch(str(data)) is not None and not isinstance(data, bool)
        if not number or (isinstance(data, str) and not isinstance(data, Bare)):
            self.add(path, f"write a number, without quotes; this is {short(data)}")
            return Decimal(0)
        weight = Decimal(str(data))
        if weight < 0:
            self.add(path, f"a weight cannot be negative; this is {short(data)}")
        elif weight > MAX_WEIGHT:
            self.add(path, f"too large; a weight is at most {MAX_WEIGHT}")
        elif weight != round(weight, 3):
            self.add(path, f"write at most 3 decimals; this is {short(data)}")
        else:
            return abs(round(weight, 3))
        return Decimal(0)


_NUMBER = re.compile(r"(?=.{1,30}\Z)[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
