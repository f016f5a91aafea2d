"""Which categories no labelled item has. Pure: from the rows of a report."""

from __future__ import annotations

from typing import Any


def never_found(row: dict[str, Any], overall: dict[str, Any] | None) -> bool:
    """Whether no labelled item has a category, all items having been asked: a translated report
    does not know what labels of another version would say."""
    if row["worse"] or row["better"] or row["baseline"]["value"] or row["candidate"]["value"]:
        return False
    return _unknown(row) <= _unknown(overall or {})


def _unknown(row: dict[str, Any]) -> int:
    """Items that do not say whether a side has it. Averaged rows of before have no number."""
    return int(row.get("found", row).get("unknown", 0))
