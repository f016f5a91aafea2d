"""Extraction: the part of an output that carries the answer, taken out before it is compared.

A step takes a JSON value and gives one, or MISS. Patterns are RE2 (linear time, so no output can
stall one): no lookaround and no backreferences, \\b \\d \\w are ASCII, `.` stops at a line's end
unless the pattern starts with (?s), and with `(?s).*` in front the last place is found, not the
first.
"""

import re
from functools import lru_cache
from typing import Annotated, Any, Protocol

import msgspec
import re2
from msgspec import Meta

from evals.comparators.base import MISS
from evals.comparators.paths import compile_path, matches
from evals.values import as_text, loads

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})([^\n]*)\Z")


class Extractor(Protocol):
    def apply(self, value: object, /) -> object: ...


class Regex(msgspec.Struct, frozen=True):
    """What the first match holds: its first group that took part, or all of it without groups."""

    pattern: Annotated[str, Meta(description=r"RE2 pattern, for example \[(Yes|No)\]")]

    def __post_init__(self) -> None:
        compile_pattern(self.pattern)

    def apply(self, value: object) -> object:
        found = compile_pattern(self.pattern).search(_searchable(value))
        if not found:
            return MISS
        groups = [group for group in found.groups() if group is not None]
        return groups[0] if groups else MISS if found.groups() else found.group()


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One pattern and the value that it stands for."""

    pattern: str
    value: Any

    def __post_init__(self) -> None:
        compile_pattern(self.pattern)


class Patterns(msgspec.Struct, frozen=True):
    r"""The value of the first pattern, in the order given, that is found anywhere."""

    patterns: Annotated[
        list[Case],
        Meta(min_length=1, description=r'[{"pattern": "(?i)\\byes\\b", "value": "yes"}, …]'),
    ]

    def apply(self, value: object) -> object:
        text = _searchable(value)
        found = (case.value for case in self.patterns if compile_pattern(case.pattern).search(text))
        return next(found, MISS)


class JsonPath(msgspec.Struct, frozen=True):
    """The first value at a JSON path; a text is parsed as JSON first."""

    path: Annotated[str, Meta(description="JSON path, for example $.answer.label")]

    def __post_init__(self) -> None:
        compile_path(self.path)

    def apply(self, value: object) -> object:
        try:
            parsed = loads(value) if isinstance(value, str) else value
        except ValueError:
            return MISS
        return next((found for _, found in matches(self.path, parsed)), MISS)


class CodeFence(msgspec.Struct, frozen=True):
    """The inside of the first code fence; a text without one stays as it is."""

    def apply(self, value: object) -> object:
        if not isinstance(value, str):
            return value
        lines = value.split("\n")
        for start, line in enumerate(lines):
            opened = _FENCE.match(line)
            if not opened or "`" in opened[2]:
                continue
            # Closed by a line of the same mark, at least as long; never closed: to the end.
            ends = (
                end
                for end in range(start + 1, len(lines))
                if len(mark := lines[end].strip()) >= len(opened[1]) and set(mark) == {opened[1][0]}
            )
            return "\n".join(lines[start + 1 : next(ends, len(lines))])
        return value


EXTRACTORS: dict[str, type[Regex] | type[Patterns] | type[JsonPath] | type[CodeFence]] = {
    "regex": Regex,
    "patterns": Patterns,
    "json_path": JsonPath,
    "code_fence": CodeFence,
}


def extract(steps: tuple[Extractor, ...], value: object) -> object:
    """The value after all steps, or MISS as soon as one of them misses."""
    for step in steps:
        if value is MISS:
            return MISS
        value = step.apply(value)
    return value


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> "re2._Regexp":
    """The compiled pattern; ValueError with RE2's reason where it is none."""
    try:
        return re2.compile(pattern, options=_OPTIONS)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0] if error.args else "?"
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        if "(?=" in reason or "(?!" in reason or "(?<" in reason or "escape sequence" in reason:
            reason += "; RE2 has no lookaround and no backreferences"
        raise ValueError(f"not an RE2 pattern ({reason})") from None


def _searchable(value: object) -> str:
    # RE2 reads UTF-8, which has no halves of surrogate pairs.
    return as_text(value).encode(errors="replace").decode()
