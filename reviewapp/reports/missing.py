"""What a report does not know, why, and what that could change: in words, from its own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reviewapp.reports.never import never_found
from reviewapp.reports.words import points

#: Names that are said in full.
NAMED = 5


def missing(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of `sentence` and `could_change`: by how much any difference could be off, in shares of
    all requests, where that is bounded by a number. The intervals have all of it in them."""
    total = data["population"]["requests"]
    rows = [*_compared(data["population"]), *_labels(data, total)] if total else []
    if not total:
        rows = list(_compared(data["population"]))
    rows += _people(data)
    return [{"sentence": sentence, "could_change": share} for sentence, share in rows]


Row = tuple[str, float | None]


def _compared(population: dict[str, Any]) -> Iterator[Row]:
    if not population["requests"]:
        yield "No request has been compared, so there is no number of any kind.", None
    if pending := population["pending"]:
        yield f"{_count(pending, 'request has', 'requests have')} not been compared yet.", None
    if failed := population["outcomes"]["failed"]:
        yield (
            f"{_count(failed, 'request has', 'requests have')} no answer of one side or both; they "
            "count as that and as nothing else.",
            None,
        )


def _labels(data: dict[str, Any], total: int) -> Iterator[Row]:
    labels, rows = data["labels"], data["lines"]
    outcomes = data["population"]["outcomes"]
    identical = [row for row in rows if row["stratum"] == "identical"]
    paired = [row for row in rows if row["stratum"] != "identical"]
    if paired and not any(row["labelled"] for row in paired):
        share = sum(row["size"] for row in paired) / total
        yet = "has a label that counts" if data.get("elsewhere") else "has been labelled yet"
        yield (
            f"No discrepancy {yet}: any difference may be up to {points(share)} points either way.",
            share,
        )
    else:
        yield from _unseen(paired, total)
    if outcomes["identical"] and not labels["identical_used"]:
        share = outcomes["identical"] / total
        yield (
            "No identical pair was audited: errors that both sides make alike are not known, and "
            f"either rate may be up to {points(share)} points higher. Differences do not change.",
            None,
        )
    elif any(not row["labelled"] for row in identical):
        batches = sum(not row["labelled"] for row in identical)
        yield f"{_count(batches, 'batch has', 'batches have')} no identical pair audited.", None
    if (skipped := labels["skipped"]) and data.get("elsewhere"):
        yield (
            f"{_count(skipped, 'pair has', 'pairs have')} no label of both sides on which raters "
            "agree: counted both ways.",
            None,
        )
    elif skipped:
        yield (
            f"{_count(skipped, 'drawn item has', 'drawn items have')} no label (skipped, disputed, "
            "or half judged): counted both ways.",
            None,
        )
    if behind := _behind(rows):
        yield (
            f"{_count(behind, 'resolved item waits', 'resolved items wait')} in line behind one "
            "that is open, and will count when that is resolved.",
            None,
        )
    yield from _categories(data)


def _unseen(paired: list[dict[str, Any]], total: int) -> Iterator[Row]:
    for row in [row for row in paired if not row["labelled"]]:
        share = row["size"] / total
        yield (
            f"Nothing is labelled of “{row['stratum']}” in batch {row['batch']} "
            f"({_count(row['size'], 'pair', 'pairs')}).",
            share,
        )
    for row in [row for row in paired if row["labelled"] == 1 < row["size"]]:
        yield (
            f"One label of “{row['stratum']}” in batch {row['batch']} says nothing of how its "
            f"{row['size']:,} pairs vary; it is put together with a neighbour where there is one.",
            None,
        )


def _behind(rows: list[dict[str, Any]]) -> int:
    """Resolved items that are not in the closed prefix of their line."""
    return sum(row["behind"] for row in rows)


def _categories(data: dict[str, Any]) -> Iterator[Row]:
    if not data["labels"]["used"]:
        return
    never = [row["name"] for row in data["categories"] if never_found(row, data["overall"])]
    if never:
        more = f" and {len(never) - NAMED} more" if len(never) > NAMED else ""
        names = ", ".join(f"“{name}”" for name in never[:NAMED]) + more
        yield (
            f"No finding of {names} so far: how rare that makes them is what their intervals say.",
            None,
        )
    if data["severity"] is None:
        yield f"There is no weighted score: {data['severity_unknown']}.", None


def _people(data: dict[str, Any]) -> Iterator[Row]:
    members = [row for row in data["raters"] if row["reviews"]]
    if len(members) == 1:
        yield (
            f"All labels are {members[0]['name']}'s: how far reviewers would agree is not known.",
            None,
        )
    for row in members:
        if row.get("left"):
            yield (
                f"{row['name']} is no longer a member; what they said counts as it was said.",
                None,
            )
    if kept := data.get("not_blind"):
        yield (
            f"{_count(kept, 'review', 'reviews')} made after the sides were visible "
            f"{'is' if kept == 1 else 'are'} kept and not counted.",
            None,
        )


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
