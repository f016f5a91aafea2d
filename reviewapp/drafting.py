"""What the pages of a taxonomy's draft show, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reviewapp.actions.taxonomies import DraftChanged
from reviewapp.forms.taxonomy import (
    CategoryForm,
    EditForm,
    MergeForm,
    SeverityForm,
    SeverityRemoveForm,
)
from reviewapp.labelling.labelled import findings_by_category
from taxonomy import diff, drafts, presets
from taxonomy.drafts import Draft
from taxonomy.interchange import Category
from taxonomy.maps import kinds, leaves
from taxonomy.models import DraftEdit, TaxonomyVersion


@dataclass
class Node:
    """A category in the tree. `mark` says what is new about it."""

    category: Category
    leaf: bool
    mark: str
    children: list[Node] = field(default_factory=list)


def labels_before(version: TaxonomyVersion) -> dict[str, int]:
    """Findings by the key of their category in the version that the draft is based on."""
    return findings_by_category(version.based_on) if version.based_on else {}


def consequences(draft: Draft, labels: dict[str, int]) -> dict[str, Any]:
    """What changes, what stands in the way, and the form that reviewers will have."""
    found = diff.changes(draft.old, draft.new, draft.moves, labels)
    names, kept = leaves(draft.new), {one.key: one for one in draft.new.categories}
    return {
        "changes": found,
        "warnings": diff.warnings(found),
        "problems": drafts.problems(draft),
        "notices": drafts.notices(draft),
        "keyed": [kept[key] for key in names if kept[key].hotkey],
        "others": [kept[key] for key in names if not kept[key].hotkey],
        "severities": draft.new.severities,
    }


def editor(version: TaxonomyVersion, draft: Draft, panel: EditForm | str) -> dict[str, Any]:
    """The whole editor. A constant number of queries."""
    labels = labels_before(version)
    edits = list(version.draft_edits.defer("before").order_by("-revision")[:8])
    form = panel if isinstance(panel, EditForm) else None
    name = form.panel if form else panel
    if form:
        form.initial.setdefault("revision", version.revision)
    if isinstance(form, CategoryForm) and not form.edited:
        name = "new"
    context = consequences(draft, labels) | {
        "version": version,
        "title": draft.new.title,
        "tree": tree(draft),
        "count": len(leaves(draft.new)),
        "panel": name,
        "form": form,
        "chosen": form.edited if form else "",
        "merging": form["keys"].value() if isinstance(form, MergeForm) else (),
        "came": came(draft, labels, form.edited) if form else 0,
        "edits": edits,
        "undoable": version.draft_edits.filter(undone=False, before__isnull=False).exists(),
        "theirs": form.differences() if form and form.is_bound else [],
    }
    if name == "severities":
        context |= {"rows": severity_rows(draft, form), "new": _new_severity(draft, form)}
    elif name == "labels":
        context |= {"moves": became(draft, labels)}
    elif name == "import":
        context |= {"presets": presets.names()}
    return context


def tree(draft: Draft) -> list[Node]:
    before = {one.key: one for one in draft.old.categories}
    below = drafts.children(draft.new.categories)
    coming: dict[str, list[str]] = {}
    for old, targets in draft.moves.categories.items():
        for target in targets:
            coming.setdefault(target, []).append(old)
    nodes = {}
    for one in draft.new.categories:
        olds = coming.get(one.key, [])
        sure = [key for key in olds if len(draft.moves.categories[key]) == 1]
        mark = "" if before.get(one.key) == one else "changed" if one.key in before else "new"
        mark = "changed" if mark == "new" and sure else mark  # it has another key
        nodes[one.key] = Node(one, one.key not in below, mark)
    for one in draft.new.categories:
        if one.parent:
            nodes[one.parent].children.append(nodes[one.key])
    return [nodes[key] for key in below[""]]


def came(draft: Draft, labels: dict[str, int], key: str) -> int:
    """How many labels that were made are of this category in the draft, or of those under it."""
    if key not in {one.key for one in draft.new.categories}:
        return 0
    here = set(drafts.below(draft.new, key))
    return sum(
        labels.get(old, 0)
        for old, targets in draft.moves.categories.items()
        if len(targets) == 1 and here.issuperset(targets) and old not in draft.moves.relabel
    )


def became(draft: Draft, labels: dict[str, int]) -> list[dict[str, Any]]:
    """What labels of each category of the version before become."""
    before, now = leaves(draft.old), leaves(draft.new)
    return [
        {
            "key": key,
            "name": before[key],
            "kind": str(kind),
            "labels": labels.get(key, 0),
            "targets": [now[one] for one in draft.moves.categories[key]],
            "relabel": key in draft.moves.relabel,
        }
        for key, kind in kinds(draft.moves, draft.old, draft.new).items()
    ]


def severity_rows(draft: Draft, form: EditForm | None) -> list[dict[str, Any]]:
    """A form a severity; the one that was sent stands in its place."""
    rows = []
    for one in draft.new.severities:
        own = form if isinstance(form, SeverityForm) and form.edited == one.key else None
        rows.append(
            {
                "severity": one,
                "form": own or SeverityForm(draft, one.key, auto_id=f"id_{one.key}_%s"),
                "remove": SeverityRemoveForm(draft, one.key, auto_id=f"id_{one.key}_%s"),
            }
        )
    return rows


def missed(version: TaxonomyVersion, revision: int) -> DraftChanged | None:
    """What was done to the draft since `revision`, if it is not that any more."""
    if version.revision == revision:
        return None
    edits = DraftEdit.objects.filter(version=version, revision__gt=revision)
    said = list(edits.defer("before"))
    return DraftChanged(said, version.edited_by, version.edited_at)


def _new_severity(draft: Draft, form: EditForm | None) -> EditForm:
    sent = isinstance(form, SeverityForm) and not form.edited
    return form if form and sent else SeverityForm(draft, auto_id="id_new_%s")
