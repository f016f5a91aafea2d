"""Traffic-shaped JSONL: what `manage.py ingest` reads, with the provenance as a field more."""

from collections.abc import Iterable, Iterator

from evals.formats.base import ExportExample, json_line


def traffic_lines(examples: Iterable[ExportExample]) -> Iterator[str]:
    """One traffic record a line; `evals.records.decode_lines` reads it back."""
    for example in examples:
        yield json_line(
            {
                "id": example.id,
                "input": example.input,
                "expected": example.expected,
                "segment": dict(example.segment),
                "group": example.group,
                "provenance": dict(example.provenance),
            }
        )
