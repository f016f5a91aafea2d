"""A judgement as a client sends it, checked against the item and its taxonomy.

The same shape from the desk and from the API: sides are "A" and "B", since who judges does not
know which is which. `sides_of` is the one place that ties A and B to the real sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

from evals import values
from evals.comparators.paths import matches
from evals.models import Output
from reviewapp.desk.palette import palette
from reviewapp.models import Rater, ReviewItem
from taxonomy.models import Category, Severity, TaxonomyVersion

BASELINE, CANDIDATE = "baseline", "candidate"


def sides_of(item: ReviewItem, rater: Rater) -> dict[str, str]:
    """{"A": "baseline", "B": "candidate"} or the other way round, shuffled for each reviewer and
    item, and always the same for both. The run's seed is never shown, so nobody can compute it."""
    secret = f"{item.run.seed}\x1fsides\x1f{item.pk}\x1f{rater.pk}"
    if hashlib.sha256(secret.encode()).digest()[0] % 2:
        return {"A": CANDIDATE, "B": BASELINE}
    return {"A": BASELINE, "B": CANDIDATE}


class FindingIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`was` and `choose` come with a finding of an earlier taxonomy version that can be one of
    several categories now (reviewapp/desk/carrying.py): one of them has to be chosen."""

    side: str
    category: str | None = None
    severity: str | None = None
    where: str = "output"
    path: str | None = None
    span: tuple[int, int] | None = None
    note: str = ""
    was: str = ""
    choose: list[str] = []


class JudgementIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sides` maps A and B to ok or error; a side that is left out was not judged. `taxonomy`:
    the version it is in, "support@2"; where it is left out, that of the run."""

    sides: dict[str, str]
    taxonomy: str | None = None
    findings: list[FindingIn] = []
    corrected_output: Any = None
    note: str = ""
    duration_s: float | None = None


class JudgementError(ValueError):
    """What is wrong with a judgement: {field: message}."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{where}: {what}" for where, what in problems.items()))


class OtherVersion(JudgementError):
    """The judgement is in another taxonomy version than the run's, which has moved meanwhile."""


@dataclass(frozen=True)
class CheckedFinding:
    side: str
    category: Category | None
    severity: Severity | None
    where: str
    path: str
    span: tuple[int, int] | None
    note: str


@dataclass(frozen=True)
class Judgement:
    """A judgement with real sides and taxonomy rows."""

    baseline: str
    candidate: str
    findings: list[CheckedFinding] = field(default_factory=list)
    corrected_output: Any = None
    note: str = ""
    duration_s: float | None = None
    version_id: int | None = None


def check(payload: object, item: ReviewItem, rater: Rater) -> Judgement:
    """Reads and checks what a client sent. Raises JudgementError naming every wrong field."""
    try:
        sent = msgspec.convert(payload, JudgementIn)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `")
        raise JudgementError({where.rstrip("`").removeprefix("$.") or "judgement": what}) from None
    problems: dict[str, str] = {}
    if unstorable := values.problem_in(msgspec.to_builtins(sent)):
        raise JudgementError({unstorable[0].removeprefix("$."): unstorable[1]})
    version: TaxonomyVersion = item.run.taxonomy_version
    if sent.taxonomy is not None and sent.taxonomy != str(version):
        raise OtherVersion(
            {
                "taxonomy": f"{item.run.name} is labelled in {version} now, not in "
                f"{sent.taxonomy}: look at the item again, what you typed is carried over"
            }
        )
    real = sides_of(item, rater)
    _check_sides(sent, problems)
    findings = _check_findings(sent, item, real, problems)
    if len(sent.note) > 10_000:
        problems["note"] = "longer than 10,000 characters"
    if problems:
        raise JudgementError(problems)
    verdicts = {real[side]: verdict for side, verdict in sent.sides.items()}
    return Judgement(
        baseline=verdicts.get(BASELINE, ""),
        candidate=verdicts.get(CANDIDATE, ""),
        findings=findings,
        corrected_output=_corrected(sent.corrected_output, item),
        note=sent.note.strip(),
        # A tab left open overnight says nothing about how long a judgement takes.
        duration_s=None if sent.duration_s is None else min(max(sent.duration_s, 0.0), 3600.0),
        version_id=version.pk,
    )


