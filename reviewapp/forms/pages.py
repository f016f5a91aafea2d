"""What is typed on the pages, checked field by field before an action sees it. The forms of the
settings pages are in configuration.py."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.utils.text import slugify

from evals.models import EvalSetVersion, ModelVersion, Project, Run
from reviewapp.models import Decision, ReviewItem, Role, User
from taxonomy import presets
from taxonomy.interchange import Content


def not_an_address(name: str) -> None:
    """…/runs/new/ and …/evalset/new/ are pages of their own."""
    if name == "new":
        raise forms.ValidationError("“new” is an address of this site: choose another name.")


CODE = {"class": "code", "rows": 6, "spellcheck": "false"}


def _cap(more: str) -> forms.DecimalField:
    return forms.DecimalField(
        min_value=0,
        max_digits=12,
        decimal_places=4,
        required=False,
        label="Spending cap, US$",
        help_text=f"The run pauses before asking could cost more. {more}",
    )


class ProjectForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="The application whose model may change.")
    slug = forms.SlugField(
        max_length=60,
        required=False,
        label="Name in addresses",
        help_text="Letters, digits and hyphens. Left empty, it is made from the name. "
        "It cannot be changed later.",
    )
    preset = forms.ChoiceField(
        choices=presets.names,
        widget=forms.RadioSelect,
        label="Error taxonomy to start from",
        error_messages={"required": "Choose one; it can be changed in every part later."},
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if name := cleaned.get("name"):
            cleaned["slug"] = cleaned.get("slug") or slugify(name)[:60]
        slug = cleaned.get("slug")
        if name and not slug and "slug" not in self.errors:
            self.add_error("slug", "No address can be made of this name: write one.")
        if slug and Project.objects.filter(slug=slug).exists():
            self.add_error("slug", f"{slug!r} is taken on this installation: write another.")
        return cleaned

    def preset_options(self) -> list[tuple[Any, Content, str]]:
        """Each radio button with its preset and the first sentences that describe it."""
        options = [(radio, presets.load(radio.data["value"])) for radio in self["preset"]]
        return [(radio, one, one.description.split("\n")[0]) for radio, one in options]


class AccountForm(UserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username",)
        help_texts = {"username": "Reviewers and reports name you by it."}


class VersionField(forms.ModelChoiceField[EvalSetVersion]):
    def label_from_instance(self, obj: EvalSetVersion) -> str:
        return f"{obj} ({obj.size} examples)"


class RunForm(forms.Form):
    KINDS = (
        ("live", "Shadow over live traffic: both versions answer what comes in from now on"),
        ("recorded", "Shadow over recorded traffic: what was received so far, and nothing later"),
        ("offline", "Offline over an eval set, whose correct outputs are known"),
    )
    baseline = forms.ModelChoiceField(
        ModelVersion.objects.none(), help_text="The version in production."
    )
    candidate = forms.ModelChoiceField(
        ModelVersion.objects.none(), help_text="The version that asks to replace it."
    )
    kind = forms.ChoiceField(choices=KINDS, widget=forms.RadioSelect, initial="live")
    days = forms.FloatField(
        min_value=0.01,
        max_value=366,
        required=False,
        initial=14,
        help_text="How long a live shadow takes traffic.",
    )
    share = forms.FloatField(
        min_value=0,
        max_value=100,
        required=False,
        label="Share of traffic, %",
        help_text="Chosen at random, request by request. It can be raised later: that only adds.",
    )
    evalset_version = VersionField(
        EvalSetVersion.objects.none(), required=False, label="Eval set version"
    )
    samples = forms.IntegerField(
        min_value=0,
        max_value=20,
        required=False,
        initial=0,
        label="Further samples of both models",
        help_text="Asked again so often after the first answer: tells noise and flips.",
    )
    cap_usd = _cap("Needs prices.")
    no_draw = forms.BooleanField(
        required=False,
        label="Its labels come from elsewhere",
        help_text="Nothing goes into the queue; the report stands on imported labels.",
    )
    name = forms.SlugField(
        max_length=80,
        required=False,
        validators=[not_an_address],
        help_text="Letters, digits and hyphens. Left empty, it is made from kind and candidate.",
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.project = project
        for side in ("baseline", "candidate"):
            self.choices(side).queryset = project.models.order_by("name")
        sealed = EvalSetVersion.objects.filter(evalset__project=project, sealed_at__isnull=False)
        self.choices("evalset_version").queryset = sealed.select_related("evalset").order_by(
            "evalset__name", "-number"
        )

    def choices(self, name: str) -> forms.ModelChoiceField[Any]:
        field = self.fields[name]
        assert isinstance(field, forms.ModelChoiceField)
        return field

    def clean(self) -> dict[str, Any]:
        """What actions.runs.start takes."""
        cleaned = super().clean() or {}
        kind = cleaned.pop("kind", "")
        cleaned["recorded"] = kind == "recorded"
        cleaned["draw"] = not cleaned.pop("no_draw", False)
        share, cleaned["samples"] = cleaned.get("share"), cleaned.get("samples") or 0
        cleaned["share"] = None if share is None or kind == "offline" else share / 100
        if kind != "live":
            cleaned["days"] = None
        if kind != "offline":
            cleaned["evalset_version"], cleaned["samples"] = None, 0
        elif not cleaned.get("evalset_version"):
            self.add_error("evalset_version", "An offline run needs a version: choose one.")
        if not self.errors and not cleaned["name"]:
            cleaned["name"] = self.suggested(kind, cleaned["candidate"].name)
        return cleaned

    def suggested(self, kind: str, candidate: str) -> str:
        stem = slugify(f"{'offline' if kind == 'offline' else 'shadow'}-{candidate}")[:70]
        taken = set(self.project.runs.filter(name__startswith=stem).values_list("name", flat=True))
        names = (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3)))
        return next(name for name in names if name not in taken)


class RunLimitsForm(forms.Form):
    """What of a run may change while it goes on, as its page shows it."""

    cap_usd = _cap("Left empty: no cap.")
    share = forms.FloatField(
        min_value=0,
        max_value=100,
        label="Share of traffic, %",
        help_text="It can be raised only: what is in the run stays in it.",
    )

    def __init__(self, run: Run, *args: Any, **kwargs: Any) -> None:
        share = f"{round(100 * run.sampling['traffic_share'], 6):g}"
        cap = None if run.cap_usd is None else run.cap_usd.normalize().__format__("f")
        super().__init__(*args, **{"initial": {"cap_usd": cap, "share": share}, **kwargs})
        if run.kind != Run.Kind.SHADOW:
            del self.fields["share"]

    @property
    def limits(self) -> dict[str, Any]:
        """What actions.limits.change takes."""
        share = self.cleaned_data.get("share")
        return {
            "cap_usd": self.cleaned_data["cap_usd"],
            "traffic_share": None if share is None else round(share / 100, 12),
        }


class ResolvedRunField(forms.ModelChoiceField[Run]):
    """A run of a project that has resolved items: `of` has to be called with the project."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Run.objects.none(), **kwargs)

    def of(self, project: Project) -> None:
        resolved = ReviewItem.objects.filter(
            project=project, state=ReviewItem.State.RESOLVED
        ).values("run")
        self.runs = self.queryset = project.runs.filter(pk__in=resolved)


