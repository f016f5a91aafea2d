"""What of a line is looked at before or after it is decoded, since decoding does not."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections import Counter

from evals import values

#: In one line: of two bytes each, values fill a hundred times the memory that the line has.
MOST_VALUES = 500_000
MOST_CONTAINERS = 100_000
_PIECE = 64 * 1024
_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_STRING_OR_SIGN = re.compile(rb'"(?:[^"\\]|\\.)*+"|([\[{,])')


def check_utf8(line: bytes) -> None:
    """Raises UnicodeDecodeError. A long line is not held as text, which may be four times as
    large."""
    if len(line) <= _PIECE:
        line.decode()
        return
    decoder = getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(line), _PIECE):
            decoder.decode(line[start : start + _PIECE])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        line.decode()  # for the place in the line


def too_much(line: bytes) -> str | None:
    """Why a line of many small values is not decoded."""
    if len(line) < 2 * MOST_CONTAINERS:
        return None
    containers = line.count(b"[") + line.count(b"{")
    if containers <= MOST_CONTAINERS and line.count(b",") <= MOST_VALUES:
        return None
    signs: Counter[bytes] = Counter()
    for found in _STRING_OR_SIGN.finditer(line):  # a text may hold as many as it likes
        sign = found[1]
        if sign is None:
            continue
        signs[sign] += 1
        if signs[b","] > MOST_VALUES or signs[b"["] + signs[b"{"] > MOST_CONTAINERS:
            return (
                f"more than {MOST_CONTAINERS:,} lists and objects, or {MOST_VALUES:,} values, in "
                "one record; send the large part as text"
            )
    return None


def suspect(line: bytes) -> bool:
    """Whether there may be a U+0000, levels too deep, or so many digits that the number is out of
    range. (A regular expression for that took four times as long as decoding the line.)"""
    return (
        b"\\u0000" in line
        or line.count(b"[") + line.count(b"{") > values.MAX_DEPTH
        or b"0" * 300 in line.translate(_AS_ZEROS)
    )
