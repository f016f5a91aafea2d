"""What several fields of a content must say together."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from taxonomy.interchange.content import MAX_ITEMS, MAX_LEVELS, Content
from taxonomy.interchange.problems import Path, Problems, short


def check_agreement(content: Content, problems: Problems) -> None:
    """Keys and hotkeys are given once, every key that is named exists, parents make a tree."""
    _keys("severities", [one.key for one in content.severities], problems)
    _keys("categories", [one.key for one in content.categories], problems)
    _hotkeys(content, problems)
    _references(content, problems)
    _tree(content, problems)


def _keys(name: str, keys: Sequence[str], problems: Problems) -> None:
    first: dict[str, int] = {}
    for i, key in enumerate(keys):
        if key and first.setdefault(key, i) != i:
            other = problems.where((name, first[key], "key"))
            problems.add((name, i, "key"), f"“{key}” is taken by {other}; choose another")


def _hotkeys(content: Content, problems: Problems) -> None:
    taken: dict[str, Path] = {}
    for name in ("severities", "categories"):
        for i, one in enumerate(getattr(content, name)):
            path = (name, i, "hotkey")
            if one.hotkey and taken.setdefault(one.hotkey, path) != path:
                other = problems.where(taken[one.hotkey])
                problems.add(path, f"“{one.hotkey}” is taken by {other}; choose another")


def _references(content: Content, problems: Problems) -> None:
    categories = [one.key for one in content.categories]
    severities = [one.key for one in content.severities]
    known = {"category": set(categories), "severity": set(severities)}
    for i, one in enumerate(content.categories):
        at: Path = ("categories", i)
        if one.parent and one.parent not in known["category"]:
            _unknown((*at, "parent"), "category", one.parent, categories, problems)
        if one.default_severity and one.default_severity not in known["severity"]:
            path = (*at, "default_severity")
            _unknown(path, "severity", one.default_severity, severities, problems)
        for key in one.weights:
            if key not in known["severity"]:
                _unknown((*at, "weights", key), "severity", key, severities, problems)


def _unknown(path: Path, what: str, key: str, keys: Sequence[str], problems: Problems) -> None:
    near: list[str] = []
    if len(problems.found) < 10:  # the search is slow, and a long list of guesses no help
        some = [one for one in keys[: MAX_ITEMS["categories"]] if len(one) <= 120]
        near = difflib.get_close_matches(key[:120], some, n=1)
    hint = f"did you mean “{near[0]}”?" if near else f"write the key of a {what}"
    problems.add(path, f"there is no {what} {short(key)}; {hint}")


def _tree(content: Content, problems: Problems) -> None:
    """Walks up from each category, until one whose level is known or that was passed already."""
    first = {one.key: i for i, one in reversed(list(enumerate(content.categories)))}
    parents = {key: content.categories[i].parent for key, i in first.items()}
    level = {"": 0}
    for key in parents:
        trail: dict[str, None] = {}
        while key in parents and key not in level and key not in trail:
            trail[key] = None
            key = parents[key]
        if key in trail:
            _ring(list(trail)[list(trail).index(key) :], first, problems)
        for step in reversed(trail):
            level[step] = level.get(parents[step], 0) + 1 if key not in trail else 0
            if level[step] == MAX_LEVELS + 1:
                message = f"more than {MAX_LEVELS} levels deep; move it up"
                problems.add(("categories", first[step], "parent"), message)


def _ring(ring: list[str], first: Mapping[str, int], problems: Problems) -> None:
    """Told once, at the member that comes first; `first` is the index of each key."""
    start = min(ring, key=first.__getitem__)
    ring = ring[ring.index(start) :] + ring[: ring.index(start)] + [start]
    shown = " → ".join(ring if len(ring) < 10 else [*ring[:8], "…", start])
    message = f"a category inside itself: {shown}; give one of them another parent"
    problems.add(("categories", first[start], "parent"), message)
