"""What comes in, what goes out: nothing passes unchecked."""

from __future__ import annotations

import dataclasses

from taxonomy.interchange.agreement import check_agreement
from taxonomy.interchange.content import MAX_BYTES, Content
from taxonomy.interchange.fields import FieldReader
from taxonomy.interchange.parsing import parse
from taxonomy.interchange.problems import Problems, TaxonomyError
from taxonomy.interchange.spelling import as_dict, as_yaml, canonical


def read(text: str) -> Content:
    """A taxonomy from YAML or JSON, which may be hostile. Raises TaxonomyError."""
    problems = Problems()
    return _checked(parse(text, problems), problems)


def from_dict(data: object) -> Content:
    """A taxonomy from JSON values (see `as_dict`). Raises TaxonomyError."""
    return _checked(data, Problems())


def write(content: Content) -> str:
    """YAML that reads back as this content; the same bytes for the same content.
    Raises TaxonomyError for a content that could not be read back."""
    return as_yaml(from_dict(as_dict(content)))


def _checked(data: object, problems: Problems) -> Content:
    content = FieldReader(problems).build(Content, data, ())
    check_agreement(content, problems)
    if not problems.found and _too_large(content):
        problems.add((), "larger than 1 MiB as YAML; shorten its texts")
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
    # YAML takes up to four times the room of JSON: only large contents need the slow measurement.
    about = len(canonical(content))
    return about > MAX_BYTES // 8 and len(as_yaml(content).encode()) > MAX_BYTES
