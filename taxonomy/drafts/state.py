"""What a draft is, and how its map follows what is done to its categories.

A target of the map that was removed goes to what it became. A target that got categories under
it is a heading: labels of it are *spread* over all that is there, and whoever labelled is asked
again. Whatever is added under such a heading, or taken out of it, is followed; when it is a
leaf again, its labels are its own again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from taxonomy.drafts.tree import children, leaves_below
from taxonomy.interchange import (
    Category,
    Content,
    Problem,
    Severity,
    TaxonomyError,
    as_dict,
    from_dict,
)
from taxonomy.maps import Moves, by_key, leaves

#: What a version says that is based on none.
NOTHING = Content(title="", severities=(), categories=())
#: {key: what it is now}, of those that are not themselves any more.
Became = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Draft:
    """`old` is the content of the version it is based on; `said`: the last edit, in words."""

    old: Content
    new: Content
    moves: Moves
    said: str = ""


def begin(old: Content) -> Draft:
    return Draft(old, old, by_key(old, old))


def category(draft: Draft, key: str) -> Category:
    """Raises TaxonomyError."""
    found = next((one for one in draft.new.categories if one.key == key), None)
    if found is None:
        raise refusal("category", f"there is no category “{key}” in the draft")
    return found


def severity(draft: Draft, key: str) -> Severity:
    """Raises TaxonomyError."""
    found = next((one for one in draft.new.severities if one.key == key), None)
    if found is None:
        raise refusal("severity", f"there is no severity “{key}” in the draft")
    return found


def refusal(where: str, message: str) -> TaxonomyError:
    return TaxonomyError([Problem(None, where, message)])


def after(
    draft: Draft,
    content: Content,
    said: str,
    *,
    became: Became | None = None,
    severities: Mapping[str, str] | None = None,
    at: Category | Severity | None = None,
) -> Draft:
    """The draft with another content, its map followed.

    `became` is about categories (leaves, and headings with another key), `severities` about
    those that are gone or have another key; `at` is the part that was edited: problems of it are
    named by their field alone. Raises TaxonomyError.
    """
    try:
        checked = from_dict(as_dict(content))
    except TaxonomyError as error:
        raise TaxonomyError(_named(one, content, at) for one in error.problems) from None
    moves = _followed(draft, checked, became or {}, severities or {})
    return Draft(draft.old, checked, moves, said)


def _followed(
    draft: Draft, content: Content, became: Became, severities: Mapping[str, str]
) -> Moves:
    now = leaves_below(content)
    place = {key: i for i, key in enumerate(leaves(content))}
    headings = _spread(draft)
    categories, relabel = {}, set()
    for old, targets in draft.moves.categories.items():
        heading = headings.get(old, "")
        heading = became.get(heading, (heading,))[0] if heading else ""
        if heading and heading in now:
            reached = set(now[heading])
            again = heading not in place and len(reached) == 1
        else:
            kept = [one for target in targets for one in became.get(target, (target,))]
            reached = {leaf for one in kept for leaf in now.get(one, ())}
            opened = any(one in now and one not in place for one in kept)
            again = old in draft.moves.relabel or (opened and len(reached) == 1)
        categories[old] = tuple(sorted(reached, key=place.__getitem__))
        relabel.update([old] if again and reached else [])
    known = {one.key for one in content.severities}
    steps = {old: severities.get(new, new) for old, new in draft.moves.severities.items()}
    return Moves(
        categories=categories,
        severities={old: new if new in known else "" for old, new in steps.items()},
        relabel=frozenset(relabel),
    )


def _spread(draft: Draft) -> dict[str, str]:
    """{old category: the heading over all of whose leaves its labels are spread}."""
    unsure = {
        old: frozenset(targets)
        for old, targets in draft.moves.categories.items()
        if len(targets) > 1 or old in draft.moves.relabel
    }
    if not unsure:
        return {}
    before = children(draft.old.categories)
    tree = children(draft.new.categories)
    now = leaves_below(draft.new)
    # Deeper headings come later in the content's order and win over those above them.
    found = {frozenset(now[key]): key for key in now if key in tree and key not in before and key}
    own = {key for key in unsure if key in tree and unsure[key] == frozenset(now[key])}
    return {
        old: old if old in own else found[targets]
        for old, targets in unsure.items()
        if old in own or targets in found
    }


def relabelled(draft: Draft, key: str, changed: bool) -> Draft:
    """Whether what `key` means is another thing than what its labels said."""
    told = {old for old, targets in draft.moves.categories.items() if targets == (key,)}
    relabel = draft.moves.relabel | told if changed else draft.moves.relabel - told
    return replace(draft, moves=replace(draft.moves, relabel=relabel))


_PART = re.compile(r"(categories|severities)\[(\d+)\]\.?")


def _named(problem: Problem, content: Content, at: Category | Severity | None) -> Problem:
    """With names in place of `categories[3]`, which nobody sees in an editor."""

    def part(found: re.Match[str]) -> Category | Severity:
        one: Category | Severity = getattr(content, found[1])[int(found[2])]
        return one

    def name(one: Category | Severity) -> str:
        return f"“{one.name or one.key}”"

    here, other = _PART.match(problem.path), _PART.search(problem.message)
    if here is None:
        return problem
    field = problem.path[here.end() :]
    # Of two that clash the later one is told; who edits the first is told of that as well.
    clash = other is not None and part(other) is at
    means = part(here) if clash else None
    message = _PART.sub(lambda found: name(means or part(found)), problem.message)
    if clash or part(here) is at:
        return Problem(None, field, message)
    return Problem(None, ", ".join(filter(None, (name(part(here)), field))), message)
