"""What the taxonomy says of itself, and another content in its place."""

from __future__ import annotations

from django import forms

from reviewapp.forms.configuration import TaxonomyForm
from reviewapp.forms.taxonomy.base import EditForm, text
from taxonomy import drafts, interchange, presets
from taxonomy.drafts import Draft


class AboutForm(EditForm):
    panel = "about"
    title = forms.CharField(max_length=120)
    description = text("Description", rows=8)
    source = text("Source", rows=4)

    def arrange(self) -> None:
        content = self.draft.new
        self.initial.update(
            {name: getattr(content, name) for name in ("title", "description", "source")}
        )

    def change(self, draft: Draft) -> Draft:
        sent = {name: self.cleaned_data[name] for name in ("title", "description", "source")}
        return drafts.describe(draft, **sent)


class ImportForm(EditForm, TaxonomyForm):
    """The whole content from YAML or JSON; each problem is told with its line."""

    panel = "import"

    def change(self, draft: Draft) -> Draft:
        content = interchange.read(self.cleaned_data["text"])
        return drafts.replace_content(draft, content, "put the content of a file in its place")


class PresetForm(EditForm):
    panel = "import"
    preset = forms.ChoiceField(choices=presets.names)

    def change(self, draft: Draft) -> Draft:
        content = presets.load(self.cleaned_data["preset"])
        said = f"put the preset “{content.title}” in its place"
        return drafts.replace_content(draft, content, said)
