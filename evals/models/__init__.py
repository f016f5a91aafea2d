"""What the models produced and where they differ. See docs/architecture.md for who owns what."""

from evals.models.asking import Endpoint, Spending
from evals.models.comparison_set import ComparisonSet
from evals.models.evalset import EvalSet, EvalSetVersion, Example
from evals.models.project import ModelVersion, Project, SeveralRaters
from evals.models.request import Attempt, Output, Request
from evals.models.run import Comparison, Run, Stratum

__all__ = [
    "Attempt",
    "Comparison",
    "ComparisonSet",
    "Endpoint",
    "EvalSet",
    "EvalSetVersion",
    "Example",
    "ModelVersion",
    "Output",
    "Project",
    "Request",
    "Run",
    "SeveralRaters",
    "Spending",
    "Stratum",
]
