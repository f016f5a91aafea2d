"""What a report in one taxonomy version could not take from labels that were made in others: in
numbers, and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from evals.models import Run
from reviewapp.labelling import moving
from reviewapp.labelling.labels import Label
from reviewapp.reports.lines import Line
from taxonomy.models import Category, TaxonomyVersion


def about(run: Run, version: TaxonomyVersion, all_lines: Sequence[Line]) -> dict[str, Any]:
    """`version`: what the report is said in; `run`: what the run is labelled in; `made_in`: labels
    by version; `untranslatable`: findings of categories that `version` has not got, by old key;
    `unknown`: categories of it with the number of labels that do not say; `waiting`: reviews that
    are to be relabelled; `sentences`: the same in words, none where all labels say all."""
    found = [label for line in all_lines for label in line.labels]
    made_in = Counter(label.version_id for label in found)
    others = TaxonomyVersion.objects.select_related("taxonomy").in_bulk(made_in)
    data: dict[str, Any] = {
        "version": str(version),
        "digest": version.digest,
        "run": str(run.taxonomy_version),
        "made_in": {str(others[pk]): count for pk, count in made_in.most_common()},
        "untranslatable": _lost(found),
        "unknown": _unknown(version, found),
        "waiting": sum(one["count"] for one in moving.waiting(run)),
    }
    data["sentences"] = sentences(data)
    return data


def _lost(found: Sequence[Label]) -> list[dict[str, Any]]:
    counts = Counter(category for label in found for _, category in label.lost)
    rows = Category.objects.filter(pk__in=counts).values_list("pk", "key", "name")
    return [{"key": key, "name": name, "findings": counts[pk]} for pk, key, name in rows]


def _unknown(version: TaxonomyVersion, found: Sequence[Label]) -> list[dict[str, Any]]:
    foreign = [label for label in found if label.possible or label.unasked]
    if not foreign:
        return []
    rows = []
    for category in version.leaves():
        sides = ("baseline", "candidate")
        labels = sum(
            any(label.has(side, category.pk) is None for side in sides) for label in foreign
        )
        if labels:
            rows.append({"key": category.key, "name": category.name, "labels": labels})
    return rows


def sentences(data: dict[str, Any]) -> list[str]:
    """ "Shown in support@2: 41 labels were made in support@1; …" """
    version = data["version"]
    others = {name: count for name, count in data["made_in"].items() if name != version}
    parts = [
        f"{_count(count, 'label was', 'labels were')} made in {n}" for n, count in others.items()
    ]
    parts += [
        f"{_count(one['findings'], 'finding', 'findings')} of “{one['name']}” "
        f"{'has' if one['findings'] == 1 else 'have'} no category there"
        for one in data["untranslatable"]
    ]
    if groups := _grouped(data["unknown"]):
        own = version == data["run"] and data["waiting"]
        until = " until they are relabelled" if own else ""
        parts += [
            f"{names} {verb} unknown for {_count(n, 'label', 'labels')}{until}"
            for n, names, verb in groups
        ]
    if not parts:
        return []
    text = "; ".join(parts)
    said = [f"Shown in {version}: {text}."]
    if data["unknown"]:
        said.append("What is unknown is counted both ways, so those intervals are wider.")
    return said


def _grouped(unknown: Sequence[dict[str, Any]]) -> list[tuple[int, str, str]]:
    """Categories that as many labels do not say, together: (labels, names, verb)."""
    by_count: dict[int, list[str]] = {}
    for one in unknown:
        by_count.setdefault(one["labels"], []).append(f"“{one['name']}”")
    return [
        (n, f"{', '.join(names[:-1])} and {names[-1]}", "are")
        if len(names) > 1
        else (n, names[0], "is")
        for n, names in sorted(by_count.items(), reverse=True)
    ]


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
