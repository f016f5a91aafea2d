"""One category: its fields, its place, what earlier labels become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from taxonomy.drafts.state import Draft, after, category, refusal, relabelled
from taxonomy.drafts.tree import children, in_order, key_for, subtree
from taxonomy.interchange import Category
from taxonomy.maps import Moves, leaves

#: How the fields are called in a sentence.
FIELDS = {
    "definition": "definition",
    "use_when": "“use when”",
    "avoid_when": "“not when”",
    "examples": "examples",
    "critical": "whether it is critical",
    "evidence_required": "whether evidence is required",
    "default_severity": "usual severity",
    "hotkey": "hotkey",
    "weights": "weights",
    "parent": "place",
}


def edit(draft: Draft, key: str, /, *, meaning_changed: bool | None = None, **fields: Any) -> Draft:
    """Other values for some fields of a category. With another name or key it stays what it was,
    unless `meaning_changed`: then its labels are asked for again. None leaves that as it is."""
    before = category(draft, key)
    new = replace(before, **fields)
    new = replace(new, key=new.key.strip())
    inside = set(subtree(draft.new, key))
    if new.parent in inside:
        raise refusal("parent", "a category cannot be under itself; choose another place")
    if new.parent:
        category(draft, new.parent)
    renamed = [_renamed_parent(one, key, new.key) for one in _all(draft) if one.key != key]
    place = [one.key for one in _all(draft)].index(key)
    categories: Sequence[Category] = [*renamed[:place], new, *renamed[place:]]
    if new.parent != before.parent:  # it goes last, with all that is under it
        moved = [one for one in categories if one is new or one.key in inside]
        kept = [one for one in categories if one is not new and one.key not in inside]
        categories = [*kept, *moved]
    became = {key: (new.key,)} if new.key != key else {}
    content = replace(draft.new, categories=tuple(categories))
    edited = after(draft, content, "", became=became, at=new)
    if meaning_changed is not None:
        edited = relabelled(edited, new.key, meaning_changed)
    return replace(edited, said=_edited(draft, edited, before, category(edited, new.key)))


def add(
    draft: Draft,
    *,
    name: str,
    definition: str,
    parent: str = "",
    beside: str = "",
    key: str = "",
    **fields: Any,
) -> Draft:
    """A new category: right after `beside`, at its level, or else the last under `parent`. Under
    a leaf it makes a heading of that. Without a key it gets one from its name."""
    if beside:
        parent = category(draft, beside).parent
    elif parent:
        category(draft, parent)
    taken = {one.key for one in _all(draft)} | {one.key for one in draft.old.categories}
    key = key.strip() or key_for(name, parent, taken)
    new = Category(key=key, name=name, definition=definition, parent=parent, **fields)
    if key in {one.key for one in _all(draft)}:
        raise refusal("key", f"“{key}” is taken by “{category(draft, key).name}”; choose another")
    place = [one.key for one in _all(draft)].index(beside) + 1 if beside else len(_all(draft))
    categories = in_order([*_all(draft)[:place], new, *_all(draft)[place:]])
    content = replace(draft.new, categories=categories)
    return after(draft, content, f"added “{name}”", at=new)


def move(draft: Draft, key: str, way: str) -> Draft:
    """`up` or `down` among its siblings, `in` under the one before it, `out` beside its heading."""
    one = category(draft, key)
    tree = children(_all(draft))
    siblings = tree[one.parent]
    place = siblings.index(key)
    parent, said = one.parent, f"moved “{one.name}” {way}"
    if way in ("up", "down"):
        other = place + (1 if way == "down" else -1)
        if not 0 <= other < len(siblings):
            raise refusal("move", f"“{one.name}” is the {'last' if place else 'first'} already")
        siblings[place], siblings[other] = siblings[other], siblings[place]
    elif way == "in":
        if place == 0:
            raise refusal("move", f"nothing stands before “{one.name}” that it could go under")
        parent = siblings[place - 1]
        said = f"moved “{one.name}” under “{category(draft, parent).name}”"
        siblings.remove(key)
        tree.setdefault(parent, []).append(key)
    elif way == "out":
        if not one.parent:
            raise refusal("move", f"“{one.name}” is at the top already")
        heading = category(draft, one.parent)
        parent, said = heading.parent, f"moved “{one.name}” out of “{heading.name}”"
        siblings.remove(key)
        beside = tree[parent]
        beside.insert(beside.index(heading.key) + 1, key)
    else:
        raise refusal("move", f"“{way}” is no way to move: up, down, in or out")
    new = replace(one, parent=parent)
    by_key = {two.key: two for two in _all(draft)} | {key: new}
    ordered = [by_key[name] for keys in tree.values() for name in keys]
    content = replace(draft.new, categories=in_order(ordered))
    return after(draft, content, said, at=new)


def assign(draft: Draft, old: str, targets: Sequence[str], *, relabel: bool = False) -> Draft:
    """What labels of a category of the version before become: nothing, one, or several."""
    before, now = leaves(draft.old), leaves(draft.new)
    if old not in before:
        raise refusal("old", f"“{old}” is no category of the version before")
    if missing := [one for one in targets if one not in now]:
        raise refusal("targets", f"“{missing[0]}” is no category of the draft, or a heading")
    wanted = tuple(key for key in now if key in set(targets))
    names = " or ".join(f"“{now[key]}”" for key in wanted) or "nothing"
    again = draft.moves.relabel | {old} if relabel and wanted else draft.moves.relabel - {old}
    moves = Moves({**draft.moves.categories, old: wanted}, draft.moves.severities, again)
    asked = ", to be labelled again" if old in again and len(wanted) == 1 else ""
    return Draft(draft.old, draft.new, moves, f"labels of “{before[old]}” become {names}{asked}")


def _all(draft: Draft) -> tuple[Category, ...]:
    return draft.new.categories


def _renamed_parent(one: Category, key: str, new: str) -> Category:
    return replace(one, parent=new) if one.parent == key != new else one


def _edited(draft: Draft, edited: Draft, before: Category, now: Category) -> str:
    said = []
    if before.name != now.name:
        said.append(f"renamed “{before.name}” to “{now.name}”")
    if before.key != now.key:
        said.append(f"changed the key of “{now.name}” from {before.key} to {now.key}")
    different = [
        word for name, word in FIELDS.items() if getattr(before, name) != getattr(now, name)
    ]
    if different:
        said.append(f"changed {_and(different)} of “{now.name}”")
    if edited.moves.relabel - draft.moves.relabel:
        said.append(f"said that “{now.name}” means another thing now")
    elif draft.moves.relabel - edited.moves.relabel:
        said.append(f"said that “{now.name}” means what it meant")
    return "; ".join(said) or f"changed nothing of “{now.name}”"


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
