"""JSON values as this product reads, keeps and compares them."""

import hashlib
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal

import msgspec

# Deeper than any honest output, shallow enough that walking it by recursion is safe.
MAX_DEPTH = 100
# Keys like this need no quoting in a path.
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_NUMBER = 1.7976931348623157e308


def canonical(value: object) -> str:
    """One spelling for equal JSON values: sorted keys, no spaces, non-ASCII characters as they are.

    Numbers are written by value, so 1, 1.0 and 1e0 are equal (as in RFC 8785 and in PostgreSQL's
    jsonb), and true is not 1. Text is *not* normalised: two texts are equal only where every code
    point is; the "text" comparator is there for the rest. The text "1" and the number 1 differ.
    `value` must have passed `problem_in`.
    """
    return _canonical(value).decode()


def digest(value: object) -> str:
    """SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(_canonical(value)).hexdigest()


def stored_form(value: object) -> tuple[bytes, str]:
    """(JSON for a column, digest): what `source_of` and `digest` give, with less work."""
    if isinstance(value, str):  # the one spelling that text has
        source = _canonical(value)
        return source, hashlib.sha256(source).hexdigest()
    return _ENCODER.encode(value), digest(value)


def as_text(value: object) -> str:
    """The text itself where `value` is text, else its canonical JSON."""
    return value if isinstance(value, str) else canonical(value)


def source_of(value: object) -> str:
    """Compact JSON with the keys in the order in which they came."""
    return msgspec.json.encode(value).decode()


def loads(source: str | bytes) -> object:
    """Parse JSON that may be hostile. Raises ValueError, and nothing else, for what is not JSON
    or cannot be stored (see `problem_in`)."""
    try:
        value: object = msgspec.json.decode(source)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    problem = problem_in(value)
    if problem:
        raise ValueError(": ".join(problem))
    return value


def row_number(text: str) -> int:
    """The number that a text spells in digits; -1, which no row has, where it spells none or one
    that the database does not count to (reading thousands of digits is an error in Python)."""
    return int(text) if text.isdecimal() and len(text) < 19 else -1


def path_of(parts: tuple[str | int, ...]) -> str:
    """`("a", 0, "odd key")` as the JSON path `$.a[0]["odd key"]`."""
    return "$" + "".join(_part(part) for part in parts)


def problem_in(value: object, at: str = "$") -> tuple[str, str] | None:
    """(path, reason) of the first thing in `value` that PostgreSQL cannot keep, or None."""
    return _walk(value, at, MAX_DEPTH)


def _part(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    return f".{part}" if _PLAIN_KEY.match(part) else f"[{json.dumps(part, ensure_ascii=False)}]"


def _walk(value: object, at: str, depth: int) -> tuple[str, str] | None:
    if isinstance(value, str):
        reason = _text_problem(value)
        return (at, reason) if reason else None
    if isinstance(value, int | float):
        if math.isfinite(value) if isinstance(value, float) else abs(value) <= _MAX_NUMBER:
            return None
        return at, "the number is too large or not finite; send it as text"
    if not isinstance(value, list | dict):
        return None
    if depth <= 0:
        return at[:200], f"nested deeper than {MAX_DEPTH} levels; send the deep part as text"
    if isinstance(value, list):
        parts = (_walk(item, f"{at}[{i}]", depth - 1) for i, item in enumerate(value))
        return next((found for found in parts if found), None)
    for key, item in value.items():
        reason = _text_problem(key)
        found = (at, f"in a key: {reason}") if reason else _walk(item, at + _part(key), depth - 1)
        if found:
            return found
    return None


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return "the text holds U+0000, which cannot be stored; remove it"
    if not text.isascii() and _SURROGATE.search(text):
        return "the text holds half of a surrogate pair, which is no character; remove it"
    return None


def _canonical(value: object) -> bytes:
    return _ENCODER.encode(_whole_numbers(value))


_ENCODER = msgspec.json.Encoder(order="deterministic")


def _whole_numbers(value: object) -> object:
    """`value` with each float that has no fraction as the integer that it equals."""
    convert: Callable[[object], object] | None = _BY_TYPE.get(type(value))
    return convert(value) if convert else value


def _whole_float(value: object) -> object:
    assert isinstance(value, float)
    # Through its decimal spelling, since that is what jsonb keeps: 1e300 is 1 and 300 zeros.
    return int(Decimal(repr(value))) if value.is_integer() else value


def _whole_list(value: object) -> object:
    assert isinstance(value, list)
    return [_whole_numbers(item) for item in value]


def _whole_dict(value: object) -> object:
    assert isinstance(value, dict)
    return {key: _whole_numbers(item) for key, item in value.items()}


_BY_TYPE: dict[type, Callable[[object], object]] = {
    float: _whole_float,
    list: _whole_list,
    dict: _whole_dict,
}
