"""What stands in the way of publishing a draft, and what somebody should look at before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from taxonomy.drafts.state import Draft
from taxonomy.drafts.tree import children
from taxonomy.maps import leaves


def problems(draft: Draft) -> list[str]:
    """Why it cannot be published; nothing where it can."""
    if draft.new == draft.old:
        return ["It says the same as the version that it is based on: there is nothing to publish."]
    return [*_alike(draft, "definition"), *_alike(draft, "name")]


def notices(draft: Draft) -> list[str]:
    """What may not be meant."""
    now, names = leaves(draft.new), {one.key: one.name for one in draft.new.categories}
    tree, before = children(draft.new.categories), children(draft.old.categories)
    said = [
        f"“{names[key]}” was a heading and has nothing under it: reviewers can choose it now."
        for key in now
        if key in before
    ]
    said += [
        f"“{one.name}” is a heading: its hotkey {one.hotkey} does nothing."
        for one in draft.new.categories
        if one.key in tree and one.hotkey
    ]
    said += [
        f"“{now[key]}” has the key of a category that was retired: earlier labels are not its own."
        for key, targets in draft.moves.categories.items()
        if key in now and not targets
    ]
    return said


def _alike(draft: Draft, field: str) -> Iterator[str]:
    """Categories that reviewers cannot tell apart, but for those that always were so."""
    tree = children(draft.new.categories)
    same: dict[str, list[str]] = defaultdict(list)
    for one in draft.new.categories:
        if one.key not in tree:
            same[getattr(one, field)].append(one.key)
    before = {one.key: getattr(one, field) for one in draft.old.categories}
    names = leaves(draft.new)
    for value, keys in same.items():
        if len(keys) > 1 and any(before.get(key) != value for key in keys):
            shown = " and ".join(f"“{names[key]}”" for key in keys[:4])
            where = f"{len(keys)} categories are called “{value}”" if field == "name" else shown
            what = "give each its own" if field == "name" else "say what tells them apart"
            yield f"{where}{'' if field == 'name' else ' have the same definition'}: {what}."
