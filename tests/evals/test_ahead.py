"""What is made ready in another thread."""

import threading

import pytest

from evals.ingest.ahead import ahead


def numbers(upto, then=None):
    yield from range(upto)
    if then:
        raise then


class TestAhead:
    def test_it_works(self):
        assert list(ahead(numbers(500))) == list(range(500))
        assert list(ahead(numbers(0))) == []

    def test_an_error_comes_after_what_came_before_it(self):
        seen = []
        with pytest.raises(ValueError, match="broken"):
            seen.extend(iter_into(seen, ahead(numbers(3, ValueError("broken")))))
        assert seen == [0, 1, 2]

    def test_whoever_stops_early_leaves_no_thread(self):
        before = threading.active_count()
        items = ahead(numbers(1000))
        assert next(items) == 0
        items.close()
        assert threading.active_count() == before


def iter_into(seen, items):
    for item in items:
        seen.append(item)
    return []