class EvalSetForm(forms.Form):
    name = forms.SlugField(
        max_length=60,
        validators=[not_an_address],
        help_text="Letters, digits and hyphens. The name of an eval set that exists makes its "
        "next version.",
    )
    file = forms.FileField(required=False, help_text="JSONL: one record a line.")
    lines = forms.CharField(
        required=False,
        strip=False,
        label="Or lines, pasted",
        widget=forms.Textarea(attrs=CODE),
    )
    run = ResolvedRunField(
        required=False,
        label="Or a run that was labelled",
        help_text="Each resolved item whose correct output is known becomes an example.",
    )
    note = forms.CharField(
        required=False, max_length=1000, help_text="Why this version of a file exists."
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["run"]
        assert isinstance(field, ResolvedRunField)
        field.of(project)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        lines = (cleaned.get("lines") or "").strip()
        sources = [bool(source) for source in (cleaned.get("file"), lines, cleaned.get("run"))]
        if sum(sources) != 1 and not {"file", "run"} & set(self.errors):
            self.add_error("file", "Choose a file, paste lines or choose a run: one of the three.")
        return cleaned

    @property
    def source(self) -> tuple[Any, str]:
        """What evals.records.decode_lines reads, and the file's name."""
        if file := self.cleaned_data["file"]:
            return file, file.name or ""
        return [self.cleaned_data["lines"].encode()], "pasted lines"


class GrowForm(forms.Form):
    run = ResolvedRunField(
        help_text="Each resolved item whose correct output is known becomes an example.",
    )

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["run"]
        assert isinstance(field, ResolvedRunField)
        field.of(project)
        self.runs = field.runs


class DecisionForm(forms.Form):
    verdict = forms.ChoiceField(choices=Decision.Verdict, widget=forms.RadioSelect)
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stays with the promotion for good.",
        error_messages={"required": "A decision needs its reason in words."},
    )


class InviteForm(forms.Form):
    role = forms.ChoiceField(choices=Role)
    note = forms.CharField(
        max_length=150, required=False, label="For whom", help_text="So that you know it later."
    )


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="What uses it, such as “gateway” or “CI”.")
