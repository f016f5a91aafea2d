"""The JSON Schema (draft 2020-12) of a report's data: what `report --json`, the API's `data` and
the page's JSON have. Fields are added and never renamed, so what is not described is allowed; a
test holds reports of all kinds against the schema with nothing else allowed.
"""

from __future__ import annotations

import json
from typing import Any

from reviewapp.reports.schema.core import CORE
from reviewapp.reports.schema.kinds import SHARED
from reviewapp.reports.schema.parts import PARTS, PARTS_DATED

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:crosscheck:schema:report:4"


def json_schema(*, closed: bool = False) -> dict[str, Any]:
    """closed: that nothing may be there which is not described."""
    properties = {**CORE, "parts": PARTS_DATED, **PARTS}
    whole: dict[str, Any] = {
        "$schema": DIALECT,
        "$id": IDENTITY,
        "title": "A report of a run",
        "description": "Every number that the report's page shows. Shares are of 1: 0.004 is 0.4 "
        "points. An estimate has its value and the ends of its interval, 95 % where nothing else "
        "is said; an end that nothing bounds is null. Null is what is not known, and never 0.",
        "type": "object",
        "required": list(properties),
        "properties": {**properties, **ON_ITS_PAGE},
        "$defs": SHARED,
    }
    return _closed(whole) if closed else whole


#: Beside the data, where the page's own JSON is asked for.
ON_ITS_PAGE: dict[str, Any] = {
    "computed_at": {"type": "string", "format": "date-time"},
    "digest": {"type": "string", "description": "Of a frozen report's data; else empty."},
}


def schema_text() -> str:
    """As it is published."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _closed(value) for name, value in schema.items()}
    if isinstance(made.get("properties"), dict) and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made
