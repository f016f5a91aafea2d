"""The form of a project's tracing: a rule a row, and what pairs two spans."""

from __future__ import annotations

from typing import Any

from django import forms

from evals.models import Project
from evals.otlp.tracing import GROUPS, TRACE_ID, Rule, Tracing
from reviewapp.forms.pages import CODE

#: The choice "take these spans and leave them alone".
ALONE = "\x20"
#: Empty rows after those that are filled.
SPARE = 3


class TracingForm(forms.Form):
    pair_by = forms.CharField(
        max_length=200,
        label="What pairs two spans",
        help_text=f"{TRACE_ID} where both models are called in one trace, else the attribute that "
        "holds the request's id: app.request_id.",
    )
    group = forms.CharField(
        required=False,
        label="What belongs together",
        widget=forms.Textarea(attrs={**CODE, "rows": len(GROUPS)}),
        help_text="Attributes of a conversation or an end user, one a line; the first that a span "
        "has counts. Requests of one group are not independent, and intervals allow for that.",
    )
    segments = forms.CharField(
        required=False,
        label="Segments",
        widget=forms.Textarea(attrs={**CODE, "rows": 4}),
        help_text="One a line, its key and the attribute that it comes from: tier = app.tier",
    )
    sample = forms.CharField(
        required=False,
        max_length=200,
        label="Repeats",
        help_text="Attribute that numbers the repeats of one model on one request; 0 is the served "
        "answer.",
    )
    drop_system = forms.BooleanField(
        required=False, label="The system message belongs to the model version, not to the request"
    )

    @classmethod
    def of(cls, tracing: Tracing) -> TracingForm:
        segments = [f"{key} = {attribute}" for key, attribute in tracing.segments.items()]
        return cls(
            initial={
                "pair_by": tracing.pair_by,
                "group": "\n".join(tracing.group),
                "segments": "\n".join(segments),
                "sample": tracing.sample,
                "drop_system": tracing.drop_system,
            }
        )

    def clean_group(self) -> list[str]:
        return str(self.cleaned_data["group"]).split()

    def clean_segments(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, line in enumerate(self.cleaned_data["segments"].splitlines(), 1):
            key, sign, attribute = (part.strip() for part in line.partition("="))
            if not line.strip():
                continue
            if not (sign and key and attribute):
                raise forms.ValidationError(f"Line {number}: write a key, =, and an attribute.")
            if key in found:
                raise forms.ValidationError(f"Line {number}: {key} is filled twice.")
            found[key] = attribute
        return found

    @property
    def config(self) -> dict[str, Any]:
        return {**self.cleaned_data, "sample": self.cleaned_data["sample"] or None}


class RuleForm(forms.Form):
    """One row; a row without a model version says nothing."""

    name = forms.CharField(required=False, max_length=200, label="Model on the span")
    attribute = forms.CharField(required=False, max_length=200, label="and this attribute")
    equals = forms.CharField(required=False, max_length=200, label="has this value")
    model = forms.ChoiceField(required=False, label="is this model version")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = project.models.values_list("name", flat=True)
        choice = self.fields["model"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "–"), *((name, name) for name in names), (ALONE, "leave alone")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        filled = any(cleaned.get(name) for name in ("name", "attribute", "equals"))
        if filled and not cleaned.get("model") and "model" not in self.errors:
            self.add_error("model", "Choose whose these spans are.")
        if cleaned.get("model") and not filled:
            self.add_error("name", "Name the model, an attribute, or both.")
        return cleaned

    @property
    def rule(self) -> dict[str, Any] | None:
        given = self.cleaned_data
        if not given.get("model"):
            return None
        model = None if given["model"] == ALONE else given["model"]
        return {**given, "attribute": given["attribute"] or None, "model": model}


RuleForms = forms.formset_factory(RuleForm, extra=0, max_num=200, absolute_max=203)


def rule_forms(project: Project, rules: list[Rule], names: list[str], data: Any) -> Any:
    """The rows: those of `rules`, one for each of `names` that has no rule yet, and empty ones."""
    rows: list[dict[str, Any]] = [
        {
            "name": rule.name,
            "attribute": rule.attribute or "",
            "equals": rule.equals,
            "model": ALONE if rule.model is None else rule.model,
        }
        for rule in rules
    ]
    rows += ({"name": name} for name in names)
    rows += ({} for _ in range(SPARE))
    return RuleForms(data, initial=rows, prefix="rule", form_kwargs={"project": project})
