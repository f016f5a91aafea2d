"""The MQM labels of WMT's TED talks, English to German, as traffic and label records."""

import csv
import json
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

FOLDER = (
    Path(
        os.environ.get("CROSSCHECK_SHARED_DATA")
        or Path(__file__).resolve().parents[3] / "shared" / "data"
    )
    / "mqm_ende"
)
#: The data set's categories in the preset "translation"; "Other" has none, and keeps its name.
CATEGORIES = {
    "Accuracy/Addition": "accuracy.addition",
    "Accuracy/Mistranslation": "accuracy.mistranslation",
    "Accuracy/Omission": "accuracy.omission",
    "Accuracy/Untranslated text": "accuracy.untranslated",
    "Fluency/Display": "design",
    "Fluency/Grammar": "linguistic.grammar",
    "Fluency/Inconsistency": "terminology.inconsistent",
    "Fluency/Punctuation": "linguistic.punctuation",
    "Fluency/Register": "style.register",
    "Fluency/Spelling": "linguistic.spelling",
    "Non-translation": "non-translation",
    "Style/Awkward": "style.unidiomatic",
    "Terminology/Inappropriate for context": "terminology.wrong",
    "Terminology/Inconsistent use of terminology": "terminology.inconsistent",
}
Row = dict[str, str]


def rows() -> list[Row]:
    with (FOLDER / "labels.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def published() -> dict[str, float]:
    scores: dict[str, float] = json.loads((FOLDER / "published_scores.json").read_text())["scores"]
    return scores


def key(row: Row) -> str:
    return f"{row['doc']}/{row['seg_id']}"


def plain(text: str) -> str:
    return text.replace("<v>", "").replace("</v>", "")


def traffic(labels: list[Row]) -> Iterator[dict[str, Any]]:
    for name, of_segment in groupby(sorted(labels, key=key), key):
        segment = list(of_segment)
        outputs = {row["system"]: plain(row["target"]) for row in segment}
        yield {
            "id": name,
            "occurred_at": "2021-09-01T00:00:00Z",
            "input": plain(segment[0]["source"]),
            "group": segment[0]["doc"],
            "outputs": [{"model": model, "output": text} for model, text in outputs.items()],
        }


def records(labels: list[Row]) -> Iterator[dict[str, Any]]:
    """One a rater and output: the rows of the data set are one a finding, or one that says that
    there is none."""

    def rating(row: Row) -> tuple[str, str, str]:
        return row["system"], key(row), row["rater"]

    for (system, request, rater), found in groupby(sorted(labels, key=rating), rating):
        errors = [finding(row) for row in found if row["severity"] != "No-error"]
        yield {
            "request": request,
            "run": None,
            "reviewer": rater,
            "blind": True,
            "sides": {system: "error" if errors else "ok"},
            "findings": errors,
        }


def finding(row: Row) -> dict[str, Any]:
    where, text = ("output", row["target"]) if "<v>" in row["target"] else ("input", row["source"])
    start, end = text.index("<v>"), text.find("</v>") - len("<v>")
    if end < 0:  # one mark is not closed
        end = len(plain(text))
    return {
        "side": row["system"],
        "category": CATEGORIES.get(row["category"]),
        "severity": row["severity"].lower(),
        "where": where,
        "span": [start, end] if start < end else None,
        "note": row["comment"] or ("" if row["category"] in CATEGORIES else row["category"]),
    }
