"""The fields of a protobuf message, found without decoding what is in them.

An export is taken apart span by span, so that memory holds one decoded span at a time whatever
the body is: protobuf decodes two bytes into an object of a hundred, sixty megabytes into six
thousand.
"""

from __future__ import annotations

from collections.abc import Iterator

from evals.otlp.spans import Undecodable

#: Number of a field, and where its bytes start and end.
Place = tuple[int, int, int]

LENGTH_DELIMITED = 2
#: Other fields that one message may have; the messages of OTLP have a handful.
_MOST_OTHERS = 100_000
_FIXED = {1: 8, 5: 4}


def fields(data: memoryview, start: int, end: int) -> Iterator[Place]:
    """(number, start, end) of each length-delimited field of the message in data[start:end]; other
    fields are stepped over. Raises Undecodable where it is cut off or is no message."""
    others = 0
    while start < end:
        tag, start = _varint(data, start, end)
        wire = tag & 7
        if wire == LENGTH_DELIMITED:
            size, start = _varint(data, start, end)
            if size > end - start:
                raise Undecodable(f"cut off at byte {end}, in a field of {size} bytes")
            yield tag >> 3, start, start + size
            start += size
            continue
        others += 1
        if others > _MOST_OTHERS:
            raise Undecodable(f"more than {_MOST_OTHERS} fields that are not known")
        if wire == 0:
            _, start = _varint(data, start, end)
        elif wire in _FIXED and _FIXED[wire] <= end - start:
            start += _FIXED[wire]
        else:
            raise Undecodable(f"not protobuf: wire type {wire} at byte {start}")


def _varint(data: memoryview, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Undecodable(f"cut off, or not protobuf, at byte {at}")
