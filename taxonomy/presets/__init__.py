"""Taxonomies to start from, one YAML file each. A new preset is a new file here."""

from functools import cache
from pathlib import Path

from taxonomy import interchange
from taxonomy.interchange import Content, Problem, TaxonomyError

_FILES = {path.stem: path for path in sorted(Path(__file__).parent.glob("*.yaml"))}


def names() -> list[tuple[str, str]]:
    """(key, title) of each preset, as a form's choices want them."""
    return [(key, load(key).title) for key in _FILES]


@cache
def load(key: str) -> Content:
    """Raises TaxonomyError where there is no such preset."""
    if key not in _FILES:
        message = f"there is no preset {key!r}; there are {', '.join(_FILES)}"
        raise TaxonomyError([Problem(None, "preset", message)])
    return interchange.read(_FILES[key].read_text(encoding="utf-8"))
