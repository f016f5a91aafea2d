"""How numbers, texts and times appear on the pages: always with a unit, never with more digits
than they deserve."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reviewapp import glossary
from reviewapp.reports import words

register = template.Library()


@register.filter
def points(share: float | None) -> str:
    """A share as points without a sign: 0.0094 is 0.9."""
    return "–" if share is None else words.points(share)


@register.filter
def difference(estimate: dict[str, Any] | None) -> str:
    """+0.9 [+0.3, +1.6]"""
    return "–" if estimate is None else words.interval(estimate).replace(" points", "")


@register.filter
def percent(share: float | None, digits: int | None = None) -> str:
    """`digits`: after the point, where there are few of what it is a share of."""
    if share is None:
        return "–"
    return f"{words.points(share) if digits is None else f'{100 * share:.{digits}f}'} %"


@register.filter
def p_value(p: float | None) -> str:
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


@register.filter
def milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value / 1000:.1f} s" if value >= 1000 else f"{value:.0f} ms"


@register.filter
def usd(value: float | None) -> str:
    if value is None:
        return "–"
    return f"${value:,.2f}" if value >= 0.1 or value == 0 else f"${value:.2g}"


@register.filter
def usd_interval(estimate: dict[str, Any]) -> str:
    """$0.71 [0.69, 0.74]"""
    return _interval(estimate, lambda value: usd(value).replace("$", ""), "$")


@register.filter
def usd_change(estimate: dict[str, Any]) -> str:
    """−$0.26 [−0.29, −0.22]"""

    def bare(value: float) -> str:
        return _sign(value) + usd(abs(value)).replace("$", "")

    said = _interval(estimate, bare)
    return said[0] + "$" + said[1:]


@register.filter
def ms_interval(estimate: dict[str, Any]) -> str:
    """412 ms [401, 425]: all in the unit of the value."""
    return _interval(estimate, *_milliseconds(estimate, ""))


@register.filter
def ms_difference(estimate: dict[str, Any]) -> str:
    """+97 ms [−540, +733]"""
    return _interval(estimate, *_milliseconds(estimate, "+"))


def _milliseconds(estimate: dict[str, Any], sign: str) -> tuple[Callable[[float], str], str, str]:
    if abs(estimate["value"]) >= 1000:
        return lambda value: _signs(f"{value / 1000:{sign}.2f}"), "", " s"
    return lambda value: _signs(f"{value:{sign},.0f}"), "", " ms"


def _interval(
    estimate: dict[str, Any], said: Callable[[float], str], before: str = "", after: str = ""
) -> str:
    low, high = (
        "unbounded" if estimate[end] is None else said(estimate[end]) for end in ("low", "high")
    )
    return f"{before}{said(estimate['value'])}{after} [{low}, {high}]"


def _sign(value: float) -> str:
    return "+" if value > 0 else "−" if value < 0 else "±"


def _signs(text: str) -> str:
    return text.replace("-", "−")


@register.filter
def points_signed(share: float | None) -> str:
    return "–" if share is None else words.points(share, signed=True)


@register.filter
def alpha(value: float | None) -> str:
    """An end of the interval of a coefficient of agreement."""
    return "unbounded" if value is None else f"{round(value, 2) + 0:.2f}".replace("-", "−")


@register.filter
def coefficient(estimate: dict[str, Any] | None) -> str:
    """0.82 [0.61, 0.94], of a number that is 1 at best."""
    return "–" if estimate is None else _interval(estimate, alpha)


@register.filter
def percent_interval(estimate: dict[str, Any]) -> str:
    """81.2 % [60.4, 94.1]"""
    return _interval(estimate, points, after=" %")


@register.filter
def level(share: float) -> str:
    """Of an interval: 0.9987 is 99.87 %, and what is nearly 1 is never said to be."""
    return f"{100 * share:.4g} %" if share < 0.9999 else "above 99.99 %"


@register.filter
def hours(value: float) -> str:
    """2 h 10 min"""
    minutes = max(1, round(60 * value))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


@register.filter
def times(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2f}"


@register.filter
def signed(value: float | None) -> str:
    """A number with its sign, as typographers write it."""
    return "unbounded" if value is None else f"{value:+.2f}".replace("-", "−")


@register.filter
def minute(moment: str) -> str:
    """A date of a report's JSON as "2026-11-25 19:18", without its zone."""
    return moment[:16].replace("T", " ")


@register.filter
def ago(moment: datetime | str | None) -> str:
    """How long ago, in one unit."""
    if not moment:
        return "never"
    then = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    seconds = max(0.0, (timezone.now() - then).total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"


@register.filter
def pretty(value: object) -> str:
    """A JSON value to read: text as it is, the rest indented."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


@register.filter
def thousands(value: int) -> str:
    """1,048,576"""
    return f"{value:,}" if isinstance(value, int) else str(value)


@register.filter
def lookup(mapping: dict[str, Any], key: str) -> Any:
    return mapping.get(key)


@register.filter
def words_of(text: str) -> list[str]:
    """ "a b" as ["a", "b"], to loop over in a template."""
    return text.split()


@register.simple_tag
def term(key: str, text: str = "") -> SafeString:
    """A word of the glossary, which explains itself."""
    return format_html(
        '<button type="button" class="term" data-term="{}">{}</button>',
        glossary.TERMS[key],
        text or key,
    )
