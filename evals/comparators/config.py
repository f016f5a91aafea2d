"""From configuration to comparators: every problem is collected with its path."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


class ConfigError(ValueError):
    """All that is wrong with a configuration: (path, message) pairs in `problems`."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(f"{path}: {message}" for path, message in self.problems))


class Problems:
    """Collects problems, so that all of them can be told at once."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    def add(self, path: str, message: str) -> None:
        self.found.append((path, message))

    def read(self, value: object, kind: Any, path: str, default: Any) -> Any:
        """`value` as a `kind`, or `default` with a problem added."""
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            message, _, inside = str(error).partition(" - at `$")
            self.add(path + inside.rstrip("`"), message)
            return default

    def unknown(self, given: Mapping[str, object], known: Iterable[str], path: str) -> None:
        names = list(known)
        for name in given:
            if name not in names:
                there_are = f"; there are: {', '.join(names)}" if names else "; there are none"
                self.add(f"{path}.{name}" if path else name, f"not known here{there_are}")

    def build(self, kind: type[T], given: Mapping[str, object], path: str) -> T | None:
        """A `kind` from its fields, or None with a problem added for each field that is wrong."""
        before = len(self.found)
        fields = msgspec.structs.fields(kind)
        self.unknown(given, [field.name for field in fields], path)
        for field in fields:
            if field.name in given:
                self.read(given[field.name], field.type, f"{path}.{field.name}", None)
            elif field.required:
                self.add(f"{path}.{field.name}", "missing; it must be given")
        if len(self.found) > before:
            return None
        try:
            return msgspec.convert(given, kind)
        except msgspec.ValidationError as error:
            # A check of its own: it belongs to the only field, or names the one it means.
            where = f"{path}.{fields[0].name}" if len(fields) == 1 else path
            self.add(where, str(error).partition(" - at `")[0])
            return None
