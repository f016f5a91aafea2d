"""Forms of the taxonomy editor: what is sent becomes one edit of the draft (taxonomy.drafts).

They check only what a form can know; the rest is told by the edit, and put beside its field.
"""

from reviewapp.forms.taxonomy.base import EditForm
from reviewapp.forms.taxonomy.category import CategoryForm, MoveForm
from reviewapp.forms.taxonomy.joining import AssignForm, MergeForm, RemoveForm, SplitForm
from reviewapp.forms.taxonomy.severities import (
    SeverityForm,
    SeverityMoveForm,
    SeverityRemoveForm,
)
from reviewapp.forms.taxonomy.whole import AboutForm, ImportForm, PresetForm

#: By the last part of the address that takes it.
FORMS: dict[str, type[EditForm]] = {
    "category": CategoryForm,
    "move": MoveForm,
    "remove": RemoveForm,
    "merge": MergeForm,
    "split": SplitForm,
    "assign": AssignForm,
    "about": AboutForm,
    "import": ImportForm,
    "preset": PresetForm,
    "severity": SeverityForm,
    "severity-move": SeverityMoveForm,
    "severity-remove": SeverityRemoveForm,
}

__all__ = [
    "FORMS",
    "AboutForm",
    "AssignForm",
    "CategoryForm",
    "EditForm",
    "ImportForm",
    "MergeForm",
    "MoveForm",
    "PresetForm",
    "RemoveForm",
    "SeverityForm",
    "SeverityMoveForm",
    "SeverityRemoveForm",
    "SplitForm",
]
