"""A category: its fields, and its place."""

from __future__ import annotations

from typing import Any

from django import forms

from reviewapp.forms.taxonomy.base import EditForm, indented, text
from taxonomy import drafts
from taxonomy.drafts import Draft
from taxonomy.interchange import MAX_ITEMS, Example

WAYS = [("up", "Up"), ("down", "Down"), ("in", "In"), ("out", "Out")]


class CategoryForm(EditForm):
    """A category's fields; one without `of` is new and stands `beside` another, or `under` it."""

    panel = "category"
    beside = forms.CharField(widget=forms.HiddenInput, required=False)
    under = forms.CharField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(max_length=80)
    key = forms.CharField(required=False, max_length=120)
    definition = text("Definition", rows=3, required=True)
    use_when = text("Use when")
    avoid_when = text("Not when")
    critical = forms.BooleanField(required=False, label="Critical: one of these can stop a release")
    evidence_required = forms.BooleanField(
        required=False, label="Evidence is required: the reviewer marks where it is"
    )
    default_severity = forms.ChoiceField(required=False, label="Usual severity")
    hotkey = forms.CharField(required=False)
    parent = forms.ChoiceField(required=False, label="Under")
    meaning_changed = forms.BooleanField(
        required=False,
        label="Its meaning changed: some of what it meant is left out now, so labels of it are "
        "asked for again",
    )

    def arrange(self) -> None:
        self.category = drafts.category(self.draft, self.edited) if self.edited else None
        severities = self.draft.new.severities
        usual: Any = self.fields["default_severity"]
        usual.choices = [("", "none"), *((one.key, one.name) for one in severities)]
        place: Any = self.fields["parent"]
        inside = set(drafts.subtree(self.draft.new, self.edited)) if self.edited else set()
        place.choices = [("", "the top"), *indented(self.draft, without=inside)]
        for one in severities:
            self.fields[f"weight-{one.key}"] = forms.DecimalField(
                required=False, label=one.name, min_value=0, max_digits=8, decimal_places=3
            )
        if self.category is None:
            del self.fields["parent"], self.fields["meaning_changed"]
            return
        weights = {f"weight-{key}": one for key, one in self.category.weights.items()}
        told = [old for old, to in self.draft.moves.categories.items() if to == (self.edited,)]
        again = bool(told) and self.draft.moves.relabel.issuperset(told)
        if not told:  # nothing was ever labelled so
            del self.fields["meaning_changed"]
        self.initial.update({**vars(self.category), **weights, "meaning_changed": again})

    @property
    def weights(self) -> list[forms.BoundField]:
        return [self[f"weight-{one.key}"] for one in self.draft.new.severities]

    @property
    def examples(self) -> list[dict[str, str]]:
        """As sent, or as they are; and an empty one to fill."""
        rows = self._sent_examples() if self.is_bound else []
        if not self.is_bound and self.category:
            rows = [vars(one) for one in self.category.examples]
        room = len(rows) < MAX_ITEMS["examples"]
        return [*rows, {"input": "", "output": "", "why": ""}] if room else rows

    def _sent_examples(self) -> list[dict[str, str]]:
        data: Any = self.data
        lists = [data.getlist(f"example-{name}") for name in ("input", "output", "why")]
        rows = zip(*lists, strict=False)
        found = [dict(zip(("input", "output", "why"), row, strict=True)) for row in rows]
        return [row for row in found if any(value.strip() for value in row.values())]

    def values(self) -> dict[str, Any]:
        names = ("name", "definition", "use_when", "avoid_when", "critical", "evidence_required")
        sent = self.cleaned_data
        weights = {one.key: sent.get(f"weight-{one.key}") for one in self.draft.new.severities}
        return {
            **{name: sent[name] for name in (*names, "default_severity", "hotkey")},
            "examples": tuple(Example(**row) for row in self._sent_examples()),
            "weights": {key: one for key, one in weights.items() if one is not None},
        }

    def change(self, draft: Draft) -> Draft:
        sent = self.cleaned_data
        if self.category is None:
            places = {"beside": sent["beside"], "parent": sent["under"], "key": sent["key"]}
            return drafts.add(draft, **places, **self.values())
        key = sent["key"] or self.edited
        fields = {**self.values(), "parent": sent["parent"], "key": key}
        return drafts.edit(
            draft, self.edited, **fields, meaning_changed=sent.get("meaning_changed")
        )

    def goes_to(self, draft: Draft) -> str:
        if self.category:
            return self.cleaned_data["key"] or self.edited
        before = {one.key for one in self.draft.new.categories}
        return next(one.key for one in draft.new.categories if one.key not in before)


class MoveForm(EditForm):
    panel = "category"
    way = forms.ChoiceField(choices=WAYS)

    def arrange(self) -> None:
        drafts.category(self.draft, self.edited)

    def change(self, draft: Draft) -> Draft:
        return drafts.move(draft, self.edited, self.cleaned_data["way"])
