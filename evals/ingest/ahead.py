"""Makes the next thing ready while this one is worked on."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from queue import Empty, Queue
from typing import Generic, TypeVar

T = TypeVar("T")


class _End(Generic[T]):
    """The last thing in the queue: the items are through, or ended with an exception."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def ahead(items: Iterator[T]) -> Generator[T, None, None]:
    """The items, each made in a thread of its own while the one before it is used: decoding here
    and PostgreSQL's work on what was decoded then take the same time, not one after the other.

    Whatever `items` raises is raised here, after what came before it. They must not use the
    database: a connection belongs to its thread.
    """
    queue: Queue[T | _End[T]] = Queue(maxsize=1)
    stopped = threading.Event()

    def work() -> None:
        end: _End[T] = _End()
        try:
            for item in items:
                queue.put(item)
                del item  # or it would be held while the next one is made
                if stopped.is_set():
                    return
        except BaseException as error:
            end = _End(error)
        queue.put(end)

    thread = threading.Thread(target=work, name="decoding ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
            del item
    finally:
        # Whoever used them went away with an error: whatever waits to be put may be put.
        stopped.set()
        while thread.is_alive():
            try:
                queue.get(timeout=0.05)
            except Empty:
                continue
