"""What cannot be seen in a text gets a sign with its code, by the stylesheet."""

from __future__ import annotations

import re

# Controls but tab and line ends, zero-width signs (not the joiners, which Persian and emoji need),
# overrides and isolates of direction.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff]"
)
_TAG = re.compile(r'(<(?:[^<>"]|"[^"]*")*>)')


def signed(escaped: str) -> str:
    """A text that is escaped already, with what cannot be seen in spans."""
    return _ODD.sub(_sign, escaped)


def signed_html(html: str) -> str:
    """The same between the tags of HTML that a sanitiser wrote."""
    if not _ODD.search(html):
        return html
    return "".join(one if i % 2 else signed(one) for i, one in enumerate(_TAG.split(html)))


def _sign(found: re.Match[str]) -> str:
    return f'<span class="odd" data-code="U+{ord(found[0]):04X}">{found[0]}</span>'
