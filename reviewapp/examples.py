"""Comparators to start from, one for each shape of output that is common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ComparatorExample:
    """`when`: what the outputs look like."""

    title: str
    when: str
    config: dict[str, Any]


COMPARATORS: dict[str, ComparatorExample] = {
    "label": ComparatorExample(
        "A label",
        "The output is one word of a list, perhaps with reasoning around it; the application "
        "serves the label only.",
        {
            "serves_extract": True,
            "comparators": [
                {
                    "name": "label",
                    "kind": "label",
                    "extract": [
                        {
                            "by": "patterns",
                            "patterns": [
                                {"pattern": r"(?i)\brefund\b", "value": "refund"},
                                {"pattern": r"(?i)\bbilling\b", "value": "billing"},
                                {"pattern": r"(?i)\bother\b", "value": "other"},
                            ],
                        }
                    ],
                    "options": {"allowed": ["refund", "billing", "other"]},
                }
            ],
        },
    ),
    "json": ComparatorExample(
        "A JSON record",
        "The output is JSON, perhaps in a code fence; ids and times do not count.",
        {
            "comparators": [
                {
                    "name": "record",
                    "kind": "json",
                    "extract": [{"by": "code_fence"}],
                    "options": {"ignore": ["$.id", "$..timestamp"], "unordered": ["$.tags"]},
                }
            ]
        },
    ),
    "fields": ComparatorExample(
        "Fields with weights",
        "The output is JSON whose fields count differently; German ones may be worded otherwise.",
        {
            "comparators": [
                {
                    "name": "label",
                    "kind": "label",
                    "weight": 3,
                    "extract": [{"by": "json_path", "path": "$.label"}],
                },
                {
                    "name": "reason",
                    "kind": "similarity",
                    "weight": 1,
                    "extract": [{"by": "json_path", "path": "$.reason"}],
                    "options": {"threshold": 0.8},
                },
            ],
            "overrides": [
                {
                    "name": "German",
                    "when": {"locale": "de"},
                    "comparators": [
                        {
                            "name": "label",
                            "kind": "label",
                            "extract": [{"by": "json_path", "path": "$.label"}],
                        }
                    ],
                }
            ],
        },
    ),
    "tool_calls": ComparatorExample(
        "Tool calls",
        "The model calls tools: which, and with what, by the schema that the request offers.",
        {
            "comparators": [
                {"name": "calls", "kind": "tool_calls", "options": {"ignore": ["$.request_id"]}}
            ]
        },
    ),
    "text": ComparatorExample(
        "Free text",
        "The output is prose: small rewordings count as the same, the rest is looked at by people.",
        {
            "comparators": [
                {"name": "wording", "kind": "similarity", "options": {"threshold": 0.95}}
            ]
        },
    ),
}
