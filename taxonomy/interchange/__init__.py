"""Taxonomies as text (YAML or JSON), as plain values, and in the database.

Everything that comes from outside passes `from_dict`, which collects all that is wrong; `read`
adds the line of each problem. What passes can be stored, and reads back as it was.
"""

from taxonomy.interchange.checking import from_dict, read, write
from taxonomy.interchange.content import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_LEVELS,
    MAX_TEXT,
    MAX_WEIGHT,
    RESERVED_HOTKEYS,
    Category,
    Content,
    Example,
    Severity,
)
from taxonomy.interchange.database import content_of, create_version, moves_of, store
from taxonomy.interchange.moving import map_as_dict, map_of
from taxonomy.interchange.problems import Path, Problem, TaxonomyError
from taxonomy.interchange.schema import json_schema, schema_text
from taxonomy.interchange.spelling import FORMATS, as_dict, digest

__all__ = [
    "FORMATS",
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_LEVELS",
    "MAX_TEXT",
    "MAX_WEIGHT",
    "RESERVED_HOTKEYS",
    "Category",
    "Content",
    "Example",
    "Path",
    "Problem",
    "Severity",
    "TaxonomyError",
    "as_dict",
    "content_of",
    "create_version",
    "digest",
    "from_dict",
    "json_schema",
    "map_as_dict",
    "map_of",
    "moves_of",
    "read",
    "schema_text",
    "store",
    "write",
]
