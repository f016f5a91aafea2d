"""What changed between two versions, in words: for the page, the command and the API.

A sentence names categories as people see them and says what becomes of the labels that were made.
What may change the meaning of a label that was made is a *warning*; nothing else is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taxonomy.maps import Kind, Moves, by_key, kinds, leaves

if TYPE_CHECKING:  # interchange stores maps
    from taxonomy.interchange.content import Category, Content

INFO, WARNING = "info", "warning"


@dataclass(frozen=True)
class Change:
    """`kind`: one of KINDS. `old` and `new` are the keys it is about, `labels` how many labels were
    made of them."""

    kind: str
    sentence: str
    level: str = INFO
    old: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    labels: int = 0


#: In the order in which they are told.
KINDS = (
    "unmapped",
    "merged",
    "split",
    "relabel",
    "retired",
    "renamed",
    "definition",
    "added",
    "moved",
    "heading",
    "critical",
    "evidence",
    "weight",
    "default",
    "hotkey",
    "examples",
    "order",
    "severity",
    "about",
)


def changes(
    old: Content, new: Content, moves: Moves | None, labels: Mapping[str, int]
) -> list[Change]:
    """From `old` to `new`, which need not be neighbours (taxonomy.translation composes maps).
    `labels`: how many were made of each category of `old`, by key. Without `moves` the versions
    are compared by key, which is said: no label follows."""
    if moves is None:
        moves, labels = by_key(old, new), {}
        found = [Change("unmapped", _UNMAPPED, WARNING)]
    else:
        found = []
    found += _moves(old, new, moves, labels)
    found += _parts(old, new, moves, labels)
    found += _headings(old, new)
    found += _severities(old, new, moves, sum(labels.values()))
    found += _about(old, new)
    return sorted(found, key=lambda change: KINDS.index(change.kind))


def warnings(found: Iterable[Change]) -> list[Change]:
    """Those that a person has to confirm."""
    return [change for change in found if change.level == WARNING]


def listed(names: Iterable[str]) -> str:
    """“A”, “B” and “C”."""
    *first, last = [f"“{name}”" for name in names]
    return f"{', '.join(first)} and {last}" if first else last


def counted(count: int, one: str = "label") -> str:
    return f"{count:,} {one}" if count == 1 else f"{count:,} {one}s"


def _moves(old: Content, new: Content, moves: Moves, labels: Mapping[str, int]) -> Iterator[Change]:
    before, after = leaves(old), leaves(new)
    merged: dict[str, list[str]] = {}
    for key, kind in kinds(moves, old, new).items():
        targets = moves.categories.get(key, ())
        names = listed(after[one] for one in targets) if targets else ""
        count = labels.get(key, 0)
        level = WARNING if count else INFO
        if kind is Kind.MERGED:
            merged.setdefault(targets[0], []).append(key)
        elif kind is Kind.SPLIT and len(targets) > 1:
            text = f"split “{before[key]}” into {names}"
            if key in moves.relabel:
                text += " (or none of them)"
            yield Change("split", text + _again(count), level, (key,), targets, count)
        elif kind is Kind.SPLIT:
            text = f"“{before[key]}” means something else now"
            if before[key] != after[targets[0]]:
                text = f"“{before[key]}” became {names}, which means something else"
            yield Change("relabel", text + _again(count), level, (key,), targets, count)
        elif kind is Kind.RETIRED:
            text = f"retired “{before[key]}”"
            if count:
                keep = "keeps it" if count == 1 else "keep it"
                text += f"; {counted(count)} {keep} and cannot be shown in the new version"
            if key in after:
                text += f"; “{after[key]}”, which has its key now, is another category"
            yield Change("retired", text, level, (key,), (), count)
        elif kind is Kind.RENAMED:
            text = f"renamed “{before[key]}” to {names}"
            if before[key] == after[targets[0]]:
                text = f"changed the key of “{before[key]}” from {key} to {targets[0]}"
            yield Change("renamed", text + _follow(count), INFO, (key,), targets, count)
    for target, keys in merged.items():
        count = sum(labels.get(key, 0) for key in keys)
        text = f"merged {listed(before[key] for key in keys)} into “{after[target]}”"
        yield Change("merged", text + _follow(count), INFO, tuple(keys), (target,), count)
    said = {target for targets in moves.categories.values() for target in targets}
    for key, name in after.items():
        if key not in said:
            yield Change("added", f"added “{name}”", new=(key,))


def _parts(old: Content, new: Content, moves: Moves, labels: Mapping[str, int]) -> Iterator[Change]:
    """What else changed about a category that went on, alone, as one."""
    before = {one.key: one for one in old.categories}
    after = {one.key: one for one in new.categories}
    goes_on = {
        key: moves.categories[key][0]
        for key, kind in kinds(moves, old, new).items()
        if kind in (Kind.KEPT, Kind.RENAMED)
    }
    for key, target in goes_on.items():
        count = labels.get(key, 0)
        for kind, level, text in _differences(before[key], after[target], after, count):
            yield Change(kind, text, level, (key,), (target,), count)
    order = [one.key for one in new.categories]
    places = [order.index(target) for target in goes_on.values()]
    if places != sorted(places):
        yield Change("order", "the categories stand in another order")


def _differences(
    old: Category, new: Category, after: Mapping[str, Category], labels: int
) -> Iterator[tuple[str, str, str]]:
    name = f"“{new.name}”"
    told = [what for field, what in _MEANING.items() if _other_words(old, new, field)]
    if told:
        text = f"changed {' and '.join(told)} of {name}"
        if labels:
            stand = "stands" if labels == 1 else "stand"
            text += f"; {counted(labels)} {stand} on the old text: {_WHAT_TO_DO}"
        yield "definition", WARNING if labels else INFO, text
    if old.parent != new.parent:
        under = f"under “{after[new.parent].name}”" if new.parent else "to the top"
        yield "moved", INFO, f"moved {name} {under}"
    if old.critical != new.critical:
        yield "critical", INFO, f"{name} is {'now' if new.critical else 'no longer'} critical"
    if old.evidence_required != new.evidence_required:
        now = "now needs" if new.evidence_required else "no longer needs"
        yield "evidence", INFO, f"{name} {now} marked evidence"
    if dict(old.weights) != dict(new.weights):
        own = ", ".join(f"{key} {_number(one)}" for key, one in new.weights.items())
        now = f"weighs {own} now" if own else "weighs as the severities do now"
        yield "weight", INFO, f"{name} {now}"
    if old.default_severity != new.default_severity:
        now = f"is {new.default_severity} now" if new.default_severity else "is left open now"
        yield "default", INFO, f"the usual severity of {name} {now}"
    if old.hotkey != new.hotkey:
        yield "hotkey", INFO, _hotkey(name, old.hotkey, new.hotkey)
    if old.examples != new.examples:
        yield "examples", INFO, f"changed the worked examples of {name}"


def _headings(old: Content, new: Content) -> Iterator[Change]:
    before, after = (
        {one.key: one for one in content.categories if one.key not in leaves(content)}
        for content in (old, new)
    )
    for key, one in before.items():
        if key not in after:
            yield Change("heading", f"took away the heading “{one.name}”", old=(key,))
        elif one.name != after[key].name:
            text = f"renamed the heading “{one.name}” to “{after[key].name}”"
            yield Change("heading", text, old=(key,), new=(key,))
        elif one.parent != after[key].parent:
            text = f"moved the heading “{one.name}”"
            yield Change("heading", text, old=(key,), new=(key,))
    for key, one in after.items():
        if key not in before:
            yield Change("heading", f"added the heading “{one.name}”", new=(key,))


def _severities(old: Content, new: Content, moves: Moves, labels: int) -> Iterator[Change]:
    after = {one.key: one for one in new.severities}
    takers = Counter(moves.severities.values())
    for one in old.severities:
        target = moves.severities.get(one.key, "")
        name = f"the severity “{one.name}”"
        if target not in after:
            text = f"retired {name}"
            if labels:
                text += "; labels that have it have none in the new version"
            yield Change("severity", text, WARNING if labels else INFO, (one.key,))
            continue
        now, keys = after[target], ((one.key,), (target,))
        if takers[target] > 1 and one.key != target:
            text = f"merged {name} into “{now.name}”, which weighs {_number(now.weight)}"
            yield Change("severity", text, INFO, *keys)
            continue
        if one.name != now.name:
            yield Change("severity", f"renamed {name} to “{now.name}”", INFO, *keys)
        elif one.key != target:
            text = f"changed the key of {name} from {one.key} to {target}"
            yield Change("severity", text, INFO, *keys)
        if one.weight != now.weight:
            text = f"“{now.name}” weighs {_number(now.weight)} instead of {_number(one.weight)}"
            yield Change("severity", text, INFO, *keys)
        if one.hotkey != now.hotkey:
            yield Change("hotkey", _hotkey(f"“{now.name}”", one.hotkey, now.hotkey), INFO, *keys)
    for key, one in after.items():
        if key not in takers:
            text = f"added the severity “{one.name}”, which weighs {_number(one.weight)}"
            yield Change("severity", text, new=(key,))


def _about(old: Content, new: Content) -> Iterator[Change]:
    if old.title != new.title:
        yield Change("about", f"renamed the taxonomy “{old.title}” to “{new.title}”")
    for field in ("description", "source"):
        if getattr(old, field) != getattr(new, field):
            yield Change("about", f"changed the {field} of the taxonomy")


def _other_words(old: Category, new: Category, field: str) -> bool:
    """Whether a text says something else, wherever its lines break."""
    return str(getattr(old, field)).split() != str(getattr(new, field)).split()


def _follow(count: int) -> str:
    return f"; {counted(count)} {'follows' if count == 1 else 'follow'}" if count else ""


def _again(count: int) -> str:
    goes = "goes" if count == 1 else "go"
    return f"; {counted(count)} {goes} back to the queue" if count else ""


def _hotkey(name: str, old: str, new: str) -> str:
    if not new:
        return f"{name} has no key any more; it was “{old}”"
    return f"{name} has the key “{new}”" + (f" instead of “{old}”" if old else " now")


def _number(weight: object) -> str:
    text = str(weight)
    return text.rstrip("0").rstrip(".") if "." in text else text


_MEANING = {
    "definition": "the definition",
    "use_when": "when to use it",
    "avoid_when": "when not to use it",
}
_WHAT_TO_DO = (
    "confirm if only the words changed, call it relabel if some of what it meant is left out now, "
    "and give it a new key if it takes in more"
)
_UNMAPPED = "no map leads from the one to the other: they are compared by key, and no label follows"
