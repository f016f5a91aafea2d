"""Model versions. The database freezes one as soon as it has an output."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from evals.calls import check_model
from evals.models import ModelVersion, Project
from reviewapp.actions import audit
from reviewapp.actions.audit import By


class Frozen(Exception):
    """The version has outputs: what shapes them cannot change any more."""


@transaction.atomic
def define(*, project: Project, by: By, **fields: Any) -> ModelVersion:
    """A new model version. Raises ValidationError by field."""
    model = ModelVersion(project=project, **fields)
    model.full_clean()
    check_model(model)
    model.save()
    audit.record(
        project=project, by=by, verb="defined model", subject=model, data=_described(model)
    )
    return model


def change(*, model: ModelVersion, by: By, **fields: Any) -> ModelVersion:
    """Changes a version that has no output yet; limits and benchmark scores at any time.
    Raises ValidationError by field, or Frozen."""
    for name, value in fields.items():
        setattr(model, name, value)
    model.full_clean()
    check_model(model)
    try:
        with transaction.atomic():
            model.save()
            audit.record(
                project=model.project,
                by=by,
                verb="changed model",
                subject=model,
                data=_described(model),
            )
    except IntegrityError as error:
        raise Frozen(str(error).split("\n")[0]) from error
    return model


def _described(model: ModelVersion) -> dict[str, object]:
    return {
        "provider": model.provider,
        "base_url": model.base_url,
        "upstream_model": model.upstream_model,
        "parameters": model.parameters,
    }


__all__ = ["Frozen", "ValidationError", "change", "define"]
