"""What the page's "How these numbers came about" needs beyond the numbers: what is known set apart
from what is not, which would be long lists of nothing. Pure: from the parts of a report."""

from __future__ import annotations

from typing import Any

#: A kind of traffic lacks examples where so few would come by chance no more often than this.
LACKING = 0.05


def agreement(shown: dict[str, Any] | None) -> dict[str, Any]:
    """Categories whose coefficient is defined, and the names of the others."""
    rows = (shown or {}).get("categories") or []
    return {
        "agreed": [row for row in rows if row["alpha"] is not None],
        "never_agreed": [row["name"] for row in rows if row["alpha"] is None],
    }


def accuracy(shown: dict[str, Any] | None) -> dict[str, Any]:
    """Categories that a judged gold item has, and the names of the others: what reviewers miss of
    those is not known; `alarmed`: of these, the ones that were found where they are not."""
    rows = (shown or {}).get("categories") or []
    unknown = [row for row in rows if not row["positives"]]
    false = [row for row in unknown if (row["false_positive_rate"] or {}).get("value")]
    return {
        "tried": [row for row in rows if row["positives"]],
        "alarmed": false,
        "untried": [row["name"] for row in unknown if row not in false],
    }


def drift(shown: dict[str, Any] | None) -> dict[str, Any]:
    """Kinds of traffic that lack examples, and the others."""
    rows = (shown or {}).get("clusters") or []
    lacking = [row for row in rows if _lacks(row)]
    return {"lacking": lacking, "covered": [row for row in rows if row not in lacking]}


def _lacks(row: dict[str, Any]) -> bool:
    return row["so_few"] is not None and row["so_few"] < LACKING


def is_untold(rule: dict[str, Any]) -> bool:
    """Whether it cannot pass before gold items tell what reviewers miss of it."""
    return rule["verdict"] == "undecided" and rule["pass_margin"] is None


def by_gold(rules: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Rules that are untold, by which judged gold items are wanting: "with" the category, "without"
    it, or "any". Reports of before do not say, and mostly it is those with it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for rule in rules:
        found.setdefault(rule.get("gold_wanting") or "with", []).append(rule)
    return list(found.items())


def needs(rule: dict[str, Any], plan: dict[str, Any] | None) -> str:
    """What would decide a rule of the gate that labels have not decided, where no number of labels
    can be named; "" where one can, or it is decided."""
    if rule["verdict"] != "undecided" or rule["labels_needed"] is not None:
        return ""
    if not rule["pass_margin"] and rule["margin"]:
        return "gold items: J may be nothing"
    return "not within the budget" if plan else "not with these requests"
