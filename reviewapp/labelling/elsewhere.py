"""Labels of a run that came from elsewhere: what its report stands on where it draws nothing.

Two things are read as one: reviews of items that came with records of this run, and judgements of
the outputs that it compares, which every run over those model versions sees. Only blind ones count.
See docs/decisions/0014-labels-from-elsewhere.md.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from evals import sampling
from evals.models import Comparison, Run
from reviewapp.labelling.averaging import averages
from reviewapp.labelling.importing.reviews import SIDES, draws
from reviewapp.labelling.labels import Label, again
from reviewapp.labelling.reading import Reader, agree
from reviewapp.labelling.several import Several
from reviewapp.labelling.weighing import Weights
from reviewapp.models import Finding, LabelSet, OutputFinding, Review
from reviewapp.reports import lines as all_lines
from reviewapp.reports.lines import Line
from taxonomy.models import TaxonomyVersion

Design = LabelSet.Design

_JUDGEMENTS = """
SELECT c.id, j.id, j.label_set_id, j.rater_id, j.taxonomy_version_id, j.verdict, j.authoritative,
    coalesce(j.blind, s.blind)
FROM reviewapp_outputjudgement j JOIN reviewapp_labelset s ON s.id = j.label_set_id
JOIN evals_output o ON o.id = j.output_id
JOIN evals_comparison c ON c.run_id = %s AND c.request_id = o.request_id
    AND c.{side}_output_id = j.output_id
