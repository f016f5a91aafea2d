"""Pauses that servers ask for, and what is shown of what they say."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.providers.http_errors import error_of_status, excerpt, retry_after

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


class TestRetryAfter:
    @pytest.mark.parametrize(
        ("asked", "seconds"),
        [
            ("7", 7.0),
            ("0.5", 0.5),
            ("-3", 0.0),
            ("99999999", 3600.0),
            ("inf", 3600.0),
            ("nan", None),
            ("", None),
            ("soon", None),
            ("Fri, 20 Nov 2026 12:00:30 GMT", 30.0),
            ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ],
    )
    def test_it_works(self, asked, seconds):
        assert retry_after({"Retry-After": asked}, NOW) == seconds

    @given(st.text(max_size=30))
    def test_never_raises(self, asked):
        retry_after({"Retry-After": asked}, NOW)


@given(st.integers(201, 599), st.binary(max_size=80))
def test_an_error_of_any_body_is_short_and_printable(status, body):
    message = error_of_status(status, {}, body).message
    assert len(message) < 330
    assert message.isprintable()


def test_excerpt_is_cut_and_on_one_line():
    assert excerpt(b"a\n\x00\tb") == "a b"
    assert len(excerpt("x" * 10_000)) == 300
