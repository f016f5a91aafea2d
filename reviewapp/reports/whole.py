"""A report's core and its parts, put together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reviewapp.models import ReportPart
from reviewapp.reports import words
from reviewapp.reports.missing import missing
from reviewapp.reports.parts.registry import PARTS

NOT_YET = "It has not been computed yet."


def whole(core: dict[str, Any], stored: Iterable[ReportPart]) -> dict[str, Any]:
    """A report with these parts taken in, and its sentences; those that it has already and that
    are not among them stay as they are."""
    data = {**core, "parts": dict(core.get("parts") or {})}
    there = {one.name: one for one in stored}
    for name in PARTS:
        if one := there.get(name):
            data[name] = one.data
            data["parts"][name] = {
                "as_of": one.computed_at.isoformat(),
                "seconds": one.seconds,
                "basis": one.basis,
                "why": one.why or None,
            }
        elif name not in data["parts"]:
            data[name] = None
            data["parts"][name] = {"as_of": None, "seconds": None, "basis": None, "why": NOT_YET}
    data["missing"] = missing(data)
    data["sentences"] = words.opening(data)
    if data["elsewhere"]:
        data["sentences"] += data["elsewhere"]["sentences"]
    return data
