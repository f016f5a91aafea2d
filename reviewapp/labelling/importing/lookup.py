"""What a chunk of label records names, found in a constant number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.db.models.functions import Length

from evals.models import Comparison, ModelVersion, Output, Project, Request, Run
from evals.records import LabelRecord
from taxonomy.models import TaxonomyVersion

Line = tuple[int, LabelRecord]


@dataclass(frozen=True)
class Statement:
    """What whoever sends labels says of all of them; None says nothing, so what was said of the
    set before stays. `kind`: what the raters are, "expert". `blind`: they were, where a record
    does not say."""

    name: str = "imported"
    design: str | None = None
    kind: str | None = None
    blind: bool | None = None


class Words(NamedTuple):
    """A taxonomy version by keys; of a category also its default severity."""

    version: TaxonomyVersion
    categories: dict[str, tuple[int, str]]
    severities: dict[str, int]


class OutputRow(NamedTuple):
    pk: int
    length: int


@dataclass
class Lookup:
    project: Project
    lines: Sequence[Line]
    _words: dict[int, Words] = field(default_factory=dict)

    @cached_property
    def models(self) -> dict[str, ModelVersion]:
        return {model.name: model for model in self.project.models.all()}

    @cached_property
    def runs(self) -> dict[str, Run]:
        names = {record.run for _, record in self.lines if record.run is not None}
        found = self.project.runs.filter(name__in=names)
        related = ("baseline", "candidate", "taxonomy_version__taxonomy")
        return {run.name: run for run in found.select_related(*related)}

    @cached_property
    def requests(self) -> dict[str, int]:
        keys = {record.request for _, record in self.lines}
        found = Request.objects.filter(project=self.project, key__in=keys)
        return dict(found.values_list("key", "pk"))

    @cached_property
    def outputs(self) -> dict[tuple[int, int], OutputRow]:
        """By request and model: of records without a run, their served answers."""
        loose = [record for _, record in self.lines if record.run is None]
        names = {name for record in loose for name in record.sides}
        found = self._lengths(
            Output.objects.filter(
                request__in=self._of(loose),
                model__in=[self.models[name].pk for name in names if name in self.models],
                sample=0,
            )
        )
        return {(request, model): OutputRow(pk, n) for pk, request, model, n in found}

    @cached_property
    def comparisons(self) -> dict[tuple[int, int], Comparison]:
        """By run and request."""
        of_runs = [record for _, record in self.lines if record.run is not None]
        found = Comparison.objects.filter(
            run__in=[run.pk for run in self.runs.values()], request__in=self._of(of_runs)
        )
        return {(one.run_id, one.request_id): one for one in found}

    @cached_property
    def lengths(self) -> dict[int, int]:
        """Characters of the outputs of those comparisons."""
        both = ("baseline_output_id", "candidate_output_id")
        ids = {getattr(one, name) for one in self.comparisons.values() for name in both}
        found = self._lengths(Output.objects.filter(pk__in=ids - {None}))
        return {pk: n for pk, _, _, n in found}

    def _of(self, records: Iterable[LabelRecord]) -> set[int]:
        keys = (record.request for record in records)
        return {self.requests[key] for key in keys if key in self.requests}

    @staticmethod
    def _lengths(outputs: QuerySet[Output]) -> Any:
        counted = outputs.annotate(length=Length("text"))
        return counted.values_list("pk", "request_id", "model_id", "length")

    @cached_property
    def versions(self) -> dict[str, TaxonomyVersion]:
        """All but drafts, as records name them."""
        rows = TaxonomyVersion.objects.filter(taxonomy__project=self.project.slug)
        published = rows.exclude(state=TaxonomyVersion.State.DRAFT).select_related("taxonomy")
        return {str(version): version for version in published}

    def words(self, version: TaxonomyVersion) -> Words:
        """Three queries for each version, once."""
        if version.pk not in self._words:
            leaves = version.leaves().values_list("key", "pk", "default_severity__key")
            self._words[version.pk] = Words(
                version,
                {key: (pk, severity or "") for key, pk, severity in leaves},
                dict(version.severities.values_list("key", "pk")),
            )
        return self._words[version.pk]
