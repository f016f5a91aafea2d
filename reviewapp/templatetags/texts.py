"""How texts that are judged appear: as they are stored, to the character."""

from __future__ import annotations

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

from reviewapp.desk.rendering.hidden import signed

register = template.Library()


@register.filter
def exact(value: str) -> SafeString:
    """A text escaped so that a browser shows and counts it as it is stored: HTML turns carriage
    returns into line feeds unless they are written as references, and what cannot be seen gets a
    sign, by the stylesheet."""
    text = str(conditional_escape(value)).replace("\r", "&#13;")
    return mark_safe(signed(text))  # noqa: S308 — escaped


@register.filter
def ends(text: str) -> tuple[str, str, str]:
    """The space before a stretch of text, the stretch, the space behind it: marks look ragged
    on spaces. A stretch of nothing else stays whole."""
    core = text.strip()
    if not core:
        return "", text, ""
    start = text.index(core)
    return text[:start], core, text[start + len(core) :]


@register.filter
def clipped(value: str, most: int) -> str:
    """The beginning of a text that is too long for its place, and how long it is."""
    return value if len(value) <= most else f"{value[:most]}… ({len(value):,} characters)"
