"""A line on a terminal that says how far a long reading is: a bar, a rate, the time."""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO

from django.core.management.base import OutputWrapper

_WIDTH = 24
_PIECE = 256 * 1024
#: Seconds between two drawings.
_EVERY = 0.2


class Watched(io.RawIOBase):
    """A binary file that knows how much of it was read, of how much (None: nobody can tell)."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.seen = file, 0
        found = os.fstat(file.fileno()) if _has_number(file) else None
        self.size = found.st_size if found and stat.S_ISREG(found.st_mode) else None

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.seen += len(data)
        return data

    def readable(self) -> bool:
        return True


@contextmanager
def watched(file: str) -> Iterator[tuple[Watched, Iterable[bytes]]]:
    """A file (unpacked if it is called .gz), or standard input for "-": what is watched, and what
    is read."""
    if file == "-":
        found = Watched(sys.stdin.buffer)
        yield found, _pieces(found.read)
        return
    with open(file, "rb") as plain:
        found = Watched(plain)
        if file.endswith(".gz"):
            with gzip.GzipFile(fileobj=found, mode="rb") as unpacked:
                # What read() gathers is lost where the file is cut off.
                yield found, _pieces(unpacked.read1)
        else:
            yield found, _pieces(found.read)


def _pieces(read: Callable[[int], bytes]) -> Iterator[bytes]:
    return iter(partial(read, _PIECE), b"")


@contextmanager
def shown(to: OutputWrapper, source: Watched, lines: Callable[[], int]) -> Iterator[None]:
    """Draws the line while the block runs, where `to` is a terminal; the last one stays."""
    if not to.isatty():
        yield
        return
    start, over = time.monotonic(), threading.Event()

    def draw() -> None:
        line = described(source.seen, source.size, lines(), time.monotonic() - start)
        to.write(f"\r\033[K{line}", ending="")
        to.flush()

    def work() -> None:
        while not over.wait(_EVERY):
            draw()

    thread = threading.Thread(target=work, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        draw()
        to.write("")


def described(seen: int, size: int | None, lines: int, seconds: float) -> str:
    """`█████░░░░░ 50 %  12,000 lines  11,800/s  0:01, 0:01 to go`"""
    rate = f"{lines:,} lines  {lines / max(seconds, 0.001):,.0f}/s  {_clock(seconds)}"
    if not size:
        return rate
    share = min(seen / size, 1.0)
    full = round(share * _WIDTH)
    bar = "█" * full + "░" * (_WIDTH - full)
    left = f", {_clock(seconds / share - seconds)} to go" if 0 < share < 1 else ""
    return f"{bar} {share:4.0%}  {rate}{left}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _has_number(file: IO[bytes]) -> bool:
    try:
        file.fileno()
    except (OSError, AttributeError):
        return False
    return True
