"""How numbers, texts and times appear on the pages: always with a unit, never with more digits
than they deserve."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reviewapp import glossary, words

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
def percent(share: float | None) -> str:
    return "–" if share is None else f"{words.points(share)} %"


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
def times(value: float | None) -> str:
    return "∞" if value is None else f"{value:.2f}"


@register.filter
def signed(value: float | None) -> str:
    """A number with its sign, as typographers write it."""
    return "unbounded" if value is None else f"{value:+.2f}".replace("-", "−")


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
