"""What a reader of a report has to know before its numbers, in sentences: from the numbers."""

from __future__ import annotations

from typing import Any

SIDES = (("baseline", "Production"), ("candidate", "The candidate"))


def cautions(data: dict[str, Any]) -> list[str]:
    """Said at the top of the page, each only where it holds. What is missing beside that is in the
    report's own `missing`."""
    total = data["population"]["requests"]
    if not total:
        return ["Nothing has been compared, so no rate, difference or score is known."]
    said = _no_answers(data["failures"], total)
    if data.get("run", {}).get("several_raters") == "average" and not data["elsewhere"]:
        said.append(
            "Where several people reviewed an item they are averaged: what half of them found "
            "counts half, in rates, differences and the score, and nobody adjudicates."
        )
    paired = data["labels"]["used"] - data["labels"]["identical_used"]
    if paired == 1:
        said.append(
            "There is one label. It says that such a thing happens, and next to nothing of how "
            "often: the intervals are as wide as that."
        )
    elif paired and _is_census(data["lines"]):
        said.append(
            "Every pair that could differ is labelled: for this window the differences are exact, "
            "and their intervals have no width. For traffic like it they have one."
        )
    return said


def _no_answers(failures: dict[str, Any] | None, total: int) -> list[str]:
    requests = "its one request" if total == 1 else f"any of the {total:,} requests"
    return [
        f"{name} gave no answer to {requests}: there is no pair of outputs to judge, so nothing is "
        "known of what it would have said."
        for side, name in SIDES
        if failures and failures[side] == total
    ]


def _is_census(lines: list[dict[str, Any]]) -> bool:
    return all(line["labelled"] == line["size"] for line in lines if line["stratum"] != "identical")
