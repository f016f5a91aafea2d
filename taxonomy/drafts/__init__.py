"""A draft of a taxonomy's next version: what it says, and what became of the version before.

Each edit is a plain function from a draft to the next one, which is valid or is not made
(TaxonomyError); the map is kept right by it. `stored` reads and `rows` writes those that are in
the database.
"""

from taxonomy.drafts.categories import add, assign, edit, move
from taxonomy.drafts.joining import merge, remove, split
from taxonomy.drafts.publishing import notices, problems
from taxonomy.drafts.severities import (
    add_severity,
    edit_severity,
    move_severity,
    remove_severity,
)
from taxonomy.drafts.state import Draft, begin, category, severity
from taxonomy.drafts.tree import below, children, key_for, subtree
from taxonomy.drafts.whole import describe, replace_content

__all__ = [
    "Draft",
    "add",
    "add_severity",
    "assign",
    "begin",
    "below",
    "category",
    "children",
    "describe",
    "edit",
    "edit_severity",
    "key_for",
    "merge",
    "move",
    "move_severity",
    "notices",
    "problems",
    "remove",
    "remove_severity",
    "replace_content",
    "severity",
    "split",
    "subtree",
]
