"""How far the eval set is from the traffic, and which requests to label next."""

from __future__ import annotations

from typing import Any

from evals import values
from evals.metrics.drift import MOST, Cluster, drift
from evals.metrics.features import CHARACTERS
from evals.models import EvalSetVersion, Example, Request, Run
from reviewapp.reports.parts import sample
from reviewapp.reports.parts.base import Nothing, Part

#: Of a text that is shown.
BEGINNING = 200


def compute(run: Run) -> dict[str, Any]:
    """An offline run's eval set against the latest traffic of the project; a shadow's requests
    against the newest eval set."""
    version = run.evalset_version or _newest(run)
    if version is None:
        raise Nothing("The project has no eval set, so there is none to hold against the traffic.")
    shadow = run.kind == Run.Kind.SHADOW
    traffic = sample.inputs(run, MOST) if shadow else _latest(run)
    if not traffic:
        raise Nothing("There is no traffic to hold the eval set against.")
    examples = Example.objects.filter(version=version).order_by("position")
    ours = [_text(one) for one in examples.values_list("request__input", flat=True)]
    theirs = [_text(value) for _, value in traffic]
    found = drift(ours, theirs)
    named = [(key, text) for (key, _), text in zip(traffic, theirs, strict=True)]
    return {
        "evalset": str(version),
        "traffic": "run" if shadow else "latest",
        "examples": found.examples,
        "requests": found.requests,
        "auc": found.auc,
        "p": found.p,
        "clusters": [_cluster(one, named) for one in found.clusters],
    }


def _newest(run: Run) -> EvalSetVersion | None:
    sealed = EvalSetVersion.objects.filter(evalset__project=run.project, sealed_at__isnull=False)
    return sealed.select_related("evalset").order_by("-sealed_at", "-pk").first()


def _latest(run: Run) -> list[tuple[str, Any]]:
    requests = Request.objects.filter(project=run.project, source=Request.Source.TRAFFIC)
    return list(requests.order_by("-received_at").values_list("key", "input")[:MOST])


def _cluster(one: Cluster, named: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "requests": one.requests,
        "share": one.share,
        "examples": one.examples,
        "expected": one.expected,
        "so_few": one.so_few,
        "nearest": [{"key": named[i][0], "text": named[i][1][:BEGINNING]} for i in one.nearest],
    }


def _text(value: Any) -> str:
    """What people wrote: of a chat its messages, of anything else the text or the JSON."""
    if isinstance(value, dict) and isinstance(value.get("messages"), list):
        said = [one.get("content") for one in value["messages"] if isinstance(one, dict)]
        # The last ones first: they are what is asked, and only so much of a text is read.
        text = "\n".join(values.as_text(one) for one in reversed(said) if one is not None)
    else:
        text = values.as_text(value)
    return text[:CHARACTERS]


PART = Part(compute, ("compared", "comparators", "evalsets"))
