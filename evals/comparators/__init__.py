"""Comparison of two outputs: extract, normalise, compare. No Django in here."""

from evals.comparators.base import MISS, Comparator, Verdict
from evals.comparators.config import ConfigError
from evals.comparators.extract import EXTRACTORS
from evals.comparators.kinds import (
    COMPARATOR_HELP,
    COMPARATORS,
    EXTRACTOR_HELP,
    NORMALISER_HELP,
)
from evals.comparators.normalise import NORMALISERS
from evals.comparators.pipeline import Outcome, Pipeline
from evals.comparators.steps import Step

__all__ = [
    "COMPARATORS",
    "COMPARATOR_HELP",
    "EXTRACTORS",
    "EXTRACTOR_HELP",
    "MISS",
    "NORMALISERS",
    "NORMALISER_HELP",
    "Comparator",
    "ConfigError",
    "Outcome",
    "Pipeline",
    "Step",
    "Verdict",
]
