"""Removing, merging and splitting categories, and what earlier labels become."""

from __future__ import annotations

from typing import Any

from django import forms

from reviewapp.forms.taxonomy.base import EditForm, indented
from taxonomy import drafts
from taxonomy.drafts import Draft
from taxonomy.interchange import Category
from taxonomy.maps import leaves


class RemoveForm(EditForm):
    panel = "remove"
    into = forms.ChoiceField(required=False, label="Its labels")

    def arrange(self) -> None:
        self.category: Category = drafts.category(self.draft, self.edited)
        gone = set(drafts.subtree(self.draft.new, self.edited))
        self.below = len(gone) - 1
        parent = self.category.parent
        alone = parent and set(drafts.children(self.draft.new.categories)[parent]) == {self.edited}
        more = [(parent, drafts.category(self.draft, parent).name)] if alone else []
        rest = [one for one in leaves(self.draft.new).items() if one[0] not in gone]
        into: Any = self.fields["into"]
        into.choices = [
            ("", "are retired: nothing takes its place"),
            *((key, f"become {name}") for key, name in (*more, *rest)),
        ]

    def change(self, draft: Draft) -> Draft:
        return drafts.remove(draft, self.edited, self.cleaned_data["into"])

    def goes_to(self, draft: Draft) -> str:
        return self.cleaned_data["into"] or self.category.parent


class MergeForm(EditForm):
    panel = "merge"
    keys = forms.MultipleChoiceField(
        label="These", widget=forms.CheckboxSelectMultiple, required=False
    )
    into = forms.ChoiceField(label="Become")

    def arrange(self) -> None:
        chosen = self.initial.get("keys", ())
        every = [(one.key, one.name) for one in self.draft.new.categories]
        every.sort(key=lambda choice: choice[0] not in chosen)  # those that are chosen come first
        keys: Any = self.fields["keys"]
        into: Any = self.fields["into"]
        keys.choices = every
        into.choices = [("", "choose one …"), *indented(self.draft)]

    def change(self, draft: Draft) -> Draft:
        return drafts.merge(draft, self.cleaned_data["keys"], self.cleaned_data["into"])

    def goes_to(self, draft: Draft) -> str:
        return str(self.cleaned_data["into"])


class SplitForm(EditForm):
    panel = "split"
    names = forms.CharField(
        label="Its parts, one a line",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="A part with the name that it has now keeps its key. Each begins with all that "
        "it says; then say what tells them apart.",
    )

    def arrange(self) -> None:
        self.category = drafts.category(self.draft, self.edited)
        self.initial.setdefault("names", f"{self.category.name}\n")

    def change(self, draft: Draft) -> Draft:
        return drafts.split(draft, self.edited, self.cleaned_data["names"].splitlines())

    def goes_to(self, draft: Draft) -> str:
        before = {one.key for one in self.draft.new.categories}
        return next(one.key for one in draft.new.categories if one.key not in before)


class AssignForm(EditForm):
    """What labels of a category of the version before become."""

    panel = "assign"
    targets = forms.MultipleChoiceField(
        label="Become", required=False, widget=forms.CheckboxSelectMultiple
    )
    relabel = forms.BooleanField(
        required=False,
        label="Some of what it meant is in none of these: its labels are asked for again",
    )

    def arrange(self) -> None:
        targets: Any = self.fields["targets"]
        targets.choices = list(leaves(self.draft.new).items())
        self.name = leaves(self.draft.old).get(self.edited, self.edited)
        self.initial.update(
            {
                "targets": list(self.draft.moves.categories.get(self.edited, ())),
                "relabel": self.edited in self.draft.moves.relabel,
            }
        )

    def change(self, draft: Draft) -> Draft:
        sent = self.cleaned_data
        return drafts.assign(draft, self.edited, sent["targets"], relabel=sent["relabel"])

    def goes_to(self, draft: Draft) -> str:
        return next(iter(self.cleaned_data["targets"]), "")
