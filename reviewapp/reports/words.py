"""The report in words: what its first lines say, from the same numbers that its tables show."""

from __future__ import annotations

from typing import Any

from reviewapp.reports import provenance
from reviewapp.reports.never import never_found

#: Critical categories that one sentence names, where nothing was found of them.
NAMED = 6


def points(share: float, signed: bool = False) -> str:
    """A share as points, with no more digits than it deserves: 0.0094 is "0.9"."""
    value = 100 * share
    digits = 1 if abs(value) >= 0.095 or value == 0 else 2
    text = f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"
    if float(text) == 0:
        text = f"{0:.1f}"
    return text.replace("-", "−")


def interval(estimate: dict[str, Any]) -> str:
    """ "+0.9 points [+0.3, +1.6]"."""
    low, high = (
        "unbounded" if estimate[end] is None else points(estimate[end], signed=True)
        for end in ("low", "high")
    )
    return f"{points(estimate['value'], signed=True)} points [{low}, {high}]"


def opening(data: dict[str, Any]) -> list[str]:
    """The sentences that a report opens with."""
    total = data["population"]["requests"]
    if not total:
        pending = data["population"]["pending"]
        waiting = "1 is" if pending == 1 else f"{pending:,} are"
        return [f"No request has been compared yet; {waiting} waiting."]
    return [_differ(data, total), *_errors(data), _gate(data["gate"], data["labels"])]


def _differ(data: dict[str, Any], total: int) -> str:
    share = data["population"]["outcomes"]["differ"] / total
    sentence = f"{points(share)} % of outputs differ"
    noise = data["noise"]
    if noise is None:
        part = data.get("parts", {}).get("noise") or {"as_of": True}
        measured = "was not measured" if part["as_of"] else "is being computed"
        return sentence + f"; how often production disagrees with itself {measured}."
    floor = noise["baseline_differs"]
    asked = f"asked twice on {noise['requests']:,} requests"
    if floor <= share:
        sentence += (
            f"; {points(floor)} points of that is the production model disagreeing with itself "
            f"({asked})."
        )
    else:
        sentence += f"; the production model itself, {asked}, differs on {points(floor)} %."
    low = noise["excess"]["low"]
    if low is None or low <= 0:
        sentence += (
            " That the comparators fire more often on the candidate than on that noise is not "
            f"shown: {interval(noise['excess'])}."
        )
    return sentence


def _errors(data: dict[str, Any]) -> list[str]:
    labels, overall = data["labels"], data["overall"]
    outcomes = data["population"]["outcomes"]
    if not outcomes["differ"] + outcomes["equivalent"]:
        return ["No two outputs differ, so neither do their errors."]
    if labels["used"] == labels["identical_used"]:
        if data.get("elsewhere") and labels["drawn"]:
            return [
                "No discrepancy has a blind label of both sides on which its raters agree, so "
                "nothing is known about errors."
            ]
        return ["No discrepancy has been labelled yet, so nothing is known about errors."]
    among = ""
    if not labels["equivalent_used"] and outcomes["equivalent"]:
        among = " (among discrepancies; no pair that the comparators call equivalent was labelled)"
    aggregate = f"errors overall: {interval(overall['difference'])}{among}"
    worse = [c for c in data["categories"] if c["verdict"] == "worse"]
    critical = [c for c in data["categories"] if c["critical"] and c not in worse]
    perhaps = [c for c in critical if _perhaps_worse(c)]
    never = [c for c in critical if c["verdict"] == "not decided" and never_found(c, overall)]
    if overall["difference"]["value"] < 0 and worse + perhaps:
        hidden = [f"more {_loud(c)}: {_in_window(c)}" for c in worse]
        hidden += [f"perhaps more {_loud(c)}: {_alone(c, data)}" for c in perhaps]
        less = "Fewer" if overall["verdict"] == "better" else "Apparently fewer"
        sentences = [f"{less} {aggregate}. But {'; '.join(hidden)}."]
    else:
        sentences = [f"{aggregate[0].upper()}{aggregate[1:]} ({overall['verdict']})."]
        sentences += [f"{_loud(c)}: {_in_window(c)} (worse)." for c in worse]
        sentences += [f"{_loud(c)}: {_alone(c, data)}." for c in perhaps]
    for c in critical:
        if c not in perhaps and c not in never:
            sentences.append(f"{_loud(c)}: {_in_window(c)} ({c['verdict']}).")
    return [*sentences, *_never(never)]


def _perhaps_worse(category: dict[str, Any]) -> bool:
    """Whether its own interval leaves zero out on the worse side, and the verdict does not."""
    low = category["difference"]["low"]
    return category["verdict"] == "not decided" and low is not None and low > 0


def _alone(category: dict[str, Any], data: dict[str, Any]) -> str:
    return (
        f"{interval(category['difference'])}, beyond chance if it alone is looked at, and not "
        f"decided once all {len(data['categories'])} categories are"
    )


def _never(rows: list[dict[str, Any]]) -> list[str]:
    """Critical ones of which nothing was found, together: what that leaves possible."""
    if not rows:
        return []
    more = f" and {len(rows) - NAMED} more critical ones" if len(rows) > NAMED else ""
    names = ", ".join(_loud(c) for c in rows[:NAMED]) + more
    ends = [c["difference"][end] for c in rows for end in ("low", "high")]
    if None in ends:
        return [f"{names}: found on no labelled output, and how often elsewhere has no bound."]
    most = points(max(abs(end) for end in ends))
    return [
        f"{names}: found on no labelled output; that leaves a difference of up to {most} points "
        "either way (not decided)."
    ]


