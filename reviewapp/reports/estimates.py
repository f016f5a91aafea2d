"""From counts to the rows of a report: the rates of both sides, their difference, and how sure."""

from __future__ import annotations

from typing import Any

from evals.metrics.difference import future_difference, paired_difference, paired_p_value
from evals.metrics.estimate import Estimate
from evals.metrics.mcnemar import mcnemar_exact
from evals.metrics.rates import stratified_rate
from reviewapp.reports.lines import Counts
from reviewapp.reports.measured import plain

#: Of a stratum, below which its labels are as good as a sample of an endless one.
SMALL_FRACTION = 0.1


def row(every: Counts, paired: Counts, population: int) -> dict[str, Any]:
    """every: counts of all lines; paired: of those that can differ. `mcnemar`: the exact test
    beside p, null unless there is a single stratum of which less than a tenth was labelled. Where
    raters are averaged, `worse` and `better` are pairs in which more, or fewer, of them found it on
    the candidate's side, and of `found` there is `unknown` alone."""
    worse, better = paired.pairs or (int(sum(paired.worse)), int(sum(paired.better)))
    found = {
        "baseline": sum(every.baseline),
        "candidate": sum(every.candidate),
        "judged": sum(every.sampled),
        "unknown": sum(every.unknown),
    }
    return {
        "worse": worse,
        "better": better,
        **({"unknown": found["unknown"]} if every.averaged else {"found": found}),
        "baseline": plain(_rate(every, every.baseline, population)),
        "candidate": plain(_rate(every, every.candidate, population)),
        **_differences(paired, population),
        "mcnemar": _mcnemar(paired),
    }


def _rate(every: Counts, hits: list[float], population: int) -> Estimate:
    return stratified_rate(
        hits,
        every.sampled,
        every.sizes,
        population,
        unknown=every.unknown,
        averaged=every.averaged,
    )


def _differences(paired: Counts, population: int) -> dict[str, Any]:
    columns, unknown, averaged = paired.paired, paired.unknown, paired.averaged
    window = paired_difference(*columns, population, unknown=unknown, averaged=averaged)
    future = future_difference(*columns, population, unknown=unknown, averaged=averaged)
    p = paired_p_value(*columns, population, unknown=unknown, averaged=averaged)
    return {"difference": plain(window), "future": plain(future), "p": p}


def _mcnemar(paired: Counts) -> float | None:
    if len(paired.sizes) != 1 or any(paired.unknown) or not paired.sampled[0]:
        return None
    if paired.averaged or paired.sampled[0] >= SMALL_FRACTION * paired.sizes[0]:
        return None
    return mcnemar_exact(int(paired.worse[0]), int(paired.better[0]))


def verdict(difference: dict[str, float | None], p: float) -> str:
    """For this window; where all that could differ was labelled its difference is known."""
    if difference["low"] == difference["high"] == 0:
        return "no difference"
    if p >= 0.05:
        return "not decided"
    return "worse" if (difference["value"] or 0) > 0 else "better"


def failures(sizes: dict[str, int], population: int) -> dict[str, Any]:
    """Requests that a side did not answer, from sizes by stratum: known for all, so exact for the
    window."""
    only_candidate = sizes.get("failed/candidate", 0)
    only_baseline = sizes.get("failed/baseline", 0)
    both = sizes.get("failed/both", 0)
    c = Counts.census(worse=only_candidate, better=only_baseline)
    return {
        "baseline": only_baseline + both,
        "candidate": only_candidate + both,
        "difference": plain(paired_difference(*c.paired, population)),
        "future": plain(future_difference(*c.paired, population)),
    }
