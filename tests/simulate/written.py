"""The page docs/simulations.md, from the results."""

import math
import os
import platform
from collections.abc import Sequence

import numpy
import scipy

from .grids import Result

BOUND = 0.935
TITLES = {
    "window": "The difference in this window",
    "allocation": "The difference in this window, small strata being the richest",
    "thin": "The difference in this window, a large stratum thinly labelled",
    "few": "The difference in this window, with few labels or few items that have none",
    "future": "The difference for traffic like it",
    "rates": "Absolute rates with audited blocks",
    "severity": "The severity-weighted score",
    "multiplicity": "The severity-weighted score, an item having several findings of a kind",
    "together": "The severity-weighted score, kinds of findings going together",
    "beyond": "The severity-weighted score, items weighing more than a label or one finding may",
    "averaged": "The difference of labels that are means over raters",
    "fortnight": "A fortnight: closed-prefix lines against all answers together",
    "slices": "Slices, on average over them",
    "sequence": "The confidence sequence, at every time at once",
}
#: What a section has to say of its cells.
NOTES = {
    "few": """Of one and of two strata every sample of every population is listed, and what is shown
is the population that is covered least; of more they are drawn.""",
    "together": """Up to twelve kinds, weighing 1, 5 and 25. “Kind by kind” has an interval for each
kind that a label has, added as if kinds were independent of each other.""",
    "beyond": """Nothing is demanded here, for nothing can be promised: nine findings in an item, 93
together, where no label has such an item and one finding weighs 25 at most. The report says up to
what an output may weigh for its interval to hold.""",
    "slices": """One window of several slices for each fifteen repeats. That the interval drawn
together holds is demanded on average; the slice that lies furthest from the others it holds less
often, and the page draws each slice's own.""",
}
UNDEMANDED = ("sequence", "beyond")
WORST = 5
OURS = ("shipped", "lines", "lines, disputed items unknown", "by itself", "drawn together")


def page(results: Sequence[Result], repeats: int, seed: int, seconds: float, jobs: int) -> str:
    parts = [_head(repeats, seed, seconds, jobs), _acceptance(results, repeats)]
    for grid in TITLES:
        parts.append(_coverage(grid, [one for one in results if one.grid == grid]))
    parts.append(_decisions(results))
    return "\n".join(parts)


def failures(results: Sequence[Result], repeats: int) -> list[str]:
    """What is not as the specification demands."""
    return [f"{what}: {found}" for what, _, found, good in _rows(results, repeats) if not good]


def _head(repeats: int, seed: int, seconds: float, jobs: int) -> str:
    return f"""# What the intervals hold, simulated

Written by `make simulate`; do not edit. Samples are drawn from populations whose truth is known,
and it is counted how often the interval holds it. The estimators are those of `evals/metrics`, over
many samples at once (`tests/simulate/batched.py`, compared with them in every cell). Widths are in
points.

* {repeats:,} repeats a cell, seed {seed}
* {seconds:.0f} seconds with {jobs} processes on {_machine()}
* Python {platform.python_version()}, NumPy {numpy.__version__}, SciPy {scipy.__version__}
* Monte-Carlo standard error of a share of 95 %: {100 * math.sqrt(0.95 * 0.05 / repeats):.2f} points
"""


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"


def _acceptance(results: Sequence[Result], repeats: int) -> str:
    lines = ["## What was demanded", "", "| demand | bound | found | |", "|---|---|---|---|"]
    for what, bound, found, good in _rows(results, repeats):
        lines.append(f"| {what} | {bound} | {found} | {'holds' if good else '**does not hold**'} |")
    return "\n".join([*lines, ""])


def _rows(results: Sequence[Result], repeats: int) -> list[tuple[str, str, str, bool]]:
    rows = []
    for grid in (name for name in TITLES if name not in UNDEMANDED):
        ours = [_ours(one) for one in results if one.grid == grid]
        if ours:
            worst = min(coverage for coverage, _ in ours)
            what = f"{TITLES[grid]}: the worst of {len(ours)} cells"
            rows.append((what, f"≥ {100 * BOUND:.1f} %", _percent(worst), worst >= BOUND))
    window = [one for one in results if one.grid == "window"]
    for one in window:
        if "one item" in one.name:
            held = _ours(one)[0]
            rows.append((one.name, f"≥ {100 * BOUND:.1f} %", _percent(held), held >= BOUND))
    if window:
        ours, specified = (
            sum(one.width[name] for one in window) / len(window)
            for name in ("shipped", "as specified")
        )
        ratio = ours / specified
        found = f"{100 * ours:.2f} against {100 * specified:.2f} points"
        what = "mean width in this window, against the plain formula's in the same cells"
        rows.append((what, "within 10 %", found, ratio <= 1.1))
        what = (
            "mean width in this window, against the 3.52 points of the design's own, similar grid"
        )
        rows.append((what, "within 10 %", f"{100 * ours:.2f} points", ours <= 0.0352 * 1.1))
    allocation = [one for one in results if one.grid == "allocation"]
    if allocation:
        rows.append(_neyman(allocation))
    looks = [one for one in results if one.grid == "looks"]
    if looks:
        bound = 0.05 + 2 * math.sqrt(0.05 * 0.95 / repeats)
        worst = max(one.coverage["scheduled"] for one in looks)
        what = f"false decisions over fourteen looks, the worst of {len(looks)} cells"
        rows.append((what, f"≤ {100 * bound:.2f} %", _percent(worst), worst <= bound))
    rows += _as_shipped([one for one in results if one.grid == "shipped looks"], repeats)
    every = [one.coverage["shipped"] for one in results if one.grid == "sequence"]
    if every:
        what = "the confidence sequence at every time, the worst cell"
        rows.append((what, "≥ 95 %", _percent(min(every)), min(every) >= 0.95))
    planned = [one.coverage["decided"] for one in results if one.grid == "labels needed"]
    if planned:
        found = f"{_percent(min(planned))} to {_percent(max(planned))}"
        good = min(planned) >= 0.74
        rows.append(("labels needed decide", "80 %, give or take 6", found, good))
    return rows


