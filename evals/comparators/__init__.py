"""Comparison of two outputs: extraction, then comparators in order. No Django in here."""

from evals.comparators.base import MISS, Comparator, Verdict
from evals.comparators.config import ConfigError
from evals.comparators.extract import EXTRACTORS
from evals.comparators.kinds import COMPARATOR_HELP, COMPARATORS, EXTRACTOR_HELP
from evals.comparators.pipeline import Outcome, Pipeline, Step

__all__ = [
    "COMPARATORS",
    "COMPARATOR_HELP",
    "EXTRACTORS",
    "EXTRACTOR_HELP",
    "MISS",
    "Comparator",
    "ConfigError",
    "Outcome",
    "Pipeline",
    "Step",
    "Verdict",
]
