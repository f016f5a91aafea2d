"""Formats that eval sets leave in. To add one: copy traffic.py, name it in FORMATS."""

from evals.formats.base import ExportExample, Format
from evals.formats.inspect_ai import inspect_lines
from evals.formats.traffic import traffic_lines

FORMATS: dict[str, Format] = {"traffic": traffic_lines, "inspect": inspect_lines}

__all__ = ["FORMATS", "ExportExample", "Format"]
