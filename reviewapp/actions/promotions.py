"""Promotions: asked for on a frozen report, signed or refused by a lead."""

from __future__ import annotations

from django.db import transaction

from evals.models import Project, Run
from reviewapp.actions import audit, reports
from reviewapp.models import Decision, Promotion, Report, User


class AlreadyDecided(Exception):
    """Somebody else has decided in the meantime."""


def open(*, run: Run, by: User, note: str = "", frozen: Report | None = None) -> Promotion:
    """Asks for a decision on a frozen report of the run; without one, the report is frozen as it
    stands. A frozen report has one promotion at the most: asked again, that one is given."""
    computed = reports.compute(run) if frozen is None else None
    with transaction.atomic():
        Project.objects.select_for_update(no_key=True).get(pk=run.project_id)
        report = frozen or reports.freeze(run=run, by=by, computed=computed)
        made = Promotion.objects.filter(report=report).first()
        return made or _make(run, by, note, report)


def _make(run: Run, by: User, note: str, report: Report) -> Promotion:
    last = Promotion.objects.filter(project=run.project).order_by("-number").first()
    promotion = Promotion.objects.create(
        project=run.project,
        number=last.number + 1 if last else 1,
        report=report,
        gate=report.data["gate"]["verdict"],
        note=note.strip(),
        opened_by=by,
    )
    audit.record(
        project=run.project,
        by=by,
        verb="opened",
        subject=promotion,
        data={"run": run.name, "gate": promotion.gate, "digest": report.digest},
    )
    return promotion


@transaction.atomic
def decide(*, promotion: Promotion, verdict: str, reason: str, by: User) -> Decision:
    """Approves or refuses, once. Raises AlreadyDecided where it has been."""
    state = {
        Decision.Verdict.APPROVE: Promotion.State.APPROVED,
        Decision.Verdict.REFUSE: Promotion.State.REFUSED,
    }[Decision.Verdict(verdict)]
    changed = Promotion.objects.filter(pk=promotion.pk, state=Promotion.State.OPEN).update(
        state=state
    )
    if not changed:
        raise AlreadyDecided("This promotion has been decided already; nothing was changed.")
    decision = Decision.objects.create(
        promotion=promotion,
        verdict=verdict,
        reason=reason.strip(),
        against_gate=verdict == Decision.Verdict.APPROVE and promotion.gate != "pass",
        decided_by=by,
    )
    audit.record(
        project=promotion.project,
        by=by,
        verb=str(state),
        subject=promotion,
        data={"reason": decision.reason, "against_gate": decision.against_gate},
    )
    return decision
