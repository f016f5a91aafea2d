"""The form of the gate policy."""

from __future__ import annotations

from typing import Any

from django import forms

from reviewapp.models import GatePolicy

LOOKS = 14
FEWER_THAN_LOOKS = "Each look needs at least one label more: raise the budget, or look less often."


class GateForm(forms.Form):
    """Margins in points; the policy keeps shares."""

    margin = forms.FloatField(
        min_value=0,
        max_value=100,
        label="Margin of every category, in points",
        help_text="The largest worsening that is accepted, of all requests: 1 is one in a hundred.",
    )
    critical_margin = forms.FloatField(
        min_value=0,
        max_value=100,
        label="Margin of critical categories, in points",
        help_text="Usually much smaller.",
    )
    label_budget = forms.IntegerField(
        min_value=1,
        max_value=2_000_000_000,
        required=False,
        label="Label budget of a run",
        help_text="Discrepancies to label before the last look, such as 400. With it the gate "
        "looks several times on the way, each time sure enough that all together decide wrongly no "
        "more often than one, and may fail a run early. Left empty, it looks once, at the end.",
    )
    looks = forms.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        initial=LOOKS,
        label="Looks",
        help_text=f"Spread evenly over the budget; {LOOKS} where it is left empty.",
    )
    hold_to_j = forms.BooleanField(
        required=False,
        label="Allow for what reviewers miss",
        help_text="Reviewers who overlook errors make differences smaller and passing easier. With "
        "this a category passes only inside its margin times J, the lower end of how much of a "
        "difference reviewers find. Gold items tell; a category without them does not pass.",
    )
    MARGINS = ("margin", "critical_margin")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "looks" in cleaned and cleaned["looks"] is None:
            cleaned["looks"] = LOOKS
        budget, looks = cleaned.get("label_budget"), cleaned.get("looks")
        if budget is not None and looks is not None and budget < looks:
            self.add_error("label_budget", FEWER_THAN_LOOKS)
        return cleaned

    @property
    def policy(self) -> dict[str, Any]:
        """As the policy keeps it: margins in shares."""
        shares = {name: self.cleaned_data[name] / 100 for name in self.MARGINS}
        return {**self.cleaned_data, **shares}

    @classmethod
    def of(cls, policy: GatePolicy | None, data: Any = None) -> GateForm:
        if policy is None:
            return cls(data)
        points = {name: round(100 * getattr(policy, name), 6) for name in cls.MARGINS}
        looks = {"label_budget": policy.label_budget, "looks": policy.looks}
        looks["hold_to_j"] = policy.hold_to_j
        return cls(data, initial={**points, **looks})
