"""Markdown as safe HTML. A model's output is data: nothing in it loads, runs or leads anywhere
without a click, and its own HTML is shown as text."""

from __future__ import annotations

import re
from html import escape

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reviewapp.desk.rendering import code, hidden

#: Characters beyond which a text is shown as it is: nobody reads that much at once.
LONGEST = 200_000
#: Blocks inside blocks; the parser leaves out what is deeper than twice that, so no text that
#: goes deeper is rendered at all.
_DEPTH = 30
_TAGS = {
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em"),
    *("strong", "s", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td", "span"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}, "span": {"class"}}


#: Signs without which nothing in a text can be Markdown.
_SIGNS = re.compile(r"[*_`~\[<#>|&\\\t]|^ *(?:[-+]|\d+[.)])(?: |$)|^ {4}|^ *[=-]+ *$", re.MULTILINE)


#: What is no sure sign of Markdown.
_PLAIN = {"text", "text_special", "softbreak", "hardbreak", "em_open", "em_close"}


def perhaps(text: str) -> bool:
    """Whether there may be Markdown in it: quickly, and never no where there is."""
    return bool(_SIGNS.search(text.replace("\r", "\n")))


def marked_up(text: str) -> SafeString | None:
    """The text as HTML, or None where it is not rendered, reads as it is stored, or may not be
    meant as Markdown: a star or a backslash alone is more often just that."""
    if len(text) > LONGEST or not perhaps(text):
        return None
    tokens = _markdown.parse(text)
    return None if all(map(_is_plain, tokens)) else _html(tokens)


def _is_plain(token: Token) -> bool:
    if token.type != "inline":
        return token.type in ("paragraph_open", "paragraph_close")
    return all(one.type in _PLAIN for one in token.children or [])


def html(text: str) -> SafeString | None:
    """The text as HTML, or None where it is too long or too deep to be rendered.

    Headings start at h3, below those of the page; images are their description; links carry
    rel="noopener noreferrer nofollow" and go to http, https and mailto only.
    """
    if len(text) > LONGEST:
        return None
    return _html(_markdown.parse(text))


def _html(tokens: list[Token]) -> SafeString | None:
    if any(token.level > _DEPTH for token in tokens):
        return None
    clean = nh3.clean(
        _markdown.renderer.render(tokens, _markdown.options, {}),
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        allowed_classes={},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        attribute_filter=_only_our_classes,
    )
    return mark_safe(hidden.signed_html(clean))  # noqa: S308 — nh3 has cleaned it


def _only_our_classes(tag: str, attribute: str, value: str) -> str | None:
    if attribute != "class":
        return value
    kept = [name for name in value.split() if name in code.CLASSES]
    return " ".join(kept) or None


def _highlighted(source: str, language: str, _attributes: str) -> str:
    return code.marked(source, language)


def _image(self: object, tokens: list, at: int, *_rest: object) -> str:  # type: ignore[type-arg]
    """Its description: an image would be fetched from wherever the output says."""
    return escape(f"[image: {tokens[at].content or 'without description'}]")


def _made() -> MarkdownIt:
    markdown = MarkdownIt(
        "commonmark",
        {"html": False, "breaks": True, "highlight": _highlighted, "maxNesting": 2 * _DEPTH},
    ).enable(["table", "strikethrough"])
    markdown.add_render_rule("image", _image)
    markdown.core.ruler.push("headings", _lower_headings)
    return markdown


def _lower_headings(state) -> None:  # type: ignore[no-untyped-def]
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"


_markdown = _made()