def _as_shipped(looks: Sequence[Result], repeats: int) -> list[tuple[str, str, str, bool]]:
    """Of the gate's own looks: false passes, false fails, and either."""
    rows = []
    for which, share in (("passed", 0.025), ("failed", 0.025), ("either", 0.05)):
        if looks:
            bound = share + 2 * math.sqrt(share * (1 - share) / repeats)
            worst = max(one.coverage[which] for one in looks)
            named = {"passed": "false passes", "failed": "false fails"}.get(which, "both together")
            what = f"the gate's looks as they ship, n/n_max, {named}: the worst of {len(looks)}"
            rows.append((what, f"≤ {100 * bound:.2f} %", _percent(worst), worst <= bound))
    return rows


def _neyman(results: Sequence[Result]) -> tuple[str, str, str, bool]:
    """Cells whose names differ in the allocation only."""
    widths: dict[str, dict[str, float]] = {}
    for one in results:
        cell, _, allocation = one.name.rpartition(" ")
        widths.setdefault(cell, {})[allocation] = one.width["shipped"]
    pairs = [(w["Neyman"], w["proportional"]) for w in widths.values()]
    neyman, proportional = (sum(column) / len(pairs) for column in zip(*pairs, strict=True))
    narrower = sum(a <= b for a, b in pairs)
    found = f"{100 * neyman:.2f} against {100 * proportional:.2f}, in {narrower} of {len(pairs)}"
    what = "mean width under Neyman allocation, against proportional"
    return what, "narrower", found, neyman < proportional


def _coverage(grid: str, results: Sequence[Result]) -> str:
    if not results:
        return ""
    names = list(results[0].coverage)
    lines = [f"## {TITLES[grid]}", ""]
    if grid in NOTES:
        lines += [NOTES[grid], ""]
    lines += [f"{len(results)} cell{'s' if len(results) > 1 else ''}.", ""]
    lines += ["| interval | worst cell | 1 in 100 cells | mean | mean width |", "|---" * 5 + "|"]
    for name in names:
        held = numpy.array([one.coverage[name] for one in results])
        width = 100 * sum(one.width[name] for one in results) / len(results)
        shown = (held.min(), numpy.quantile(held, 0.01), held.mean())
        lines.append(f"| {name} | {' | '.join(map(_percent, shown))} | {width:.2f} |")
    shown = sorted(results, key=lambda one: _ours(one)[0])
    if len(results) > 4 * WORST:
        shown = shown[:WORST]
        shown += [one for one in results if "one item" in one.name and one not in shown]
        lines += ["", "The cells in which the shipped interval covers least:"]
    lines += ["", f"| cell | {' | '.join(names)} | width |", "|---" * (len(names) + 2) + "|"]
    for one in shown:
        held = " | ".join(_percent(one.coverage[name]) for name in names)
        lines.append(f"| {one.name} | {held} | {100 * _ours(one)[1]:.2f} |")
    return "\n".join([*lines, ""])


def _decisions(results: Sequence[Result]) -> str:
    looks = [one for one in results if one.grid in ("looks", "looks under drift", "power")]
    if not looks:
        return ""
    names = list(looks[0].coverage)
    lines = ["## Fourteen looks", "", "How often anything was decided, and at which look on"]
    lines += [
        "average. With the truth on the margin whatever is decided is wrong. A pass needs the"
    ]
    lines += ["whole fortnight, a fail may come earlier: under drift it is about the days so far."]
    lines += ["", f"| truth | cell | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|"]
    titles = {"looks": "on the margin", "looks under drift": "on the margin, drifting"}
    for one in looks:
        shown = " | ".join(
            f"{_percent(one.coverage[name])}"
            + (f" (look {one.width[name]:.1f})" if math.isfinite(one.width[name]) else "")
            for name in names
        )
        lines.append(f"| {titles.get(one.grid, 'off the margin')} | {one.name} | {shown} |")
    lines += _shipped_looks([one for one in results if one.grid.startswith("shipped looks")])
    planned = [one for one in results if one.grid == "labels needed"]
    if planned:
        lines += ["", "## Labels still needed", "", "| pilot | labels asked for | decided |"]
        lines += ["|---|---|---|"]
        for one in planned:
            asked, decided = one.width["decided"], _percent(one.coverage["decided"])
            lines.append(f"| {one.name} | {asked:.0f} | {decided} |")
    return "\n".join([*lines, ""])


def _shipped_looks(looks: Sequence[Result]) -> list[str]:
    if not looks:
        return []
    lines = ["", "## The gate's looks as they ship", "", "At parts of the label budget, n/n_max,"]
    lines += ["taken at the label that makes them due while reviewers come and go, over lines that"]
    lines += ["are put together as the report does; for traffic like the window's."]
    lines += ["", "| truth | cell | passed | failed | either |", "|---" * 5 + "|"]
    for one in looks:
        truth = "on the margin" if one.grid == "shipped looks" else "off the margin"
        shown = " | ".join(_percent(one.coverage[name]) for name in ("passed", "failed", "either"))
        lines.append(f"| {truth} | {one.name} | {shown} |")
    return lines


def _ours(one: Result) -> tuple[float, float]:
    name = min((n for n in one.coverage if n in OURS), key=lambda n: one.coverage[n])
    return one.coverage[name], one.width[name]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
