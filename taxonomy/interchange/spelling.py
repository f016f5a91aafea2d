"""From a content to JSON values, YAML and a digest: the same bytes for the same content."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import yaml

from taxonomy.interchange.content import REQUIRED, Content, Example


def as_dict(content: Content | Example) -> dict[str, Any]:
    """JSON values; an optional field that is empty or false is left out."""
    plain: dict[str, Any] = _plain(content)
    return plain


def digest(content: Content) -> str:
    """SHA-256 of the canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: Content) -> bytes:
    """JSON with sorted names and no spaces."""
    plain = as_dict(content)
    spelled = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return spelled.encode()


def as_yaml(content: Content) -> str:
    """Unchecked: see `write`."""
    text: str = yaml.dump(
        as_dict(content),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=90,  # where words are folded, not counting the indent
    )
    return text


def as_json(content: Content) -> str:
    """Unchecked: see `write`."""
    return json.dumps(as_dict(content), indent=2, ensure_ascii=False) + "\n"


#: What a taxonomy is written as, by the name of the format.
FORMATS: Mapping[str, Callable[[Content], str]] = {"yaml": as_yaml, "json": as_json}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if not dataclasses.is_dataclass(value):
        return value
    required = REQUIRED[type(value)]
    given = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    return {name: _plain(one) for name, one in given.items() if name in required or one}


class _Dumper(yaml.SafeDumper):
    """Lists are indented, long text is folded, text of several lines stands as it is."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    lines = text.split("\n")
    style = "|" if len(lines) > 1 else None
    if max(map(len, lines)) > 80 and not any(line.startswith((" ", "\t")) for line in lines):
        style = ">"  # with indented lines it would not read back as it was
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
