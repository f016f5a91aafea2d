"""Lines of a byte stream, however it is cut and however long a line is."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Protocol

_CHUNK = 64 * 1024


class Readable(Protocol):
    """A binary file."""

    def read(self, size: int, /) -> bytes: ...


def lines(stream: Iterable[bytes] | Readable, limit: int) -> Iterator[tuple[int, bytes | None]]:
    """(number, line) for each line that is not empty; None stands for one that is longer than
    `limit`."""
    held: list[bytes] = []
    number, size = 1, 0
    chunks = stream if isinstance(stream, Iterable) else None
    read = getattr(stream, "read", None)
    for chunk in iter(partial(read, _CHUNK), b"") if read else chunks or ():
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            size += len(piece)
            if not size:  # a body of nothing but ends of lines has millions of them
                number += 1
                continue
            yield number, b"".join([*held, piece]) if size <= limit else None
            number, held, size = number + 1, [], 0
        size += len(rest)
        held = [*held, rest] if size <= limit else []
    if size:
        yield number, b"".join(held) if size <= limit else None
