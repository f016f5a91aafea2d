"""The categories of a content as a tree, by key."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

from taxonomy.interchange import Category, Content


def children(categories: Iterable[Category]) -> dict[str, list[str]]:
    """{parent, or "": keys below it, in order}; leaves have no entry."""
    found: dict[str, list[str]] = {}
    for one in categories:
        found.setdefault(one.parent, []).append(one.key)
    return found


def below(content: Content, key: str) -> list[str]:
    """The leaves under a category, in order; a leaf is its own."""
    tree = children(content.categories)
    return [one for one in _walk(tree, key) if one not in tree]


def subtree(content: Content, key: str) -> list[str]:
    """The category and all that is under it."""
    return _walk(children(content.categories), key)


def leaves_below(content: Content) -> dict[str, list[str]]:
    """{key: leaves under it} of every category, in one pass."""
    tree = children(content.categories)
    found: dict[str, list[str]] = {}
    for key in reversed(_walk(tree, "")):
        found[key] = [leaf for one in tree.get(key, []) for leaf in found[one]] or [key]
    return found


def in_order(categories: Iterable[Category]) -> tuple[Category, ...]:
    """Each category followed by those under it, siblings as they were."""
    by_key = {one.key: one for one in categories}
    return tuple(by_key[key] for key in _walk(children(by_key.values()), "") if key)


def key_for(name: str, parent: str, taken: Collection[str], limit: int = 120) -> str:
    """A key that nothing has yet: `Wrong label` under `intent` is `intent.wrong-label`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "category"
    whole = f"{parent}.{slug}" if parent else slug
    whole, key, count = whole[: limit - 4], whole[: limit - 4], 1
    while key in taken:
        count += 1
        key = f"{whole}-{count}"
    return key


def _walk(tree: dict[str, list[str]], start: str) -> list[str]:
    found, waiting = [], [start]
    while waiting:
        key = waiting.pop()
        found.append(key)
        waiting.extend(reversed(tree.get(key, [])))
    return found