def _in_window(category: dict[str, Any]) -> str:
    """The difference; and where it is certain for this window and not for traffic like it, both.

    When everything was labelled the window's is exact, so that one item more is already certain."""
    future = category["future"]
    text = interval(category["difference"])
    if category["verdict"] == "not decided" or future["low"] > 0 or future["high"] < 0:
        return text
    return f"{text} in this window, for traffic like it {interval(future)}"


def _loud(category: dict[str, Any]) -> str:
    return str(category["name"].upper() if category["critical"] else category["name"])


def _gate(gate: dict[str, Any], labels: dict[str, int]) -> str:
    if gate["verdict"] == "no policy":
        return "Gate: no policy is set, so nothing is decided; set the margins in the settings."
    failing = [rule for rule in gate["rules"] if rule["verdict"] == "fail"]
    named = _listed([f"“{rule['name']}” (margin {points(rule['margin'])})" for rule in failing])
    plan = gate.get("plan")
    at = f", at look {plan['decided_by']} of {plan['looks']}" if plan and plan["decided_by"] else ""
    if gate["verdict"] == "pass":
        return f"Gate: PASS, every category is inside its margin{at}."
    if gate["verdict"] == "fail":
        return f"Gate: FAIL on {named}{at}."
    if plan and plan["over"]:
        return (
            f"Gate: not decided. Its plan of {plan['budget']:,} labels is used up, and whatever is "
            "labelled beyond it informs and decides nothing: another run can."
        )
    sentence = "Gate: not decided"
    if gate["waiting"]:
        sentence += f" ({' and '.join(gate['waiting'])})"
    if failing:
        sentence += f"; as it stands it would fail on {named}"
    elif gate["outlook"] == "pass":
        sentence += "; as it stands it would pass"
    return sentence + (_needed(gate) if labels["used"] else "") + "."


def _needed(gate: dict[str, Any]) -> str:
    """What would decide the rules that are not: labels, or first of all gold items."""
    undecided = [rule for rule in gate["rules"] if rule["verdict"] == "undecided"]
    unknown = [rule for rule in undecided if rule.get("pass_margin", 0) is None]
    undecided = [rule for rule in undecided if rule not in unknown]
    return _labels_needed(gate, undecided) + _gold_needed(unknown)


def _labels_needed(gate: dict[str, Any], undecided: list[dict[str, Any]]) -> str:
    reachable = [rule for rule in undecided if rule["labels_needed"] is not None]
    others = [rule for rule in undecided if rule not in reachable]
    said = ""
    if reachable:
        most = max(reachable, key=lambda rule: rule["labels_needed"])
        number = most["labels_needed"]
        labels = "label" if number == 1 else "labels"
        hours = most.get("hours_needed")
        time = f" ({duration(hours)} of reviewing)" if hours else ""
        said = f"; about {number:,} more {labels}{time} would decide “{most['name']}”"
    if others:
        names = _listed([f"“{rule['name']}”" for rule in others])
        plan = gate.get("plan")
        where = f"within the plan of {plan['budget']:,}" if plan else "on these requests"
        said += f"; no number of labels {where} would decide {names}"
    return said


def _gold_needed(unknown: list[dict[str, Any]]) -> str:
    """The policy allows for what reviewers miss: where that is not known nothing can pass."""
    said = ""
    for wanting, rules in provenance.by_gold(unknown):
        names = _listed([f"“{rule['name']}”" for rule in rules])
        it, passes = ("it", "it passes") if len(rules) == 1 else ("them", "they pass")
        have = {"with": f" that have {it}", "without": f" without {it}", "any": ""}[wanting]
        said += (
            f"; how much reviewers miss of {names} is not known, so no label can show that "
            f"{passes}: gold items{have} would"
        )
    return said


def duration(hours: float) -> str:
    """ "2 h 10 min"; below ten minutes to the minute, above to five."""
    minutes = max(round(hours * 60), 1)
    if minutes > 10:
        minutes = 5 * round(minutes / 5)
    whole, rest = divmod(minutes, 60)
    parts = [f"{whole:,} h"] if whole else []
    return " ".join([*parts, f"{rest} min"] if rest or not whole else parts)


def look(plan: dict[str, Any]) -> str:
    """ "Look 9 of 14 · 240 of 400 labels · the next at 258." """
    own = [one for one in plan["taken"] if one["counts"]]
    last = own[-1]["number"] if own else 0
    first = f"Look {last} of {plan['looks']}" if last else f"No look of {plan['looks']} taken yet"
    text = f"{first} · {plan['labels']:,} of {plan['budget']:,} labels"
    if plan["decided_by"]:
        return f"{text} · decided at look {plan['decided_by']}"
    if plan["over"]:
        return f"{text} · the plan is used up"
    if plan["next_at"]:
        return f"{text} · the next at {plan['next_at']:,}"
    return f"{text} · the last when the run has finished and its items are resolved"


def _listed(names: list[str]) -> str:
    """The first three, and how many more there are."""
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
