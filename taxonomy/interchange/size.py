"""How large a content can get when it is written out, without writing it out: that is slow."""

from __future__ import annotations

import re
from typing import Any


def at_most(value: Any) -> int:
    """Bytes that JSON values (see `as_dict`) take as YAML or as JSON, or somewhat more.

    Nothing stands deeper than 12 columns, a line has at least 78 beyond that, and two lines
    between which a text is folded have more than 78 together. A character that is not ASCII may
    be written as an escape of 10, a quote, a backslash or a tab as one of 2.
    """
    if isinstance(value, dict):
        return 8 + sum(len(key) + 32 + at_most(one) for key, one in value.items())
    if isinstance(value, list):
        return 8 + sum(32 + at_most(one) for one in value)
    if not isinstance(value, str):
        return 24
    foreign = len(value.encode()) - len(value) if not value.isascii() else 0
    room = len(value) + len(_ESCAPED.findall(value)) + 10 * foreign
    return room + 16 * (2 * value.count("\n") + 2 * (room // 78) + 2)


_ESCAPED = re.compile("[\"'\\\\\t]")
