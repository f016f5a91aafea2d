"""Comparators on real outputs: answer letters out of reasoning, long Markdown."""

import gzip
import json
import time
from collections import Counter
from functools import cache
from itertools import pairwise

import pytest

from evals.comparators import Pipeline
from tests.evals.comparators.test_llmdrift import SHARED

MMLU = SHARED / "mmlu_pro"
ARENA = SHARED / "arena_hard"


def absent(folder):
    return pytest.mark.skipif(
        not folder.is_dir(), reason=f"{folder} is absent; set CROSSCHECK_SHARED_DATA to shared/data"
    )


@cache
def rows(path):
    reader = gzip.open if path.suffix == ".gz" else open
    with reader(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@absent(MMLU)
class TestMmluPro:
    """12,032 questions, two versions of a model, against the counts that came with the data."""

    LETTER = Pipeline.parse(
        {
            "serves_extract": True,
            "comparators": [
                {
                    "name": "letter",
                    "kind": "label",
                    "extract": [{"by": "regex", "pattern": r"answer is \(?([A-J])\)?"}],
                }
            ],
        }
    )

    def outputs(self, version):
        found = rows(MMLU / f"outputs.Mistral-7B-Instruct-v0.{version}.jsonl.gz")
        return {row["request_id"]: row for row in found}

    def test_the_letter_is_what_the_authors_extracted(self):
        for version in (1, 2):
            for row in self.outputs(version).values():
                letter = self.LETTER.extracts(row["output"])["letter"]
                assert (letter if isinstance(letter, str) else None) == row["extracted"]

    def test_accuracy_and_disagreement_by_subject(self):
        published = json.loads((MMLU / "expected.json").read_text())
        old, new = self.outputs(1), self.outputs(2)
        found = {name: Counter() for name in published}
        for row in rows(MMLU / "requests.jsonl.gz"):
            texts = [side[row["id"]]["output"] for side in (old, new)]
            was, now = (self.LETTER.correct(text, row["expected"]) for text in texts)
            for name in ("ALL", row["task"]):
                found[name]["n"] += 1
                found[name]["correct_v0.1"] += was
                found[name]["correct_v0.2"] += now
                found[name]["disagree"] += self.LETTER.compare(*texts).outcome == "differ"
                found[name]["regressions"] += was and not now
        assert {name: dict(counts) for name, counts in found.items()} == published


@absent(ARENA)
class TestArenaHard:
    def texts(self, model):
        return {row["request_id"]: row["output"] for row in rows(ARENA / f"outputs.{model}.jsonl")}

    def test_long_markdown(self):
        """500 pairs of some 2,000 characters: none is held up, and what is alike is told."""
        old, new = self.texts("gpt-4-0314"), self.texts("gpt-4-0613")
        plain = {"kind": "similarity", "normalise": ["markdown", "case", "whitespace"]}
        pipeline = Pipeline.parse({"comparators": [plain]})
        start = time.perf_counter()
        found = [pipeline.compare(old[key], new[key]) for key in old]
        assert time.perf_counter() - start < 30
        assert Counter(one.outcome for one in found).most_common(1)[0][0] == "differ"
        assert all(0 < one.similarity < 1 for one in found if one.outcome == "differ")
        # Of the same model an answer is itself; of another request it is less alike.
        assert all(pipeline.compare(text, text).outcome == "identical" for text in old.values())
        keys = list(old)
        others = [pipeline.compare(old[a], new[b]) for a, b in pairwise(keys)]
        mean = sum(one.similarity for one in found) / len(found)
        assert mean > 1.2 * sum(one.similarity for one in others) / len(others)

    def test_without_its_marks_it_is_the_same(self):
        pipeline = Pipeline.parse({"comparators": [{"kind": "text", "normalise": ["markdown"]}]})
        for text in self.texts("gpt-4-0314").values():
            quoted = "\n".join(f"> {line}" for line in text.split("\n"))
            assert pipeline.compare(text, quoted).outcome == "equivalent"