WHERE j.model_id = %s AND j.live AND c.stratum = ANY(%s)
ORDER BY j.id
"""


@dataclass
class Word:
    """What one rater said of one side. `findings`: (category, severity), each as often as it was
    found."""

    set_id: int | None
    rater_id: int
    version_id: int
    verdict: str
    authoritative: bool
    findings: list[tuple[int | None, int | None]] = field(default_factory=list)


@dataclass
class Words:
    """`by_side`: comparison → side → words, blind ones; `not_blind`: how many more there are."""

    by_side: dict[int, dict[str, list[Word]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    not_blind: int = 0

    def each(self) -> Iterable[Word]:
        for sides in self.by_side.values():
            for said in sides.values():
                yield from said

    @property
    def sets(self) -> set[int]:
        return {word.set_id for word in self.each() if word.set_id is not None}


def of(run: Run) -> Words | None:
    """What the report of the run stands on; None where that is what its own reviewers say: the run
    draws items for them, or there is no label from elsewhere."""
    if draws(run):
        return None
    found = words(run)
    return found if found.by_side or found.not_blind else None


def words(run: Run) -> Words:
    """All that was said of the pairs of the run that people can look at, in six queries."""
    found = Words()
    judged: dict[int, Word] = {}
    with connection.cursor() as cursor:
        for side in SIDES:
            model = getattr(run, f"{side}_id")
            cursor.execute(_JUDGEMENTS.format(side=side), [run.pk, model, list(sampling.DRAWN)])
            for comparison, pk, *said, blind in cursor.fetchall():
                if blind:
                    judged[pk] = Word(*said)
                    found.by_side[comparison][side].append(judged[pk])
                else:
                    found.not_blind += 1
    rows = OutputFinding.objects.filter(
        judgement__model__in=[run.baseline_id, run.candidate_id], judgement__live=True
    )
    for pk, category, severity in rows.values_list("judgement_id", "category", "severity"):
        if pk in judged:
            judged[pk].findings.append((category, severity))
    _reviews(run, found)
    return found


def _reviews(run: Run, found: Words) -> None:
    reviews = Review.objects.filter(item__run=run, item__label_set__isnull=False, live=True)
    said: dict[tuple[int, str], Word] = {}
    for review in reviews.select_related("item").order_by("pk"):
        for side in SIDES:
            verdict = getattr(review, side)
            if verdict and not review.blind:
                found.not_blind += 1
            elif verdict:
                word = Word(
                    review.label_set_id,
                    review.rater_id,
                    review.taxonomy_version_id,
                    verdict,
                    review.authoritative,
                )
                said[review.pk, side] = word
                found.by_side[review.item.comparison_id][side].append(word)
    rows = Finding.objects.filter(
        review__item__run=run, review__item__label_set__isnull=False, review__live=True
    )
    for pk, side, category, severity in rows.values_list(
        "review_id", "side", "category", "severity"
    ):
        if (pk, side) in said:
            said[pk, side].findings.append((category, severity))


def design_of(sets: Iterable[LabelSet]) -> str:
    """What can be said of all of them together: sets that differ were chosen nobody knows how."""
    designs = {one.design for one in sets}
    return designs.pop() if len(designs) == 1 else Design.UNKNOWN


def lines(run: Run, version: TaxonomyVersion, found: Words) -> list[Line]:
    """The run's lines with these labels, read in `version`.

    A census has no pair without a label, and of a choice that nobody knows nothing can be assumed:
    there every pair without one counts both ways, as a skipped one does. In a random sample what
    both sides have words of was chosen; where its raters do not agree it is counted both ways.
    Their `items` and `missing` are ids of comparisons, since not all of these have an item.
    """
    design = design_of(LabelSet.objects.filter(pk__in=found.sets))
    reading = Reading(version, together=averages(run))
    cells = all_lines.cells(run)
    comparisons = Comparison.objects.filter(pk__in=found.by_side.keys())
    place = {
        pk: (batch, line, stratum)
        for pk, batch, line, stratum in comparisons.values_list("pk", "batch", "line", "stratum")
    }
    for comparison, sides in sorted(found.by_side.items()):
        line = cells[place[comparison]]
        label = reading.label(sides)
        line.drawn += 1
        if label.whole:
            line.resolved += 1
            line.labels.append(label)
            line.items.append(comparison)
        elif design == Design.RANDOM and len(sides) == len(SIDES):
            line.skipped += 1
            line.missing.append(comparison)
    if design != Design.RANDOM:
        for line in cells.values():
            line.skipped = line.size - len(line.labels)
    return all_lines.in_order(cells.values())


def rated(found: Words, version: TaxonomyVersion, most: int) -> dict[int, dict[int, Label]]:
    """What each rater said of the comparisons of which a side has several, by comparison and
    rater; of at most so many."""
    reading = Reading(version)
    rows: dict[int, dict[int, Label]] = {}
    for comparison, sides in found.by_side.items():
        said = [
            (side, word) for side, each in sides.items() for word in each if not word.authoritative
        ]
        counts = Counter(side for side, _ in said)
        if len(rows) < most and any(count > 1 for count in counts.values()):
            row = rows.setdefault(comparison, {})
            for side, word in said:
                label = reading.read(word, side)
                before = row.get(word.rater_id)
                row[word.rater_id] = _joined([before, label]) if before else label
    return rows


class Reading:
    """Reads words in `version`; `together`: several raters of an output are averaged, and who
    decided between them is none of them."""

    def __init__(self, version: TaxonomyVersion, *, together: bool = False) -> None:
        self.reader, self.together = Reader(version), together
        self.weigh = Weights(self.reader)
        self.leaves = frozenset(version.leaves().values_list("pk", flat=True))

    def label(self, sides: Mapping[str, Sequence[Word]]) -> Several:
        if self.together:
            sides = {side: _raters(said) for side, said in sides.items()}
        read = {side: [self.read(word, side) for word in said] for side, said in sides.items()}
        chosen = [
            one
            for side, said in sides.items()
            if (one := self._decided(said, read[side])) is not None
        ]
        if not chosen:
            first = next(iter(sides.values()))[0]
            chosen = [Label("", "", first.rater_id, version_id=first.version_id)]
        weighed = {
            side: [self.weigh(one.version_id, one.verdict, one.findings) for one in said]
            for side, said in sides.items()
        }
        return Several(**vars(_joined(chosen)), raters=read, weighed=weighed)

    def _decided(self, said: Sequence[Word], read: Sequence[Label]) -> Label | None:
        """The word that counts for a side: the authoritative one; else what all agree on, or where
        they are averaged the first; None where they do not agree."""
        if self.together:
            return read[0]
        for word, label in zip(said, read, strict=True):
            if word.authoritative:
                return label
        return read[0] if agree(read) else None

    def read(self, word: Word, side: str) -> Label:
        """An error of which nothing more is said may be of any category."""
        findings = [(side, category, severity) for category, severity in word.findings]
        label = Label(
            word.verdict if side == "baseline" else "",
            word.verdict if side == "candidate" else "",
            word.rater_id,
            frozenset(findings),
            word.version_id,
            more=again(findings),
        )
        label = self.reader.read(label)
        if word.verdict == "error" and not word.findings:
            label = replace(label, unasked=self.leaves)
        return label


def _raters(said: Sequence[Word]) -> Sequence[Word]:
    """Without whoever decided, where anybody else spoke."""
    return [word for word in said if not word.authoritative] or said


def _joined(parts: Sequence[Label]) -> Label:
    """One label of several that each say something of one side."""
    return Label(
        "".join(one.baseline for one in parts),
        "".join(one.candidate for one in parts),
        parts[0].rater_id,
        frozenset[Any]().union(*(one.findings for one in parts)),
        parts[0].version_id,
        frozenset[Any]().union(*(one.possible for one in parts)),
        frozenset[Any]().union(*(one.lost for one in parts)),
        frozenset[int]().union(*(one.unasked for one in parts)),
        more=tuple(found for one in parts for found in one.more),
    )
