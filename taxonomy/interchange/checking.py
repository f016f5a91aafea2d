"""What comes in, what goes out: nothing passes unchecked."""

from __future__ import annotations

import dataclasses

from taxonomy.interchange.agreement import check_agreement
from taxonomy.interchange.content import MAX_BYTES, Content
from taxonomy.interchange.fields import FieldReader
from taxonomy.interchange.parsing import parse
from taxonomy.interchange.problems import Problems, TaxonomyError
from taxonomy.interchange.size import at_most
from taxonomy.interchange.spelling import FORMATS, as_dict


def read(text: str) -> Content:
    """A taxonomy from YAML or JSON, which may be hostile. Raises TaxonomyError."""
    problems = Problems()
    return _checked(parse(text, problems), problems)


def from_dict(data: object) -> Content:
    """A taxonomy from JSON values (see `as_dict`). Raises TaxonomyError."""
    return _checked(data, Problems())


def write(content: Content, form: str = "yaml") -> str:
    """YAML (or "json") that reads back as this content; the same bytes for the same content.
    Raises TaxonomyError for a content that could not be read back."""
    return FORMATS[form](from_dict(as_dict(content)))


def _checked(data: object, problems: Problems) -> Content:
    content = FieldReader(problems).build(Content, data, ())
    check_agreement(content, problems)
    if not problems.found and _too_large(content):
        problems.add((), "larger than 1 MiB as YAML or JSON; shorten its texts")
    if problems.found:
        raise TaxonomyError(problems.found)
    return _in_order(content)


def _in_order(content: Content) -> Content:
    """With weights in the order of the severities, whichever way they were written."""
    order = [one.key for one in content.severities]
    categories = (
        dataclasses.replace(
            one, weights={key: one.weights[key] for key in order if key in one.weights}
        )
        for one in content.categories
    )
    return dataclasses.replace(content, categories=tuple(categories))


def _too_large(content: Content) -> bool:
    # Writing it out is slow: done only for what may be too large.
    return at_most(as_dict(content)) > MAX_BYTES and any(
        len(spelled(content).encode()) > MAX_BYTES for spelled in FORMATS.values()
    )
