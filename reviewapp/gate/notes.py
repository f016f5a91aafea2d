"""What whoever signs has to know of how a verdict came about: sentences, each only where it holds.

None of it is forbidden, all of it is in the audit; but each is a way to choose by what came out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from evals.models import Comparison, Run, SeveralRaters
from reviewapp.labelling.importing.reviews import draws
from reviewapp.models import AuditEvent, GatePolicy, LabelSet, Look, OutputJudgement, Review
from reviewapp.reports.words import points

#: Names that are said in full.
NAMED = 3


def notes(run: Run, policy: GatePolicy, put_aside: Sequence[Look]) -> list[str]:
    """put_aside: looks that decided and count no longer. In five queries; where the run stands on
    labels from elsewhere in a few more for each set, and for each time that one was described."""
    return [
        *_margins(run, policy),
        *(_look(one, run, policy) for one in put_aside),
        *_cut_short(run),
        *_said_anew(run),
        *_earlier(run),
    ]


def _margins(run: Run, policy: GatePolicy) -> Iterator[str]:
    """Margins that were set when labels of the run could be seen."""
    seen = reviews(run, before=policy.created_at)
    if not seen:
        return
    last = GatePolicy.objects.filter(project=run.project_id, pk__lt=policy.pk).first()
    by = policy.created_by.get_username() if policy.created_by else "a script"
    was = f"they were {_said(last)} before" if last else "there were none before"
    when = f"{policy.created_at:%Y-%m-%d %H:%M} UTC"
    yield (
        f"The margins ({_said(policy)}) were set on {when} by {by}, when this run had "
        f"{_count(seen, _word(run))} already; {was}."
    )


def _look(look: Look, run: Run, policy: GatePolicy) -> str:
    why = "of labels that cannot decide as they are described now"
    if look.policy_id != policy.pk:
        why = "under other margins"
    elif look.taxonomy_version_id != run.taxonomy_version_id:
        why = f"in {look.taxonomy_version}"
    return (
        f"Look {look.number} said {look.verdict.upper()} at {_count(look.labels, 'label')}, {why}: "
        "it counts no longer, and what it spent stays spent."
    )


def _cut_short(run: Run) -> Iterator[str]:
    if run.cut_short_at and (seen := reviews(run, before=run.cut_short_at)):
        yield (
            f"Its window was closed by hand on {run.cut_short_at:%Y-%m-%d %H:%M} UTC, after "
            f"{_count(seen, _word(run))}: a moment that somebody chose. With a label budget the "
            "last look is as sure as its labels warrant; without one, nothing allows for the "
            "choice."
        )


def _earlier(run: Run) -> Iterator[str]:
    same = Run.objects.filter(
        project=run.project_id, baseline=run.baseline_id, candidate=run.candidate_id
    )
    rows = same.filter(started_at__lt=run.started_at).exclude(state=Run.State.CANCELLED)
    names = list(rows.exclude(pk=run.pk).order_by("started_at").values_list("name", flat=True))
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        yield (
            f"{_count(len(names), 'earlier run')} compared the same two versions "
            f"({', '.join(names[:NAMED])}{more}): each has a chance of its own to pass wrongly."
        )


def reviews(run: Run, *, before: object) -> int:
    """How many reviews of the run there were at a moment; where it stands on labels from elsewhere,
    with the judgements of the outputs that it compares."""
    made = Review.objects.standing().filter(item__run=run, created_at__lt=before)
    judged = 0 if draws(run) else _judgements(run).filter(created_at__lt=before).count()
    return made.count() + judged


def _judgements(run: Run) -> QuerySet[OutputJudgement]:
    compared = Comparison.objects.filter(run=run).filter(
        Q(baseline_output=OuterRef("output")) | Q(candidate_output=OuterRef("output"))
    )
    return OutputJudgement.objects.filter(
        Exists(compared), model__in=[run.baseline_id, run.candidate_id], live=True
    )


def _word(run: Run) -> str:
    return "review" if draws(run) else "label"


def _said_anew(run: Run) -> Iterator[str]:
    """Of labels from elsewhere, where it was said when there were some already: what several raters
    make, and how a set was chosen. A run that draws took the one for good, and knows the other."""
    if draws(run):
        return
    changes = AuditEvent.objects.filter(project=run.project_id).order_by("id")
    held: str = SeveralRaters.ADJUDICATE
    for event in changes.filter(verb="changed", subject="several raters"):
        said = event.data["several_raters"]
        if said != held and (seen := reviews(run, before=event.at)):
            yield (
                f"What several raters of an output make was changed from {held} to {said} on "
                f"{_when(event)}, when this run had {_count(seen, 'label')} already."
            )
        held = said
    sets = LabelSet.objects.filter(
        Exists(_judgements(run).filter(label_set=OuterRef("pk")))
        | Exists(Review.objects.filter(item__run=run, label_set=OuterRef("pk")))
    )
    for name in sets.values_list("name", flat=True):
        before = None
        about = changes.filter(verb__in=["began label set", "said of label set"], subject=name)
        for event in about:
            design = event.data.get("design")
            if before and design != before and (seen := reviews(run, before=event.at)):
                yield (
                    f"Label set “{name}” was said to be {design} on {_when(event)}, when this run "
                    f"had {_count(seen, 'label')} already; it was {before} before."
                )
            before = design


def _when(event: AuditEvent) -> str:
    return f"{event.at:%Y-%m-%d %H:%M} UTC by {event.actor}"


def _said(policy: GatePolicy) -> str:
    critical = f"critical {points(policy.critical_margin)}"
    allowing = ", times J" if policy.hold_to_j else ""
    return f"{points(policy.margin)} points, {critical}{allowing}"


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"
