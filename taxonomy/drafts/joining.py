"""Fewer categories, or more: removing, merging, splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from taxonomy.drafts.state import Draft, after, category, refusal
from taxonomy.drafts.tree import below, children, in_order, key_for, subtree
from taxonomy.interchange import Category, Content
from taxonomy.maps import leaves


def remove(draft: Draft, key: str, into: str = "") -> Draft:
    """Without a category, and all that is under it. Their labels become `into`, which may be the
    heading that nothing else is under; or without it they are retired."""
    one = category(draft, key)
    gone = set(subtree(draft.new, key))
    content = _without(draft.new, gone)
    if into and into not in leaves(content):
        raise refusal("into", "labels become a category that stays and is no heading; choose one")
    became = dict.fromkeys(below(draft.new, key), (into,) if into else ())
    said = f"removed “{one.name}”"
    said += f"; its labels become “{category(draft, into).name}”" if into else ""
    return after(draft, content, said, became=became)


def merge(draft: Draft, keys: Sequence[str], into: str) -> Draft:
    """Several categories become `into`: one of them, another one, or the heading that has nothing
    but them under it. A heading that is left with nothing under it goes too."""
    target = category(draft, into)
    tree = children(draft.new.categories)
    chosen = {leaf for key in keys for leaf in below(draft.new, category(draft, key).key)}
    if into in tree and not chosen >= set(below(draft.new, into)):
        raise refusal("into", f"“{target.name}” is a heading of others too; choose a category")
    gone = chosen - {into}
    if not gone:
        raise refusal("keys", "choose at least one other category that becomes it")
    # Deepest first: a heading may be left empty by another one that goes.
    for heading in reversed([one.key for one in in_order(draft.new.categories)]):
        if heading in tree and heading != into and gone.issuperset(tree[heading]):
            gone.add(heading)
    names = [one.name for one in draft.new.categories if one.key in chosen - {into}]
    said = f"merged {', '.join(f'“{name}”' for name in names)} into “{target.name}”"
    became = dict.fromkeys(chosen, (into,))
    return after(draft, _without(draft.new, gone), said, became=became)


def split(draft: Draft, key: str, names: Sequence[str]) -> Draft:
    """One category becomes several in its place, each with all that it said; one of the same name
    keeps its key. A label of it does not say which of them it is."""
    whole = category(draft, key)
    if key not in leaves(draft.new):
        raise refusal("names", f"“{whole.name}” is a heading: add a category under it instead")
    wanted = list(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
    if len(wanted) < 2:
        raise refusal("names", "write the names of at least two categories, all different")
    taken = {one.key for one in (*draft.new.categories, *draft.old.categories)}
    parts: list[Category] = []
    for name in wanted:
        same = name == whole.name
        own = key if same else key_for(name, whole.parent, taken)
        taken.add(own)
        parts.append(replace(whole, key=own, name=name, hotkey=whole.hotkey if same else ""))
    place = draft.new.categories.index(whole)
    categories = (*draft.new.categories[:place], *parts, *draft.new.categories[place + 1 :])
    said = f"split “{whole.name}” into {', '.join(f'“{name}”' for name in wanted)}"
    became = {key: tuple(part.key for part in parts)}
    return after(draft, replace(draft.new, categories=categories), said, became=became)


def _without(content: Content, gone: set[str]) -> Content:
    kept = tuple(one for one in content.categories if one.key not in gone)
    return replace(content, categories=kept)
