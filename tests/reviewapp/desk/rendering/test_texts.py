"""The filters by which a text that is judged comes onto a page."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.templatetags.texts import clipped, ends, exact


class TestExact:
    @given(st.text())
    def test_a_browser_reads_what_is_stored(self, text):
        """Every character is there, those that HTML would change as references."""
        assert "\r" not in exact(text)
        bare = re.sub(
            r'<span class="odd" data-code="U\+[0-9A-F]{4}">(.)</span>',
            r"\1",
            exact(text),
            flags=re.DOTALL,
        )
        assert "<" not in bare
        assert html.unescape(bare.replace("&#13;", "\r")) == text

    @pytest.mark.parametrize("odd", ["\u202e", "\u200b", "\x07", "\ufeff", "\x9b"])
    def test_what_cannot_be_seen(self, odd):
        assert f'data-code="U+{ord(odd):04X}"' in exact(f"a{odd}b")

    @pytest.mark.parametrize("text", ["a\tb\nc", "👩‍👩‍👧", "می‌خواهم", "שלום\u200f"])
    def test_what_writing_needs(self, text):
        assert exact(text) == text


class TestEnds:
    @given(st.text())
    def test_nothing_is_lost(self, text):
        assert "".join(ends(text)) == text

    def test_spaces_stand_outside(self):
        assert ends(" a b\n") == (" ", "a b", "\n")
        assert ends("  ") == ("", "  ", "")


def test_clipped():
    assert clipped("abc", 3) == "abc"
    assert clipped("abcd", 3) == "abc… (4 characters)"
