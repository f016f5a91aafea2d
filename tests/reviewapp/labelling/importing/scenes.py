"""A run that draws nothing, and label records about it."""

import json

from evals.records import decode_labels
from evals.sampling import SamplingPlan
from reviewapp.actions.imported import import_labels
from reviewapp.labelling.importing import Statement
from tests.reviewapp.actions import scenes

NOTHING = SamplingPlan(labels=0, equivalent=0, identical=0)
OLD, NEW = "triage-09", "triage-11"


def bare(project, models, pairs=4, **more):
    """A finished run over pairs that all differ, named run-1, with requests r00001 …"""
    return scenes.recorded(project, models, [scenes.DIFFER] * pairs, plan=NOTHING, **more)


def record(request=1, reviewer="ann", sides=None, findings=(), **more):
    return {
        "request": f"r{request:05}",
        "reviewer": reviewer,
        "blind": True,
        "sides": {OLD: "ok", NEW: "ok"} if sides is None else sides,
        "findings": list(findings),
        **more,
    }


def found(side=NEW, category="label.missed", severity="major", **more):
    return {"side": side, "category": category, "severity": severity, **more}


def bring(project, *rows, by="test", design="census", **said):
    """Imports these records."""
    body = b"".join(json.dumps(one).encode() + b"\n" for one in rows)
    return import_labels(
        project=project,
        lines=decode_labels([body]),
        statement=Statement(design=design, **said),
        by=by,
    )
