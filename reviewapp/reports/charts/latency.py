"""The latencies of both models: how many requests took how long, and where p50, p95 and p99 lie."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

from reviewapp.reports.charts.svg import INK, LINE, QUIET, SHEET, WASH, cleaned

WIDTH, HEIGHT, STRIP = 620, 150, 38
SIDES = ("production", "candidate")
#: Told apart without colour: filled and solid against empty and dashed.
DASHES = [[1, 0], [6, 3]]


def picture(latency: dict[str, Any]) -> str:
    """An SVG of the `latency` of a report (reviewapp.reports.parts), cleaned.

    Below, the share of requests in bins that are equally wide on a logarithmic axis; above, on the
    same axis, the quantiles. Imports altair and vl-convert: see `apart.py`.
    """
    alt, vl_convert = import_module("altair"), import_module("vl_convert")
    x = alt.X(
        "ms:Q",
        scale=alt.Scale(type="log", domain=_reach(latency), nice=False),
        axis=alt.Axis(title=None, labelExpr=_LABEL, values=_ticks(*_reach(latency)), grid=True),
    )
    bare = alt.X("ms:Q", scale=x["scale"], axis=None)
    dash = alt.StrokeDash("side:N", scale=alt.Scale(domain=SIDES, range=DASHES), legend=None)
    bins = alt.Chart(alt.Data(values=_bins(latency)))
    top = {"interpolate": "step-after"}
    area = bins.transform_filter("datum.side == 'production'").mark_area(**top, color=WASH)
    line = bins.mark_line(**top, color=INK, strokeWidth=1.5)
    share = alt.Y("share:Q", axis=alt.Axis(format="%", title="of requests", tickCount=4))
    below = alt.layer(
        area.encode(x=x, y=share), line.encode(x=x, y=share, strokeDash=dash)
    ).properties(width=WIDTH, height=HEIGHT)
    marks = alt.Chart(alt.Data(values=_quantiles(latency)))
    row = alt.Y("side:N", sort=SIDES, axis=alt.Axis(title=None, ticks=False, domain=False))
    above = alt.layer(
        marks.mark_line(color=INK, strokeWidth=1).encode(x=bare, y=row, strokeDash=dash),
        marks.mark_point(size=46, stroke=INK, strokeWidth=1.5, opacity=1).encode(
            x=bare,
            y=row,
            shape=alt.Shape("share:N", scale=_SHAPES, legend=None),
            fill=alt.Fill("side:N", scale=alt.Scale(domain=SIDES, range=[INK, SHEET]), legend=None),
        ),
    ).properties(width=WIDTH, height=STRIP)
    chart = alt.vconcat(above, below, spacing=4, background=None).configure(**_STYLE)
    svg = vl_convert.vegalite_to_svg(chart.to_json(validate=False))
    return cleaned(
        svg,
        name="latency",
        title="Latency of both models over the same requests",
        words=say(latency),
    )


#: p50, p95, p99, as the caption explains them.
_SHAPES: Any = {"domain": ["p50", "p95", "p99"], "range": ["circle", "diamond", "triangle-up"]}
_LABEL = "datum.value >= 1000 ? datum.value / 1000 + ' s' : datum.value + ' ms'"
_AXIS = {"labelColor": QUIET, "titleColor": QUIET, "gridColor": LINE, "domainColor": QUIET}
_TEXT = {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal"}
_STYLE: dict[str, Any] = {
    "axis": {**_AXIS, "tickColor": QUIET, **_TEXT},
    "view": {"stroke": None},
    "padding": {"left": 14, "right": 12, "top": 2, "bottom": 2},
}


def say(latency: dict[str, Any]) -> str:
    """The picture in words."""
    said = [
        f"p{100 * one['share']:g}: production {_ms(one['baseline'])}, "
        f"candidate {_ms(one['candidate'])}."
        for one in latency["quantiles"]
    ]
    return " ".join([f"{latency['pairs']:,} pairs.", *said])


def _ms(estimate: dict[str, Any]) -> str:
    value = estimate["value"]
    if value is None:
        return "not known"
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


def _edges(latency: dict[str, Any]) -> list[float]:
    """The first bin begins at 0, which a logarithmic axis has not got: one bin's width before its
    end."""
    edges = list(latency["distribution"]["edges_ms"])
    edges[0] = edges[1] ** 2 / edges[2]
    return edges


def _reach(latency: dict[str, Any]) -> list[float]:
    """Ends of the axis: somewhat beyond the bins, and a factor of four apart, so that there are
    ticks."""
    edges = _edges(latency)
    beyond = max(1.02, math.sqrt(4 * edges[0] / edges[-1]))
    return [edges[0] / beyond, edges[-1] * beyond]


def _bins(latency: dict[str, Any]) -> list[dict[str, Any]]:
    edges = _edges(latency)
    rows = []
    for side, name in zip(SIDES, ("baseline", "candidate"), strict=True):
        counts = [*latency["distribution"][name], 0]
        rows += [
            {"side": side, "ms": edge, "share": count / latency["pairs"]}
            for edge, count in zip(edges, counts, strict=True)
        ]
    return rows


def _quantiles(latency: dict[str, Any]) -> list[dict[str, Any]]:
    edges = _edges(latency)
    return [
        {
            "side": side,
            "ms": min(max(value, edges[0]), edges[-1]),
            "share": f"p{100 * one['share']:g}",
        }
        for one in latency["quantiles"]
        for side, name in zip(SIDES, ("baseline", "candidate"), strict=True)
        if (value := one[name]["value"]) is not None
    ]


def _ticks(low: float, high: float) -> list[float]:
    """Round values inside, each 2 to 2.5 times the one before; all powers of ten where that would
    be too many."""
    decades = [10.0**power for power in range(-3, 9)]
    fine = [step * decade for decade in decades for step in (1, 2, 5)]
    inside = [one for one in fine if low <= one <= high]
    return inside if len(inside) <= 10 else [one for one in decades if low <= one <= high]
