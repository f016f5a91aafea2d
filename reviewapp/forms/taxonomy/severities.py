"""Severities."""

from __future__ import annotations

from typing import Any

from django import forms

from reviewapp.forms.taxonomy.base import EditForm
from taxonomy import drafts
from taxonomy.drafts import Draft


class SeverityForm(EditForm):
    """One row of the table; without `of` it is a new one."""

    panel = "severities"
    name = forms.CharField(max_length=80)
    key = forms.CharField(required=False, max_length=60)
    weight = forms.DecimalField(min_value=0, max_digits=8, decimal_places=3)
    hotkey = forms.CharField(required=False)

    def arrange(self) -> None:
        self.severity = drafts.severity(self.draft, self.edited) if self.edited else None
        if self.severity:
            weight = self.severity.weight.normalize()
            self.initial.update({**vars(self.severity), "weight": f"{weight:f}"})

    def change(self, draft: Draft) -> Draft:
        names = ("name", "key", "weight", "hotkey")
        sent: dict[str, Any] = {name: self.cleaned_data[name] for name in names}
        if self.severity is None:
            return drafts.add_severity(draft, **sent)
        return drafts.edit_severity(
            draft, self.edited, **{**sent, "key": sent["key"] or self.edited}
        )


class SeverityMoveForm(EditForm):
    panel = "severities"
    way = forms.ChoiceField(choices=[("up", "Up"), ("down", "Down")])

    def change(self, draft: Draft) -> Draft:
        return drafts.move_severity(draft, self.edited, self.cleaned_data["way"])


class SeverityRemoveForm(EditForm):
    panel = "severities"
    into = forms.ChoiceField(required=False, label="Its labels")

    def arrange(self) -> None:
        rest = [one for one in self.draft.new.severities if one.key != self.edited]
        into: Any = self.fields["into"]
        into.choices = [("", "have none"), *((one.key, f"become {one.name}") for one in rest)]

    def change(self, draft: Draft) -> Draft:
        return drafts.remove_severity(draft, self.edited, self.cleaned_data["into"])
