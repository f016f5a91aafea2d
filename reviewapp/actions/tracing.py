"""How the spans of a project are read. A change holds for spans that come in from then on."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from evals.comparators.config import ConfigError
from evals.models import Project
from evals.otlp.tracing import Tracing
from reviewapp.actions import audit
from reviewapp.actions.audit import By


@transaction.atomic
def set_tracing(*, project: Project, config: Mapping[str, object], by: By) -> Tracing:
    """The whole configuration: what is left out takes its default. Raises ConfigError."""
    return _save(project, config, by)


@transaction.atomic
def change_tracing(*, project: Project, changes: Mapping[str, object], by: By) -> Tracing:
    """Replaces the fields that are given, and no others. Raises ConfigError."""
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    return _save(project, {**locked.tracing, **changes}, by)


def _save(project: Project, config: Mapping[str, object], by: By) -> Tracing:
    tracing = Tracing.parse(config)
    known = set(project.models.values_list("name", flat=True))
    if unknown := [
        (f"models[{i}].model", f"there is no model version {rule.model!r}: define it first")
        for i, rule in enumerate(tracing.models)
        if rule.model is not None and rule.model not in known
    ]:
        raise ConfigError(unknown)
    project.tracing = tracing.as_dict()
    project.save(update_fields=["tracing"])
    audit.record(
        project=project, by=by, verb="changed", subject="tracing", data=dict(project.tracing)
    )
    return tracing
