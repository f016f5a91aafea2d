"""What a JSON Schema says of a value that is meant to follow it: its defaults, its types.

Read leniently: a schema comes with a request and may say anything. Only `type`, `default`,
`properties`, `items` and local references are followed; a value that cannot be read as its type
stays as it is.
"""

from collections.abc import Callable
from typing import Any

_HOPS = 20


def schemas(tools: object) -> dict[str, Any]:
    """The schema of each tool's arguments, by name, from a request's `tools`."""
    found: dict[str, Any] = {}
    for tool in tools if isinstance(tools, list) else []:
        inner = tool.get("function", tool) if isinstance(tool, dict) else None
        if isinstance(inner, dict) and isinstance(inner.get("name"), str):
            schema = inner.get("parameters", inner.get("input_schema"))
            if isinstance(schema, dict):
                found[inner["name"]] = schema
    return found


def as_schema_says(value: object, schema: dict[str, Any]) -> object:
    """`value` with the defaults that it leaves out and with the types that the schema names."""
    return _read(value, schema, schema)


def _read(value: object, schema: object, root: dict[str, Any]) -> object:
    schema = _resolved(schema, root)
    if not isinstance(schema, dict):
        return value
    value = _coerced(value, schema.get("type"))
    if isinstance(value, dict):
        said = schema.get("properties")
        properties = said if isinstance(said, dict) else {}
        read = {key: _read(one, properties.get(key), root) for key, one in value.items()}
        for key, one in properties.items():
            inner = _resolved(one, root)
            if key not in read and isinstance(inner, dict) and "default" in inner:
                read[key] = inner["default"]
        return read
    if isinstance(value, list):
        return [_read(one, schema.get("items"), root) for one in value]
    return value


def _resolved(schema: object, root: dict[str, Any]) -> object:
    for _ in range(_HOPS):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return schema
        schema = root
        for part in reference[2:].split("/"):
            schema = schema.get(part) if isinstance(schema, dict) else None
    return None


def _coerced(value: object, kind: object) -> object:
    """Read as the one type that is named; where several may be, the value says which it is."""
    read = _AS.get(kind) if isinstance(kind, str) else None
    return read(value) if read else value


def _number(value: object) -> object:
    if not isinstance(value, str) or len(value) > 400:
        return value
    try:
        number = float(value)
        whole = int(value) if value.strip().lstrip("+-").isdecimal() else None
    except (ValueError, OverflowError):
        return value
    if whole is not None and abs(whole) < 1e300:
        return whole
    return number if abs(number) < 1e300 else value


def _integer(value: object) -> object:
    number = _number(value)
    if isinstance(number, float) and not isinstance(value, float):
        return int(number) if number.is_integer() else value
    return number


def _boolean(value: object) -> object:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower(), value)
    return value


def _string(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value) if isinstance(value, int | float) else value


_AS: dict[str, Callable[[object], object]] = {
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "string": _string,
}
