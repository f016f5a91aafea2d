"""What the page of a report needs beyond its numbers: order, geometry, links, a projection. Pure:
from the data of a report, whatever parts of it are there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evals.metrics.cost import projected
from reviewapp.reports import provenance, words
from reviewapp.reports.cautions import cautions
from reviewapp.reports.charts.svg import cleaned
from reviewapp.reports.forest import forest, strips
from reviewapp.reports.measured import estimate, plain
from reviewapp.reports.never import never_found
from reviewapp.reports.noise_words import noise_in_words

#: How the page calls the two intervals, and where they are in a row.
POPULATIONS = {"window": "difference", "traffic": "future"}
#: Labels below which a weighted score is so wide that the page says so.
FEW = 100
#: Rows of the plot; the table has all of them.
MOST_DRAWN = 40
#: Lines, slices and days that are listed; all of them are in the JSON.
MOST_LINES, MOST_SLICES, MOST_DAYS = 120, 30, 92
ORIGINS = {
    "traffic": "traffic, audited where the two matched: the easy cases",
    "discrepancy": "discrepancies: the hard cases",
    "import": "imported examples",
    "run": "known answers of the run itself",
}


@dataclass(frozen=True)
class Part:
    """One part of a report on its page. `shown`: its data, None where there is none; `why`: the
    sentence that says why not; `waiting`: it has not been computed yet; `behind`: it is being
    computed again; `failed`: it could not be, and these are the numbers of before."""

    name: str
    shown: Any
    as_of: datetime | None
    why: str
    waiting: bool
    behind: bool
    failed: bool = False


#: In the order of the page.
PARTS = (
    "score",
    "latency",
    "cost",
    "slices",
    "days",
    "noise",
    "agreement",
    "accuracy",
    "flips",
    "drift",
)


def parts(data: dict[str, Any], behind: Collection[str]) -> dict[str, Part]:
    dated = data.get("parts") or {}
    made = {}
    for name in PARTS:
        about = dated.get(name) or {}
        as_of = about.get("as_of")
        shown = data.get(name)
        made[name] = Part(
            name=name,
            shown=shown,
            as_of=datetime.fromisoformat(as_of) if as_of else None,
            why=about.get("why") or "",
            waiting=shown is None and not as_of,
            behind=name in behind and bool(as_of),
            failed=shown is not None and bool(about.get("why")),
        )
    return made


def waiting(made: dict[str, Part]) -> list[str]:
    return [name for name, part in made.items() if part.waiting]


def build(
    data: dict[str, Any], population: str, volume: str, behind: Collection[str]
) -> dict[str, Any]:
    """The context of the page. population: "window" or "traffic"; volume: requests a month, as it
    was typed; behind: names of parts that are out of date."""
    made = parts(data, behind)
    return {
        "data": data,
        "parts": made,
        "waiting": waiting(made),
        "cautions": cautions(data),
        "scripted": any(rater["kind"] == "script" for rater in data["raters"]),
        **categories(data, population),
        **_open(data["gate"]),
        "rules_passed": [rule for rule in data["gate"]["rules"] if rule["verdict"] == "pass"],
        **_score(made["score"].shown),
        **_latency(made["latency"].shown),
        **_cost(made["cost"].shown, volume),
        **_slices(made["slices"].shown),
        **_days(made["days"].shown),
        **provenance.agreement(made["agreement"].shown),
        **provenance.accuracy(made["accuracy"].shown),
        **provenance.drift(made["drift"].shown),
        "benchmarks": _benchmarks(data["run"]),
        "few": data["labels"]["used"] < FEW,
        **_lines(data),
        "noise_words": noise_in_words(made["noise"].shown) if made["noise"].shown else [],
    }


def categories(data: dict[str, Any], population: str) -> dict[str, Any]:
    """The plot and the table: critical ones first, then what was found most; apart, those that
    were found on no side and are not critical."""
    kind = POPULATIONS.get(population, "difference")
    rows = sorted(
        data["categories"], key=lambda c: (not c["critical"], -(c["worse"] + c["better"]))
    )
    rows = [{**row, "label": _bare(row[kind]), "estimate": row[kind]} for row in rows]
    known = has_labels(data)
    never = [row for row in rows if not row["critical"] and never_found(row, data["overall"])]
    listed = [row for row in rows if row not in never]
    drawn = [row for row in rows if row["critical"] or row["worse"] + row["better"]]
    overall = data["overall"]
    return {
        "kind": kind,
        "labelled": known,
        "rows": listed if known else [],
        "never": never if known else [],
        "overall": {**overall, "estimate": overall[kind]} if overall and known else None,
        "severity": _severity(data, kind),
        "severity_up_to": data.get("severity_up_to"),
        "forest": forest(drawn[:MOST_DRAWN], kind, margins(data)) if drawn and known else None,
        "undrawn": max(0, len(drawn) - MOST_DRAWN),
    }


def _severity(data: dict[str, Any], kind: str) -> dict[str, Any] | None:
    scores = data.get("severity_scores") or {}
    future: dict[str, Any] | None = data.get("severity_future") or scores.get("future")
    window: dict[str, Any] | None = data["severity"]
    return future if kind == "future" and future else window


def has_labels(data: dict[str, Any]) -> bool:
    """Whether anything is known of errors: a label of a pair that differs, or of one audited."""
    return bool(data["labels"]["used"])


def margins(data: dict[str, Any]) -> dict[str | None, float]:
    """By category. The gate's rules are of the run's own version: in another one they have no
    place."""
    said = data.get("taxonomy") or {}
    if said.get("version") != said.get("run"):
        return {}
    return {rule["key"]: rule["margin"] for rule in data["gate"]["rules"]}


def _bare(estimate: dict[str, Any]) -> str:
    return words.interval(estimate).replace(" points", "")


def _open(gate: dict[str, Any]) -> dict[str, Any]:
    """Rules that do not pass, each with what would decide it; apart, those that cannot before it is
    known what reviewers miss."""
    rules = [rule for rule in gate["rules"] if rule["verdict"] != "pass"]
    untold = [rule for rule in rules if provenance.is_untold(rule)]
    return {
        "rules_open": [
            {**rule, "needs": provenance.needs(rule, gate["plan"])}
            for rule in rules
            if rule not in untold
        ],
        "rules_untold": provenance.by_gold(untold),
    }


def _benchmarks(run: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """By name: what each version scores, None where it has none of it."""
    before, after = (run[side]["benchmarks"] or {} for side in ("baseline", "candidate"))
    return [(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]


def _score(score: dict[str, Any] | None) -> dict[str, Any]:
    rows = (score or {}).get("by_origin") or []
    named = [{**row, "named": ORIGINS.get(row["origin"], row["origin"])} for row in rows]
    return {"origins": named}


def _latency(latency: dict[str, Any] | None) -> dict[str, Any]:
    picture = (latency or {}).get("picture")
    # Cleaned when it was drawn; once more here, where it becomes part of a page.
    return {"latency_picture": cleaned(picture) if picture else ""}


def _cost(cost: dict[str, Any] | None, volume: str) -> dict[str, Any]:
    typed = volume.replace(",", "").replace(" ", "").replace("_", "")
    wrong = bool(typed) and not (typed.isdecimal() and len(typed) <= 15)
    monthly = None
    if cost and typed and not wrong:
        monthly = {
            side: plain(projected(estimate(cost[side]), int(typed)))
            for side in ("baseline", "candidate", "difference")
        }
    return {"volume": volume[:40], "volume_wrong": wrong, "monthly": monthly}


def _slices(slices: dict[str, Any] | None) -> dict[str, Any]:
    tables = []
    outcomes = (slices or {}).get("outcomes") or []
    compared = [one for one in outcomes if one["ranked"]]
    for outcome in compared:
        ranked = outcome["ranked"][:MOST_SLICES]
        # What is drawn is each slice by itself: the mean would pull the furthest to the others.
        drawn = strips([row["difference"] for row in ranked])
        tables.append(
            {
                **outcome,
                "rows": list(zip(ranked, drawn, strict=True)),
                "more": len(outcome["ranked"]) - len(ranked),
                "flagged": [row for row in outcome["ranked"] if row["flagged"]],
            }
        )
    nothing = [one["name"] for one in outcomes if not one["ranked"] and one["key"]]
    return {"slice_tables": tables, "unsliced": nothing if tables else []}


def _days(days: dict[str, Any] | None) -> dict[str, Any]:
    listed = ((days or {}).get("days") or [])[-MOST_DAYS:]
    drawn = strips([day["difference"] for day in listed])
    return {"day_rows": list(zip(listed, drawn, strict=True))}


def _lines(data: dict[str, Any]) -> dict[str, Any]:
    """Lines put together by stratum, and each by itself."""
    total = data["population"]["requests"]
    strata: dict[str, dict[str, Any]] = {}
    names = ("size", "drawn", "resolved", "labelled", "skipped", "behind")
    for line in data["lines"]:
        row = strata.setdefault(
            line["stratum"], {"stratum": line["stratum"], **dict.fromkeys(names, 0), "lines": 0}
        )
        row["lines"] += 1
        for name in names:
            row[name] += line[name]
    for row in strata.values():
        row["share"] = row["size"] / total if total else None
        row["inclusion"] = row["drawn"] / row["size"] if row["size"] else None
    return {
        "strata": list(strata.values()),
        "lines": data["lines"][:MOST_LINES],
        "more_lines": max(0, len(data["lines"]) - MOST_LINES),
    }
