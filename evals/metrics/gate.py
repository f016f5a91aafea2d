"""From an interval and a margin to a verdict, and from verdicts to the gate's."""

from collections.abc import Iterable
from typing import Literal

from evals.metrics.estimate import Estimate

Verdict = Literal["pass", "fail", "undecided"]


def judge(estimate: Estimate, margin: float) -> Verdict:
    """One rule: "pass" when the whole interval is within the margin, "fail" when it is all beyond.

    margin: the largest difference that is accepted, in the unit of the estimate; worse is positive.
    pass: high <= margin. fail: low > margin. Anything else, an interval with a nan too:
    "undecided".
    """
    if estimate.high <= margin:
        return "pass"
    if estimate.low > margin:
        return "fail"
    return "undecided"


def combine(verdicts: Iterable[Verdict]) -> Verdict:
    """Any "fail" fails, all "pass" pass; anything else, no rules too, is "undecided"."""
    given = set(verdicts)
    if "fail" in given:
        return "fail"
    return "pass" if given == {"pass"} else "undecided"
