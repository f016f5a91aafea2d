"""The published accuracies and disagreements of LLMDrift (Chen, Zaharia and Zou 2023), again."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

from evals.comparators import Pipeline

SHARED = Path(
    os.environ.get("CROSSCHECK_SHARED_DATA")
    or Path(__file__).resolve().parents[4] / "shared" / "data"
)
DATA = SHARED / "llmdrift"
PAIRS = {
    "gpt-4": ("gpt-4-0314", "gpt-4-0613"),
    "gpt-3.5": ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613"),
}
PATTERNS = [
    {"pattern": r"(?i)\byes\b", "value": "yes"},
    {"pattern": r"(?i)\bno\b", "value": "no"},
]

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"{DATA} is absent; set CROSSCHECK_SHARED_DATA to shared/data"
)


def pipeline(*steps):
    label = {"name": "answer", "kind": "label", "extract": list(steps)}
    return Pipeline.parse({"serves_extract": True, "comparators": [label]})


YES_NO = pipeline({"by": "patterns", "patterns": PATTERNS})
BOXED = pipeline({"by": "regex", "pattern": r"boxed\{([^}]*)\}"})
# The authors took full stops out first; here the pattern passes over them.
BOXED_DIGIT = pipeline({"by": "regex", "pattern": r"boxed\{\.*([0-9])\.*\}"})


@cache
def outputs(model):
    lines = (DATA / f"outputs.{model}.jsonl").read_text().splitlines()
    return {row["request_id"]: row["output"] for row in map(json.loads, lines)}


@cache
def expected(task):
    rows = map(json.loads, (DATA / "requests.jsonl").read_text().splitlines())
    return {row["id"]: row["expected"] for row in rows if row["task"] == task}


def accuracy(model, task, by):
    hits = [by.correct(outputs(model)[key], gold) for key, gold in expected(task).items()]
    return round(100 * sum(hits) / len(hits), 1)


def disagreement(pair, task, by):
    before, after = (outputs(model) for model in PAIRS[pair])
    outcomes = [by.compare(before[key], after[key]).outcome for key in expected(task)]
    return round(100 * outcomes.count("differ") / len(outcomes), 1)


@pytest.mark.parametrize(
    ("task", "score", "differ"), [("prime", YES_NO, YES_NO), ("happy_number", BOXED, BOXED_DIGIT)]
)
def test_published_numbers(task, score, differ):
    found = []
    for pair, models in PAIRS.items():
        found += [accuracy(model, task, score) for model in models]
        found.append(disagreement(pair, task, differ))
    assert found == json.loads((DATA / "published.json").read_text())[task]
