"""What tests of asking models have in common, beside the fixtures of conftest.py."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from evals.models import Attempt, ModelVersion

LONG_AGO = timezone.now() - timedelta(hours=1)


def again() -> None:
    """The time to try again has come (before this test's transaction, whose clock stands still)."""
    Attempt.objects.filter(retry_at__isnull=False).update(retry_at=LONG_AGO)


def change(model: ModelVersion, **fields: Any) -> ModelVersion:
    for name, value in fields.items():
        setattr(model, name, value)
    model.save()
    return model


def errors() -> list[str]:
    return list(Attempt.objects.exclude(error="").order_by("id").values_list("error", flat=True))
