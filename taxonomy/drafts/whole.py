"""The draft as a whole: what it says of itself, and another content in its place."""

from __future__ import annotations

from dataclasses import replace

from taxonomy.drafts.state import Draft, after
from taxonomy.interchange import Content, as_dict, from_dict
from taxonomy.maps import Moves, leaves


def describe(draft: Draft, *, title: str, description: str, source: str) -> Draft:
    content = replace(draft.new, title=title, description=description, source=source)
    return after(draft, content, "changed title, description or source")


def replace_content(draft: Draft, content: Content, said: str) -> Draft:
    """Another content. What the draft says a category became holds on where that is still there;
    beyond that, what has the same key as in the version before is the same."""
    checked = from_dict(as_dict(content))
    before, now = leaves(draft.new), leaves(checked)
    categories = {}
    for old, targets in draft.moves.categories.items():
        kept = tuple(key for key in now if key in targets)
        told = kept or (not targets and old in before)  # it was retired on purpose
        categories[old] = kept if told else (old,) if old in now else ()
    severities = {one.key for one in checked.severities}
    return Draft(
        draft.old,
        checked,
        Moves(
            categories=categories,
            severities={
                old: new if new in severities else old if old in severities else ""
                for old, new in draft.moves.severities.items()
            },
            relabel=frozenset(key for key in draft.moves.relabel if categories[key]),
        ),
        said,
    )
