"""Places in a JSON body: `{{ input }}`, `{{ input.customer.name }}`, `{{ messages }}` …

A body is JSON before anything is filled in, and stays the JSON that it was: a string that is
nothing but a place becomes the JSON value that belongs there, and in any other string a place
becomes text inside that string. What was filled in is not looked at again.
"""

import re
from collections.abc import Mapping
from typing import Any

from evals.values import source_of

#: What a place may name, and what stands there.
NAMES = {
    "input": "the request's input, and fields of it: input.customer.name",
    "prompt": "the input in the prompt template, as text",
    "messages": "the messages as a chat model is sent them",
    "tools": "the tools that a chat was served with, or null",
    "system": "the version's system message",
    "model": "the model's name at that address",
    "parameters": "the version's parameters, and fields of it: parameters.max_tokens",
    "request": "the id of the request",
    "sample": "which answer this will be: 0, or 1, 2 … where it is asked again",
}

_PLACE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")


class PlaceError(ValueError):
    """A place that names nothing, or nothing in this input."""


def check_places(template: Any, at: str = "body") -> None:
    """PlaceError, with the path in the template, for a place that can never be filled."""
    if isinstance(template, Mapping):
        for key, value in template.items():
            check_places(value, f"{at}.{key}")
    elif isinstance(template, list):
        for i, value in enumerate(template):
            check_places(value, f"{at}[{i}]")
    elif isinstance(template, str):
        for name in _PLACE.findall(template):
            if name.split(".")[0] not in NAMES:
                raise PlaceError(f"{at}: {{{{ {name} }}}} is unknown; there are {', '.join(NAMES)}")
        if "{{" in _PLACE.sub("", template):
            raise PlaceError(f"{at}: {{{{ is no place such as {{{{ input }}}}")


def filled(template: Any, values: Mapping[str, Any]) -> Any:
    """The template with values in its places; keys are left as they are."""
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    if not isinstance(template, str):
        return template
    if whole := _PLACE.fullmatch(template.strip()):
        return _value(whole[1], values)
    return _PLACE.sub(lambda place: as_text(_value(place[1], values)), template)


def as_text(value: Any) -> str:
    return value if isinstance(value, str) else source_of(value)


def _value(path: str, values: Mapping[str, Any]) -> Any:
    first, *rest = path.split(".")
    value = values[first]
    for name in rest:
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            raise PlaceError(f"{{{{ {path} }}}}: this request has no {name!r}")
    return value
