"""Forms of what a project is configured to: models, comparators, sampling, gate, taxonomy."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput

from evals import values
from evals.models import ModelVersion
from evals.providers import PROVIDERS
from evals.sampling import LIMITS, SamplingPlan
from reviewapp.forms.pages import CODE
from taxonomy.interchange import MAX_BYTES


class JsonField(forms.JSONField):
    """JSON as people type it: an error names line and column, and what was typed stays as it is."""

    widget = forms.Textarea(attrs=CODE)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return {}
        try:
            read = json.loads(value)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise forms.ValidationError(f"This is not JSON: {where}: {error.msg}.") from error
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(f"This is not JSON that can be kept: {error}.") from error
        if problem := values.problem_in(read):
            raise forms.ValidationError(f"{problem[0]}: {problem[1]}")
        if not isinstance(read, dict):
            raise forms.ValidationError('Write an object: {"name": value, …}.')
        return read

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else InvalidJSONInput(data or "")

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, InvalidJSONInput):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False) if value else ""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return not self.disabled


class TaxonomyForm(forms.Form):
    file = forms.FileField(required=False, label="YAML file")
    text = forms.CharField(
        required=False, strip=False, label="Or its text", widget=forms.Textarea(attrs=CODE)
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file, text = cleaned.get("file"), cleaned.get("text") or ""
        if bool(file) == bool(text.strip()):
            raise forms.ValidationError("Choose a file or paste its text, one of the two.")
        if file:
            try:
                cleaned["text"] = file.read(MAX_BYTES + 1).decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise forms.ValidationError(
                    f"Byte {error.start + 1} is not UTF-8: save the file as UTF-8."
                ) from error
        return cleaned


class ModelVersionForm(forms.ModelForm[ModelVersion]):
    """A model version; `frozen` leaves open only what shapes no output and no cost."""

    FREE = (
        *("api_key_env", "benchmarks", "concurrency", "requests_per_minute"),
        *("tokens_per_minute", "timeout_s", "max_attempts"),
    )
    PRICE: dict[str, Any] = {
        "required": False,
        "min_value": 0,
        "max_digits": 12,
        "decimal_places": 4,
        "help_text": "US$ per million tokens. Without it, costs stay unknown.",
    }
    price_input = forms.DecimalField(label="Price of input", **PRICE)
    price_output = forms.DecimalField(label="Price of output", **PRICE)
    parameters = JsonField(
        required=False,
        help_text='Sent as they are: {"temperature": 0, "max_tokens": 64}. max_tokens also bounds '
        "what a spending cap sets aside for a call.",
    )
    options = JsonField(
        required=False,
        label="Options of the provider",
        help_text='Any address that speaks JSON: {"body": {"text": "{{ input }}"}, "headers": '
        '{"X-Api-Key": "$MODEL_KEY"}, "output": "$.result.text"}. A file of recorded outputs: '
        '{"file": "answers.jsonl"}.',
    )
    benchmarks = JsonField(
        required=False,
        label="Public benchmark scores",
        help_text='Shown beside the report, never mixed in: {"MMLU-Pro": 41.2}',
    )
    concurrency = forms.IntegerField(
        min_value=1,
        max_value=256,
        initial=4,
        label="Calls at a time",
        help_text="Of this version, over all workers.",
    )
    requests_per_minute = forms.IntegerField(
        min_value=1,
        required=False,
        label="Requests a minute",
        help_text="Of all versions that share its address and key. Left empty: no limit.",
    )
    tokens_per_minute = forms.IntegerField(
        min_value=1,
        required=False,
        label="Tokens a minute",
        help_text="Input and longest answer, by the same count. Left empty: no limit.",
    )
    timeout_s = forms.IntegerField(
        min_value=1, max_value=3600, initial=60, label="Time-out", help_text="Seconds a call."
    )
    max_attempts = forms.IntegerField(
        min_value=1,
        max_value=20,
        initial=5,
        label="Attempts",
        help_text="Then the request counts as failed.",
    )

    class Meta:
        model = ModelVersion
        fields = (
            *("name", "provider", "base_url", "upstream_model", "options", "api_key_env"),
            *("system", "prompt", "parameters", "price_input", "price_output", "benchmarks"),
            *("concurrency", "requests_per_minute", "tokens_per_minute", "timeout_s"),
            "max_attempts",
        )
        widgets = {
            "system": forms.Textarea(attrs={**CODE, "rows": 3}),
            "prompt": forms.Textarea(attrs=CODE),
        }
        labels = {
            "provider": "Where outputs come from",
            "base_url": "Address",
            "upstream_model": "Model at that address",
            "api_key_env": "Variable that holds the key",
            "system": "System message",
            "prompt": "Prompt template",
            "concurrency": "Calls at a time",
            "timeout_s": "Seconds until a call is given up",
            "max_attempts": "Attempts until an output is given up",
        }

    def __init__(self, *args: Any, frozen: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.disabled = frozen and name not in self.FREE

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("provider"):
            for name, what in PROVIDERS[cleaned["provider"]].needs.items():
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, f"To fetch outputs, {what} is needed.")
        return cleaned


class ComparatorsForm(forms.Form):
    config = JsonField(
        required=False,
        label="Comparators",
        widget=forms.Textarea(attrs={**CODE, "rows": 16}),
        help_text="Left empty, outputs match only where they are equal in every character.",
    )


def _percent(name: str, label: str, help_text: str) -> forms.FloatField:
    low, high = LIMITS[name]
    return forms.FloatField(
        min_value=100 * low, max_value=100 * high, label=f"{label}, %", help_text=help_text
    )


def _whole(name: str, label: str, help_text: str) -> forms.IntegerField:
    low, high = LIMITS[name]
    return forms.IntegerField(
        min_value=int(low), max_value=int(high), label=label, help_text=help_text
    )


class SamplingForm(forms.Form):
    """The sampling plan, its shares in percent."""

    SHARES = ("double_share", "noise_share", "traffic_share", "gold_share", "adjudicate_share")
    labels = _whole(
        "labels", "Discrepancies to review", "Over the whole run; a live shadow spreads them."
    )
    equivalent = _whole(
        "equivalent",
        "Pairs that match but are not identical",
        "An audit of the comparators: what they call equivalent may hide an error.",
    )
    identical = _whole(
        "identical",
        "Identical pairs",
        "Two models that agree can both be wrong: this tells how often.",
    )
    slots = _whole("slots", "Reviewers an item", "Two or more show how far reviewers agree.")
    double_share = _percent(
        "double_share", "Items with more reviewers", "Measures agreement on a part of the items."
    )
    more_slots = _whole(
        "more_slots", "How many more these get", "An item has at most five reviewers in all."
    )
    noise_share = _percent(
        "noise_share",
        "Requests on which the baseline is asked twice",
        "Measures how often production disagrees with itself.",
    )
    traffic_share = _percent(
        "traffic_share", "Traffic that a shadow run takes", "Chosen at random, request by request."
    )
    lease_minutes = _whole(
        "lease_minutes",
        "Lease in minutes",
        "How long a claimed item is kept for its reviewer. This and the share of gold items hold "
        "at once; the rest holds for runs that start from now on.",
    )
    gold_share = _percent(
        "gold_share",
        "Gold items among what a reviewer is given",
        "Items with a known answer, which nobody can tell from the others: they show how well each "
        "reviewer does. A lead marks resolved items as gold, on their pages.",
    )
    adjudicate_share = _percent(
        "adjudicate_share",
        "Agreed items that are adjudicated as well",
        "Of those on which several reviewers agree: that they agree does not make them right.",
    )

    @classmethod
    def of(cls, plan: SamplingPlan) -> SamplingForm:
        shares = {name: round(100 * getattr(plan, name), 6) for name in cls.SHARES}
        return cls(initial={**plan.as_dict(), **shares})

    @property
    def plan(self) -> SamplingPlan:
        shares = {name: self.cleaned_data[name] / 100 for name in self.SHARES}
        return SamplingPlan.parse({**self.cleaned_data, **shares})
