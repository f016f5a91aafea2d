"""Label records as they leave: of resolved items, and of label sets that belong to no run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django.db.models import Exists, OuterRef, Q

from evals.models import Project, Run
from reviewapp.labelling import labels
from reviewapp.models import OutputJudgement, ReviewItem, User


def of(
    project: Project,
    runs: Iterable[Run],
    *,
    shown_to: User | None = None,
    loose: bool = True,
    blind: bool = False,
) -> Iterator[dict[str, Any]]:
    """Those of these runs, as labels.records gives them; then, with `loose`, those that
    belong to no run. `blind`: for somebody who may review."""
    own = chain.from_iterable(labels.records(run, shown_to) for run in runs)
    return chain(own, judgements(project, blind=blind)) if loose else own


def judgements(project: Project, *, blind: bool = False) -> Iterator[dict[str, Any]]:
    """One a judgement of an output: its only side is the model version. `blind`: without those of
    an output that an item is about which is not resolved: they say which text is whose."""
    found = OutputJudgement.objects.filter(label_set__project=project, live=True)
    if blind:
        about = ReviewItem.objects.filter(
            Q(run__baseline=OuterRef("model")) | Q(run__candidate=OuterRef("model")),
            comparison__request=OuterRef("output__request"),
        )
        found = found.exclude(Exists(about.exclude(state=ReviewItem.State.RESOLVED)))
    rows = (
        found.select_related("output__request", "model", "rater", "taxonomy_version__taxonomy")
        .select_related("label_set")
        .defer("output__text", "output__value", "output__request__input")
        .prefetch_related("findings__category", "findings__severity")
        .order_by("id")
    )
    for one in rows.iterator(chunk_size=500):
        yield {
            "request": one.output.request.key,
            "run": None,
            "reviewer": one.rater.name,
            "reviewer_kind": one.rater.kind,
            "label_set": one.label_set.name,
            "reviewed_at": one.reviewed_at.isoformat() if one.reviewed_at else None,
            "taxonomy": str(one.taxonomy_version),
            "revision": one.revision,
            "authoritative": one.authoritative,
            "blind": one.label_set.blind if one.blind is None else one.blind,
            "sides": {one.model.name: one.verdict},
            "corrected_output": one.corrected_output,
            "duration_s": one.duration_s,
            "note": one.note,
            "findings": [
                labels.finding_record(finding, one.model.name) for finding in one.findings.all()
            ],
        }
