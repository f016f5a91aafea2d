"""What a part of a report is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evals.models import Run


class Nothing(Exception):
    """There is nothing to show. Its text says what is not known and why, as a sentence."""


@dataclass(frozen=True)
class Part:
    """compute: plain JSON values of a run, or Nothing. stands_on: the names in
    freshness.basis of what it changes with; when one of them does it is out of date."""

    compute: Callable[[Run], dict[str, Any]]
    stands_on: tuple[str, ...]

    def basis(self, of_run: dict[str, Any]) -> dict[str, Any]:
        return {"format": of_run["format"], **{name: of_run[name] for name in self.stands_on}}
