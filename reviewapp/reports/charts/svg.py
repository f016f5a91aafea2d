"""What of an SVG is shown: shapes and words, in the colours of the page's theme."""

from __future__ import annotations

from xml.etree import ElementTree

SPACE = "http://www.w3.org/2000/svg"

#: The colours that charts are described in; on the page the class of each decides, so that a
#: picture follows the theme and prints. Shown elsewhere it has these.
COLOURS = {
    "#1b1d20": "ink",
    "#5b6068": "quiet",
    "#d9d9d3": "line",
    "#e6e6e1": "wash",
    "#ffffff": "sheet",
}
INK, QUIET, LINE, WASH, SHEET = COLOURS

_ELEMENTS = {"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "title", "desc"}
_ATTRIBUTES = {
    *("x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "d", "width", "height"),
    *("transform", "viewBox", "fill", "stroke", "stroke-width", "stroke-dasharray", "opacity"),
    *("fill-opacity", "text-anchor", "font-size", "font-weight"),
}
#: Of a picture that was cleaned before.
_OWN = {"class", "role", "id", "aria-labelledby"}
_CLASSES = {"chart", *(f"{paint}-{name}" for name in COLOURS.values() for paint in ("f", "s"))}


def cleaned(svg: str, *, name: str = "", title: str = "", words: str = "") -> str:
    """The picture without anything that is not a shape or a word: no style, script, reference or
    event. `name`: of the picture among those of the page, where it is new; `title` and `words` say
    to those who do not see it what it shows. What is cleaned already stays as it is.

    Raises ValueError for what is not an SVG.
    """
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314  (expat fetches nothing)
    except ElementTree.ParseError as error:
        raise ValueError(f"That is not an SVG: {error}") from None
    if root.tag != f"{{{SPACE}}}svg":
        raise ValueError(f"That is not an SVG, but {root.tag}.")
    _clean(root, top=True)
    if name:
        root.set("role", "img")
        root.set("aria-labelledby", f"{name}-title {name}-words")
        root.set("class", "chart")
        for at, (tag, text) in enumerate((("title", title), ("words", words))):
            said = ElementTree.Element(f"{{{SPACE}}}{'title' if tag == 'title' else 'desc'}")
            said.set("id", f"{name}-{tag}")
            said.text = text
            root.insert(at, said)
    ElementTree.register_namespace("", SPACE)
    return ElementTree.tostring(root, encoding="unicode")


def _clean(element: ElementTree.Element, *, top: bool = False) -> None:
    hidden = element.get("display") == "none"
    own = _OWN if top or element.tag in _named("title", "desc") else {"class"}
    paint = [
        f"{short}-{COLOURS[colour]}"
        for attribute, short in (("fill", "f"), ("stroke", "s"))
        if (colour := (element.get(attribute) or "").lower()) in COLOURS
    ]
    classes = [*(one for one in (element.get("class") or "").split() if one in _CLASSES), *paint]
    for attribute in list(element.attrib):
        value = element.attrib[attribute]
        if attribute not in _ATTRIBUTES | own or "url(" in value.lower():
            del element.attrib[attribute]
    element.attrib.pop("class", None)
    if classes:
        element.set("class", " ".join(dict.fromkeys(classes)))
    for child in list(element):
        if child.tag not in _named(*_ELEMENTS) or _draws_nothing(child):
            element.remove(child)
        else:
            _clean(child)
            child.tail = None
    if hidden:
        for child in list(element):
            element.remove(child)
    if element.tag not in _named("text", "tspan", "title", "desc"):
        element.text = None


def _draws_nothing(element: ElementTree.Element) -> bool:
    """What Vega leaves behind: empty paths, hidden marks, frames without a colour."""
    if element.get("display") == "none":
        return True
    painted = {element.get("fill"), element.get("stroke")} - {None, "none"}
    return element.tag in _named("path") and (not element.get("d") or _is_frame(element, painted))


def _is_frame(element: ElementTree.Element, painted: set[str | None]) -> bool:
    return "background" in (element.get("class") or "") and not painted


def _named(*names: str) -> set[str]:
    return {f"{{{SPACE}}}{name}" for name in names}
