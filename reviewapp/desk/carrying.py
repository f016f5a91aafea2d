"""What was typed or said in one taxonomy version, laid before somebody in another: findings whose
category is known there are filled in, the others ask for a choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evals.values import row_number
from reviewapp.desk.judgement import sides_of
from reviewapp.models import Draft, Rater, Review, ReviewItem
from reviewapp.prepared import Statement
from taxonomy.models import TaxonomyVersion
from taxonomy.translation import translation

# Of most items neither is there.
_THERE = Statement("""
SELECT (SELECT relabels_id FROM reviewapp_slot WHERE item_id = %(item)s AND rater_id = %(rater)s),
    EXISTS (SELECT FROM reviewapp_draft WHERE item_id = %(item)s AND rater_id = %(rater)s)
""")


@dataclass(frozen=True)
class Beginning:
    """What the form of an item begins with at the rater's place, in the run's version: `draft` is
    what they typed, else what they have to say again (`relabels`), else None."""

    draft: dict[str, Any] | None
    relabels: Review | None


def beginning(item: ReviewItem, rater: Rater) -> Beginning:
    again, typed = _THERE.first({"item": item.pk, "rater": rater.pk}) or (None, False)
    draft = typed_before(item, rater) if typed else None
    if again is None:
        return Beginning(draft, None)
    rows = Review.objects.select_related("item__run", "taxonomy_version__taxonomy")
    said = rows.get(pk=again)
    if draft is None:
        sent = as_sent(said, rater)
        draft = carried(sent, said.taxonomy_version, item.run.taxonomy_version)
    return Beginning(draft, said)


def typed_before(item: ReviewItem, rater: Rater) -> dict[str, Any] | None:
    """The rater's draft on the item, in the run's version."""
    rows = Draft.objects.select_related("taxonomy_version__taxonomy")
    kept = rows.filter(item=item, rater=rater).first()
    if kept is None:
        return None
    draft: dict[str, Any] = carried(kept.body, kept.taxonomy_version, item.run.taxonomy_version)
    return draft


def typed_in(body: object, now: TaxonomyVersion) -> TaxonomyVersion:
    """The version that a draft is in: the one it names, where that is one of the taxonomy's."""
    named = body.get("taxonomy") if isinstance(body, dict) else None
    if not isinstance(named, str) or named == str(now):
        return now
    number = row_number(named.removeprefix(f"{now.taxonomy.name}@"))
    published = now.taxonomy.versions.exclude(state=TaxonomyVersion.State.DRAFT)
    return published.filter(number=number).first() or now


def as_sent(review: Review, rater: Rater) -> dict[str, Any]:
    """A stored review in the shape in which it was sent, in the rater's A and B and in the
    review's own taxonomy version."""
    letters = {real: letter for letter, real in sides_of(review.item, rater).items()}
    verdicts = {"baseline": review.baseline, "candidate": review.candidate}
    return {
        "sides": {letters[real]: verdict for real, verdict in verdicts.items() if verdict},
        "findings": [
            {
                "side": letters[finding.side],
                "category": finding.category.key if finding.category else None,
                "severity": finding.severity.key if finding.severity else None,
                "where": finding.where,
                "path": finding.path or None,
                "note": finding.note,
                **(
                    {"span": [finding.span_start, finding.span_end]}
                    if finding.span_end is not None
                    else {}
                ),
            }
            for finding in review.findings.select_related("category", "severity")
        ],
        "corrected_output": review.corrected_output,
        "note": review.note,
    }


def carried(body: Any, source: TaxonomyVersion, target: TaxonomyVersion) -> Any:
    """A judgement, as a client sends it, in the words of `target`. Whatever does not look like a
    finding stays as it was typed."""
    if source.pk == target.pk or not isinstance(body, dict):
        return body
    findings = body.get("findings")
    moved = {**body, "taxonomy": str(target)} if "taxonomy" in body else dict(body)
    if isinstance(findings, list):
        words = _Words(source, target)
        moved["findings"] = [
            words.finding(one) if isinstance(one, dict) else one for one in findings
        ]
    return moved


class _Words:
    """The keys of one version in another."""

    def __init__(self, source: TaxonomyVersion, target: TaxonomyVersion) -> None:
        self.meanings = translation(source, target)
        self.old = {one.key: one for one in source.categories.all()}
        self.new = {one.pk: one.key for one in target.leaves()}
        self.heavy = dict(source.severities.values_list("key", "pk"))
        self.new_heavy = dict(target.severities.values_list("pk", "key"))
        self.version = target

    def finding(self, one: dict[str, Any]) -> dict[str, Any]:
        said = {**one, **self._severity(one)}
        if one.get("choose") and not one.get("category"):
            return {**said, **self._choice(one["choose"])}
        key = one.get("category")
        category = self.old.get(key) if isinstance(key, str) else None
        meaning = self.meanings.categories.get(category.pk) if category else None
        if category is None or meaning is None:
            return said
        if meaning.category is not None:
            return {**said, "category": self.new[meaning.category]}
        if meaning.possible:
            choose = [key for pk, key in self.new.items() if pk in meaning.possible]
            return {**said, "category": None, "was": category.name, "choose": choose}
        note = one.get("note") or f"was “{category.name}”, which {self.version} has not got"
        return {**said, "category": None, "was": category.name, "note": note}

    def _severity(self, one: dict[str, Any]) -> dict[str, str | None]:
        key = one.get("severity")
        if not isinstance(key, str) or key not in self.heavy:
            return {}
        now = self.meanings.severities.get(self.heavy[key])
        return {"severity": None if now is None else self.new_heavy[now]}

    def _choice(self, keys: object) -> dict[str, Any]:
        """A choice that was still open, in the words of now."""
        possible: set[int] = set()
        for key in keys if isinstance(keys, list) else ():
            if isinstance(key, str) and key in self.old:
                meaning = self.meanings.categories.get(self.old[key].pk)
                possible |= meaning.possible if meaning else set()
        return {"choose": [key for pk, key in self.new.items() if pk in possible]}
