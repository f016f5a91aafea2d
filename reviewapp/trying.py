"""What other comparators would say of pairs that a run has compared already.

Computed from stored outputs, a bit at a time so that no page waits for it; what is found is kept in
the cache for an hour and nowhere else. Nothing that is given here ties a text to a side.
"""

from __future__ import annotations

import secrets
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.cache import cache

from evals.comparators.pipeline import Pipeline
from evals.judging import requests_of
from evals.metrics.noise import excess_difference
from evals.models import Comparison, Output, Run
from evals.values import as_text
from reviewapp.reports.measured import plain

#: The newest pairs of a run that are tried; as many again that were asked twice.
PAIRS = 200
#: Seconds that one answer computes, and keeps of what it found.
SECONDS = 1.0
KEPT = 3600
STEP = 5
#: Changes that are listed, and characters of each text.
LISTED = 25
SHOWN = 300
OUTCOMES = ("identical", "equivalent", "differ")


@dataclass(frozen=True)
class Tried:
    """One pair: its outcome as the run has it and under the comparators that are tried; the same
    of the baseline against itself where it was asked twice."""

    comparison: int
    then: str
    now: str
    reason: str
    path: str
    noise_then: bool | None
    noise_now: bool | None


@dataclass
class Trial:
    """`pairs` are those of the cross table, `left` what is still to be computed."""

    token: str
    run: int
    config: Any
    pairs: list[int]
    left: list[int]
    found: list[Tried] = field(default_factory=list)

    @property
    def percent(self) -> float:
        total = len(self.left) + len(self.found)
        return 100 * len(self.found) / total if total else 100.0


def begin(run: Run, config: object) -> Trial:
    """Of the run's newest pairs. Raises ConfigError where `config` is no pipeline."""
    Pipeline.parse(config)
    compared = Comparison.objects.filter(run=run, outcome__in=OUTCOMES).order_by("-id")
    pairs = list(compared.values_list("pk", flat=True)[:PAIRS])
    twice = compared.filter(noise_differs__isnull=False).values_list("pk", flat=True)[:PAIRS]
    left = list(dict.fromkeys([*pairs, *twice]))
    return Trial(secrets.token_urlsafe(12), run.pk, config, pairs, left)


def go_on(trial: Trial, seconds: float = SECONDS) -> None:
    """Computes for a while, at least one step, and keeps what was found."""
    pipeline = Pipeline.parse(trial.config)
    until = time.monotonic() + seconds
    while trial.left:
        step, trial.left = trial.left[:STEP], trial.left[STEP:]
        trial.found += _tried(trial.run, pipeline, step)
        if time.monotonic() > until:
            break
    cache.set(_key(trial.token), asdict(trial), KEPT)


def kept(token: str) -> Trial | None:
    """A trial of the last hour, unless the cache was emptied."""
    found = cache.get(_key(token))
    if found is None:
        return None
    return Trial(**{**found, "found": [Tried(**one) for one in found["found"]]})


def _key(token: str) -> str:
    return f"comparators-tried-{token}"


def _tried(run_id: int, pipeline: Pipeline, ids: list[int]) -> list[Tried]:
    comparisons = list(
        Comparison.objects.filter(run=run_id, pk__in=ids)
        .select_related("run", "baseline_output", "candidate_output")
        .order_by("-id")
    )
    requests = requests_of(pipeline, comparisons)
    twice = [one for one in comparisons if one.noise_differs is not None]
    again = {
        output.request_id: output
        for output in Output.objects.filter(
            model__in={one.run.baseline_id for one in twice},
            sample=1,
            request__in=[one.request_id for one in twice],
        )
    }
    rows = []
    for one in comparisons:
        baseline, candidate, said = one.baseline_output, one.candidate_output, one.request_id
        if baseline is None or candidate is None:  # a constraint has them both
            continue
        found = pipeline.compare(baseline.value, candidate.value, **requests[said])
        noise = None
        if said in again:
            second = pipeline.compare(baseline.value, again[said].value, **requests[said])
            noise = second.outcome == "differ"
        rows.append(
            Tried(
                comparison=one.pk,
                then=one.outcome or "",
                now=found.outcome,
                reason=found.reason,
                path=found.path or "",
                noise_then=one.noise_differs,
                noise_now=noise,
            )
        )
    return rows


def summary(trial: Trial) -> dict[str, Any]:
    """The cross table, what the noise sample says, and the pairs whose outcome changes."""
    chosen = set(trial.pairs)
    pairs = [one for one in trial.found if one.comparison in chosen]
    counts = Counter((one.then, one.now) for one in pairs)
    changes = [one for one in pairs if one.then != one.now]
    return {
        "pairs": len(pairs),
        "table": [
            {
                "then": then,
                "cells": [
                    {"now": now, "count": counts[then, now], "same": then == now}
                    for now in OUTCOMES
                ],
                "total": sum(counts[then, now] for now in OUTCOMES),
            }
            for then in OUTCOMES
        ],
        "totals": [sum(counts[then, now] for then in OUTCOMES) for now in OUTCOMES],
        "differ_then": sum(one.then == "differ" for one in pairs),
        "differ_now": sum(one.now == "differ" for one in pairs),
        "changed": len(changes),
        "changes": [{"tried": one, **shown} for one, shown in _with_texts(changes[:LISTED])],
        "noise": _noise(trial.found),
    }


def _noise(found: list[Tried]) -> dict[str, Any] | None:
    twice = [one for one in found if one.noise_now is not None]
    if not twice:
        return None
    now = [one.now == "differ" for one in twice], [bool(one.noise_now) for one in twice]
    then = [one.then == "differ" for one in twice], [bool(one.noise_then) for one in twice]
    excess, p = excess_difference(*now)
    return {
        "requests": len(twice),
        "candidate_then": sum(then[0]),
        "baseline_then": sum(then[1]),
        "candidate_now": sum(now[0]),
        "baseline_now": sum(now[1]),
        "excess": plain(excess),
        "p": p,
    }


def _with_texts(changes: list[Tried]) -> list[tuple[Tried, dict[str, Any]]]:
    """Each with its request and its two texts in the order of the alphabet: which is whose is
    known only once its item, if it comes to have one, is resolved (docs/decisions/0006)."""
    comparisons = (
        Comparison.objects.filter(pk__in=[one.comparison for one in changes])
        .select_related("request", "baseline_output", "candidate_output", "item")
        .in_bulk()
    )
    shown = []
    for one in changes:
        comparison = comparisons[one.comparison]
        outputs = (comparison.baseline_output, comparison.candidate_output)
        texts = sorted(as_text(output.value) for output in outputs if output)
        shown.append(
            (
                one,
                {
                    "key": comparison.request.key,
                    "texts": _excerpts(texts),
                    "item": getattr(comparison, "item", None),
                },
            )
        )
    return shown


def _excerpts(texts: list[str]) -> list[str]:
    """The two from shortly before where they part."""
    if len(texts) < 2:
        return texts
    a, b = texts
    parts = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), 0)
    start = max(0, parts - 60)
    return [
        ("…" if start else "") + text[start : start + SHOWN] + ("…" * (len(text) > start + SHOWN))
        for text in texts
    ]
