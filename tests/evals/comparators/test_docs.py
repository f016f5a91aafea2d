"""The examples of docs/comparators.md are what they say."""

import json
import re
from pathlib import Path

import pytest

from evals.comparators import COMPARATORS, Pipeline

PAGE = Path(__file__).resolve().parents[3] / "docs" / "comparators.md"
EXAMPLES = re.findall(r"```json\n(.*?)```\n```pairs\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize(("config", "pairs"), EXAMPLES)
def test_an_example(config, pairs):
    pipeline = Pipeline.parse(json.loads(config))
    for line in pairs.strip().splitlines():
        says, a, b, *segment = (part.strip() for part in line.split(" | "))
        about = json.loads(segment[0]) if segment else None
        outcome = pipeline.compare(json.loads(a), json.loads(b), segment=about).outcome
        assert (outcome == "differ") == (says == "differ"), line


def test_every_kind_has_one():
    shown = {step["kind"] for config, _ in EXAMPLES for step in json.loads(config)["comparators"]}
    assert shown == set(COMPARATORS)
    assert all(f"### {kind}\n" in PAGE.read_text() for kind in COMPARATORS)
