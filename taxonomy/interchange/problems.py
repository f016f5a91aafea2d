"""What is wrong with a taxonomy, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Problem:
    """`line` counts from 1, and is None where the content did not come as text."""

    line: int | None
    path: str
    message: str

    def __str__(self) -> str:
        where = [f"line {self.line}"] if self.line else []
        where += [self.path] if self.path else []
        return f"{', '.join(where)}: {self.message}" if where else self.message


class TaxonomyError(ValueError):
    """All that is wrong with a taxonomy, in the order of its lines, in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.line or 0)
        shown = [str(problem) for problem in self.problems[:50]]
        if more := len(self.problems) - len(shown):
            shown.append(f"and {more} more problems")
        super().__init__("\n".join(shown))


class Problems:
    """Those `found` so far; `lines` is where each part of the text stands, if it was text."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.found: list[Problem] = []

    def add(self, path: Path, message: str) -> None:
        """In the line of what stands at `path`, or else of what it would stand in."""
        near = next((path[:n] for n in range(len(path), -1, -1) if path[:n] in self.lines), None)
        line = None if near is None else self.lines[near]
        self.found.append(Problem(line, dotted(path), message))

    def where(self, path: Path) -> str:
        """The part that the field at `path` is of, as another problem names it."""
        line = self.lines.get(path)
        return dotted(path[:-1]) + (f" in line {line}" if line else "")


def dotted(path: Path) -> str:
    """`("categories", 3, "key")` as `categories[3].key`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part:.60}" for part in path)
    return "".join(parts).removeprefix(".")


def short(value: object) -> str:
    """Whatever was found, in at most 62 characters."""
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = isinstance(value, str)
    spelled = repr(str(value))[1:-1] if text else repr(value)
    spelled = spelled if len(spelled) <= 60 else spelled[:59] + "…"
    return f"“{spelled}”" if text else spelled


def unstorable(character: str) -> str:
    return f"the character U+{ord(character):04X} cannot be stored; remove it"
