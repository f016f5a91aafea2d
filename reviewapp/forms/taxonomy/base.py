"""What the forms of the taxonomy editor have in common: each is one edit of the draft."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, ClassVar

from django import forms

from taxonomy import drafts
from taxonomy.drafts import Draft
from taxonomy.interchange import TaxonomyError


class EditForm(forms.Form):
    """One edit. `of` is the key of what is `edited`; `panel` the part of the page that shows it."""

    panel: ClassVar[str]
    revision = forms.IntegerField(widget=forms.HiddenInput)
    of = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, draft: Draft, of: str = "", data: Any = None, **kwargs: Any) -> None:
        self.draft, self.edited = draft, of
        super().__init__(data, **kwargs)
        self.initial.setdefault("of", of)
        self.arrange()

    def arrange(self) -> None:
        """Choices and first values, from the draft. Raises TaxonomyError where `of` is gone."""

    def change(self, draft: Draft) -> Draft:
        """The edit. Raises TaxonomyError."""
        raise NotImplementedError

    def goes_to(self, draft: Draft) -> str:
        """The key of the category to show after the edit that made `draft`."""
        return self.edited if self.edited in {one.key for one in draft.new.categories} else ""

    def tell(self, error: TaxonomyError) -> None:
        """Puts what is wrong beside its field, or above them all."""
        for problem in error.problems:
            field, _, rest = problem.path.partition(".")
            field = f"weight-{rest}" if field == "weights" else field.split("[")[0]
            if field in self.fields:
                self.add_error(field, f"{problem.message[:1].upper()}{problem.message[1:]}.")
            else:
                said = re.sub(r"^examples\[(\d+)\]\.", _example, str(problem))
                self.add_error(None, f"{said}.")

    def differences(self) -> list[tuple[str, str, str]]:
        """(field, what is stored now, what was sent) wherever the two differ."""
        found = []
        for name, field in self.fields.items():
            if name in ("revision", "of") or isinstance(field.widget, forms.HiddenInput):
                continue
            theirs, mine = self.get_initial_for_field(field, name), self[name].data
            if field.has_changed(theirs, mine):
                found.append((str(field.label or name), shown(theirs), shown(mine)))
        return found


def _example(found: re.Match[str]) -> str:
    return f"Example {int(found[1]) + 1}, "


def shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool) or value is None:
        return "yes" if value else ""
    return str(value)


def text(label: str, *, rows: int = 2, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        required=kwargs.pop("required", False),
        widget=forms.Textarea(attrs={"rows": rows}),
        **kwargs,
    )


def indented(draft: Draft, without: Collection[str] = ()) -> list[tuple[str, str]]:
    """Categories as a choice shows a tree."""
    tree = drafts.children(draft.new.categories)
    names = {one.key: one.name for one in draft.new.categories}
    found: list[tuple[str, str]] = []

    def add(parent: str, level: int) -> None:
        for key in tree.get(parent, []):
            if key not in without:
                found.append((key, "\u2003" * level + names[key]))
                add(key, level + 1)

    add("", 0)
    return found
