"""Whether several labels of one thing are averaged in a run, or have to agree."""

from __future__ import annotations

from evals.models import Run, SeveralRaters
from reviewapp.labelling.importing.reviews import draws


def averages(run: Run) -> bool:
    """Whether the report of the run is of means over raters. A run that draws was told when it
    started; one that stands on labels from elsewhere follows its project."""
    said = run.several_raters if draws(run) else run.project.several_raters
    return bool(said == SeveralRaters.AVERAGE)
