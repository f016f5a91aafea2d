"""The severities of a draft."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from taxonomy.drafts.state import Draft, after, refusal, severity
from taxonomy.drafts.tree import key_for
from taxonomy.interchange import Category, Content, Severity


def edit_severity(draft: Draft, key: str, /, **fields: Any) -> Draft:
    """Other values for some fields; with another name or key its labels stay what they were."""
    before = severity(draft, key)
    new = replace(before, **fields)
    new = replace(new, key=new.key.strip())
    content = replace(
        draft.new,
        severities=tuple(new if one.key == key else one for one in draft.new.severities),
        categories=tuple(_refer(one, key, new.key) for one in draft.new.categories),
    )
    if before.name != new.name:
        said = f"renamed severity “{before.name}” to “{new.name}”"
    else:
        said = f"changed severity “{new.name}”"
    if before.weight != new.weight:
        said += f"; it weighs {new.weight.normalize():f} instead of {before.weight.normalize():f}"
    return after(draft, content, said, severities={key: new.key}, at=new)


def add_severity(
    draft: Draft, *, name: str, weight: Decimal, key: str = "", hotkey: str = ""
) -> Draft:
    """A new one, the last."""
    key = key.strip()
    taken = {one.key for one in (*draft.new.severities, *draft.old.severities)}
    if key in {one.key for one in draft.new.severities}:
        raise refusal("key", f"“{key}” is taken by “{severity(draft, key).name}”; choose another")
    key = key or key_for(name, "", taken, limit=60)
    new = Severity(key=key, name=name, weight=weight, hotkey=hotkey)
    content = replace(draft.new, severities=(*draft.new.severities, new))
    return after(draft, content, f"added severity “{name}”", at=new)


def remove_severity(draft: Draft, key: str, into: str = "") -> Draft:
    """Without it; its labels become `into`, or have no severity in the new version. Categories
    that usually have it usually have `into`."""
    one = severity(draft, key)
    if into and (into == key or not severity(draft, into)):
        raise refusal("into", "labels become a severity that stays; choose another")
    content = replace(
        draft.new,
        severities=tuple(other for other in draft.new.severities if other.key != key),
        categories=tuple(_refer(other, key, into) for other in draft.new.categories),
    )
    if not content.severities:
        raise refusal("severity", "this is the last severity; there must be at least one")
    said = f"removed severity “{one.name}”"
    said += f"; its labels become “{severity(draft, into).name}”" if into else ""
    return after(draft, content, said, severities={key: into})


def move_severity(draft: Draft, key: str, way: str) -> Draft:
    """`up` or `down`."""
    one, order = severity(draft, key), list(draft.new.severities)
    place = order.index(one)
    other = place + {"up": -1, "down": 1}.get(way, len(order))
    if not 0 <= other < len(order):
        raise refusal("move", f"“{one.name}” cannot go further {way}")
    order[place], order[other] = order[other], order[place]
    content: Content = replace(draft.new, severities=tuple(order))
    return after(draft, content, f"moved severity “{one.name}” {way}")


def _refer(one: Category, key: str, new: str) -> Category:
    """The category with `new` wherever it named the severity `key`; "" takes the name out."""
    weights = {new if name == key else name: weight for name, weight in one.weights.items()}
    if new != key and (not new or new in one.weights):  # its own weight of `new` stays
        weights = {name: weight for name, weight in one.weights.items() if name != key}
    usual = new if one.default_severity == key else one.default_severity
    return replace(one, default_severity=usual, weights=weights)