def _check_sides(sent: JudgementIn, problems: dict[str, str]) -> None:
    for side, verdict in sent.sides.items():
        if side not in ("A", "B") or verdict not in ("ok", "error"):
            problems["sides"] = "give A and B, each ok or error"
    if not sent.sides:
        problems["sides"] = "judge at least one side"
    for side in "AB":
        found = any(finding.side == side for finding in sent.findings)
        if sent.sides.get(side) == "error" and not found:
            problems["sides"] = f"side {side} is called an error: say which, with a finding"
        if sent.sides.get(side) != "error" and found:
            problems["sides"] = f"side {side} has findings and is not called an error"


def _check_findings(
    sent: JudgementIn, item: ReviewItem, real: dict[str, str], problems: dict[str, str]
) -> list[CheckedFinding]:
    version: TaxonomyVersion = item.run.taxonomy_version
    words = palette(version)
    categories, severities = words.by_key, words.severity_by_key
    checked = []
    for i, one in enumerate(sent.findings):
        at = f"findings[{i}]"
        category = categories.get(one.category or "")
        severity = severities.get(one.severity or "")
        if one.side not in real:
            problems[f"{at}.side"] = "write A or B"
            continue
        if one.category and category is None:
            problems[f"{at}.category"] = (
                f"{one.category!r} is no category of {version}, or only a heading of some"
            )
        if one.choose and not one.category:
            names = " or ".join(categories[k].name for k in one.choose if k in categories)
            problems[f"{at}.category"] = f"choose {names} (was “{one.was}”)"
        elif not one.category and not one.note.strip():
            problems[f"{at}.category"] = "pick a category, or say in a note what is wrong"
        if one.severity and severity is None:
            problems[f"{at}.severity"] = f"{one.severity!r} is not in {version}"
        if category and severity is None:
            severity = category.default_severity
            if severity is None and not one.severity:
                problems[f"{at}.severity"] = "pick a severity"
        if one.where not in ("output", "input"):
            problems[f"{at}.where"] = "write output or input"
        if category and category.evidence_required and one.span is None:
            if not one.path:
                problems[f"{at}.span"] = f"{category.name} needs evidence: mark it in the text"
            elif not _there(one, item, real[one.side]):
                problems[f"{at}.path"] = f"{category.name} needs evidence: there is no {one.path}"
        if one.span and not _inside(one, item, real[one.side]):
            problems[f"{at}.span"] = "the evidence is not inside the text"
        if len(one.note) > 10_000 or len(one.path or "") > 500:
            problems[f"{at}.note"] = "the note or path is too long"
        checked.append(
            CheckedFinding(
                side=real[one.side],
                category=category,
                severity=severity,
                where=one.where,
                path=one.path or "",
                span=one.span,
                note=one.note.strip(),
            )
        )
    return checked


def _corrected(value: Any, item: ReviewItem) -> Any:
    """A correct output that was typed as text is JSON where both outputs are."""
    if not isinstance(value, str):
        return value
    outputs = (item.comparison.baseline_output, item.comparison.candidate_output)
    if not any(isinstance(o.value, str) for o in outputs if o):
        try:
            return values.loads(value)
        except ValueError:
            return value
    return value


def _inside(finding: FindingIn, item: ReviewItem, side: str) -> bool:
    """Whether the span lies in the text that it points to."""
    assert finding.span is not None
    if finding.where == "input":
        text = text_at(item.comparison.request.input, finding.path)
    else:
        output: Output | None = getattr(item.comparison, f"{side}_output")
        text = output.text if output and not finding.path else None
        if output and finding.path:
            text = text_at(output.value, finding.path)
    start, end = finding.span
    return text is not None and 0 <= start < end <= len(text)


def _there(finding: FindingIn, item: ReviewItem, side: str) -> bool:
    """Whether the field is there that a finding names as its evidence."""
    output: Output | None = getattr(item.comparison, f"{side}_output")
    value = item.comparison.request.input if finding.where == "input" else output and output.value
    try:
        return any(True for _ in islice(matches(finding.path or "", value), 1))
    except ValueError:
        return False


def text_at(value: object, path: str | None) -> str | None:
    """The text at a JSON path; the whole value as text where there is no path."""
    if not path:
        return values.as_text(value)
    try:
        found = [one for _, one in islice(matches(path, value), 2)]
    except ValueError:
        return None
    return found[0] if len(found) == 1 and isinstance(found[0], str) else None
