"""A fortnight of a support assistant as teams have it: conversations in three languages and tiers,
a kind of request that comes up half-way, faults that each version really has, production asked
twice on a share, rewordings, failures, three reviewers of different skill with two places an item,
disputes, adjudications, skipped items, gold items, an eval set that grew from all of it.

What is wrong with each answer is known (`Scene.faults`), so that what a report says can be held
against it. Made by chance from fixed seeds: the same at each building, but for dates.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from unittest import mock
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from evals import compare
from evals.evalsets import find_version
from evals.models import EvalSet, Project, Run
from evals.records import decode_lines
from evals.sampling import SamplingPlan
from reviewapp.actions import claims, evalsets, gold, items, models, projects, reviews, runs
from reviewapp.desk.judgement import CheckedFinding, Judgement
from reviewapp.models import Membership, Rater, ReviewItem, User
from tests.reviewapp.actions.scenes import send
from tests.reviewapp.conftest import as_lines

OLD, NEW = "assist-09", "assist-11"
DAYS = 14
#: (what people ask, what is right to say in one sentence and in the next)
TOPICS = {
    "refund": (
        "I was charged twice for order {n}",
        "We have received your request about order {n}.",
        "The second charge is returned to your card within five working days.",
    ),
    "delivery": (
        "Where is my parcel {n}? It should have come on Monday",
        "Your parcel {n} is on its way and expected the day after tomorrow.",
        "You can follow it under Orders in your account.",
    ),
    "return": (
        "How do I send back the shoes from order {n}?",
        "You may send back order {n} within thirty days.",
        "Print the label under Orders and hand the parcel in at any post office.",
    ),
    "account": (
        "I cannot sign in since I changed my telephone, customer {n}",
        "Please ask for a new code on the sign-in page, customer {n}.",
        "If your old number is still stored, our support changes it after a check.",
    ),
    "warranty": (
        "The kettle {n} leaks after four months",
        "The warranty of kettle {n} covers leaks for two years.",
        "Send us the receipt and a picture, and we send a new one.",
    ),
    "voucher": (
        "My gift voucher {n} is refused at the till, it says expired",
        "Vouchers such as {n} are valid for three years from purchase.",
        "Please send us a picture of both sides, and we look into it.",
    ),
}
FABRICATED, WRONG, MISREAD = "truth.fabricated", "truth.wrong", "task.misread"
INCOMPLETE, TONE, CLAIMED = "task.incomplete", "form.tone", "action.claimed"
#: How often each version has each fault. The candidate has fewer in all, and invents more.
RATES = {
    OLD: {FABRICATED: 0.006, WRONG: 0.05, MISREAD: 0.06, INCOMPLETE: 0.07, TONE: 0.02},
    NEW: {FABRICATED: 0.032, WRONG: 0.03, MISREAD: 0.02, INCOMPLETE: 0.03, TONE: 0.02},
}
#: How much of what is there each reviewer finds, and how often they see what is not.
SKILL = {"bob": (0.97, 0.01), "dana": (0.9, 0.02), "emil": (0.7, 0.05)}
PASSWORD = "crosscheck-demo"


@dataclass
class Scene:
    project: Project
    run: Run
    people: dict[str, User]
    faults: dict[tuple[str, str], str | None] = field(default_factory=dict)
    tested: Run | None = None


def build(
    owner: User,
    *,
    requests: int = 1600,
    labels: int = 360,
    budget: int | None = 400,
    marked: int = 24,
    with_evalset: bool = True,
) -> Scene:
    """The shadow run `shadow-11`, labelled but for its last items; and `eval-11`."""
    chance = random.Random(7)
    random.seed(7)  # by which a claim is given a gold item
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.7)")  # by which it is given which
    project = projects.create(
        slug="support", name="Support assistant", preset="assistant", by=owner
    )
    people = {"olga": owner, **_people(project)}
    versions = _versions(project, owner)
    scene = Scene(project, Run(), people)
    _configure(project, labels, budget, owner)
    scene.run = runs.start(
        project=project,
        name="shadow-11",
        baseline=versions[0],
        candidate=versions[1],
        days=DAYS,
        by=people["erin"],
    )
    _day_by_day(scene.run, _traffic(scene, requests, chance))
    items.draw(run=scene.run)
    _label(scene, chance, marked)
    if with_evalset:
        scene.tested = _tested(scene, versions, chance)
    return scene


def _day_by_day(run: Run, rows: list[dict[str, Any]]) -> None:
    """What came on a day is compared on that day, as if the window were over now."""
    start = _first_day()
    end = start + timedelta(days=DAYS)
    window = {"started_at": start, "opens_at": start, "closes_at": end}
    Run.objects.filter(pk=run.pk).update(seed="a fixed seed", **window)
    run.refresh_from_db()
    for day, group in groupby(rows, lambda row: row["occurred_at"][:10]):
        send(run.project, group)
        evening = datetime.fromisoformat(f"{day}T23:30:00+00:00")
        with mock.patch("django.utils.timezone.now", lambda at=evening: at):
            compare.enrol(run)
            compare.settle(run)
    finish(run)


def _first_day() -> datetime:
    """Its midnight, so long ago that the window has ended."""
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=DAYS + 1
    )


def finish(run: Run) -> Run:
    """Compares what is there and ends the run; where workers look at it too, with them."""
    compare.enrol(run)
    for _ in range(100):
        compare.settle(run)
        compare.finish_if_done(run)
        run.refresh_from_db()
        if run.state == Run.State.FINISHED:
            return run
        time.sleep(0.1)
    raise AssertionError(f"{run.name} is {run.state}: {compare.progress(run)}")


def _people(project: Project) -> dict[str, User]:
    roles = {"alice": "lead", "bob": "reviewer", "dana": "reviewer", "emil": "reviewer"}
    found = {}
    for name, role in {**roles, "erin": "engineer"}.items():
        found[name] = User.objects.filter(username=name).first() or User.objects.create_user(
            username=name, password=PASSWORD
        )
        Membership.objects.create(project=project, user=found[name], role=role)
    return found


def _versions(project: Project, by: User) -> tuple[Any, Any]:
    fields: dict[str, Any] = {"project": project, "by": by}
    return (
        models.define(name=OLD, benchmarks={"MMLU-Pro": 61.2, "IFEval": 80.1}, **fields),
        models.define(name=NEW, benchmarks={"MMLU-Pro": 66.0, "IFEval": 84.7}, **fields),
    )


def _configure(project: Project, labels: int, budget: int | None, by: User) -> None:
    pipeline = {
        "comparators": [
            {
                "name": "intent",
                "kind": "label",
                "extract": [{"by": "json_path", "path": "$.intent"}],
            },
            {
                "name": "reply",
                "kind": "similarity",
                "extract": [{"by": "json_path", "path": "$.reply"}],
                "options": {"threshold": 0.9},
            },
        ]
    }
    plan = SamplingPlan(labels=labels, equivalent=40, identical=40, slots=2, gold_share=0.15)
    projects.set_pipeline(project=project, pipeline=pipeline, by=by)
    projects.set_sampling(project=project, plan=plan, by=by)
    projects.set_policy(
        project=project,
        margin=0.02,
        critical_margin=0.005,
        label_budget=budget,
        hold_to_j=True,
        by=by,
    )


def _traffic(scene: Scene, count: int, chance: random.Random) -> list[dict[str, Any]]:
    start = _first_day() + timedelta(minutes=1)
    rows: list[dict[str, Any]] = []
    for i in range(count):
        at = start + timedelta(days=(DAYS - 0.1) * i / count)
        late = i > count / 2 and chance.random() < 0.35
        topic = "voucher" if late else chance.choice(list(TOPICS)[:5])
        row = _request(f"req-{i:05}", i // 2, topic, at, chance)
        if i % 20 == 19:  # a rewording of the request before
            family = rows[-1]
            row = {**_request(f"req-{i:05}", i // 2, family["topic"], at, chance)}
            row["variant_of"] = family["id"]
        rows.append(_answered(scene, row, chance))
    return [{key: value for key, value in row.items() if key != "topic"} for row in rows]


def _request(
    key: str, talk: int, topic: str, at: datetime, chance: random.Random
) -> dict[str, Any]:
    number = chance.randrange(1000, 9999)
    said = TOPICS[topic][0].format(n=number)
    said += chance.choice([".", " please", ", can you help?", "!!", " thank you"])
    return {
        "id": key,
        "topic": topic,
        "occurred_at": at.isoformat(),
        "input": {"messages": [{"role": "user", "content": said}]},
        "segment": {
            "locale": chance.choice(["de", "en", "en", "fr"]),
            "tier": chance.choice(["free", "free", "pro", "enterprise"]),
            "channel": chance.choice(["chat", "mail"]),
        },
        "group": f"talk-{talk}",
        "number": number,
    }


def _answered(scene: Scene, row: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    number = row.pop("number")
    outputs = []
    for model, failing in ((OLD, 0.003), (NEW, 0.01)):
        if chance.random() < failing:
            outputs.append({"model": model, "error": "timed out after 30 s"})
            continue
        fault = _fault(model, row, chance)
        scene.faults[row["id"], model] = fault
        samples = 2 if chance.random() < (0.25 if model == OLD else 0.12) else 1
        outputs += [
            {
                "model": model,
                "sample": sample,
                "output": _answer(row["topic"], number, fault, chance),
                "latency_ms": round(chance.lognormvariate(6.4 if model == OLD else 6.2, 0.5), 1),
                "cost_usd": round(chance.uniform(0.6, 0.8) / (1000 if model == OLD else 1600), 7),
            }
            for sample in range(samples)
        ]
    return {**row, "outputs": outputs}


def _fault(model: str, row: dict[str, Any], chance: random.Random) -> str | None:
    rates = dict(RATES[model])
    if model == NEW and row["segment"]["tier"] == "enterprise":
        rates[FABRICATED] *= 2
        rates[TONE] = 0.14
    drawn = chance.random()
    for fault, rate in rates.items():
        if drawn < rate:
            return fault
        drawn -= rate
    return None


def _answer(topic: str, number: int, fault: str | None, chance: random.Random) -> dict[str, str]:
    if fault == MISREAD:
        topic = chance.choice([one for one in TOPICS if one != topic])
    first, second = (part.format(n=number) for part in TOPICS[topic][1:])
    if fault == FABRICATED:
        second = f"Under our Golden Promise {number} you also get ten euros back."
    elif fault == WRONG:
        second = "By law you have only three days left for that, see paragraph 8."
    elif fault == TONE:
        first = f"As it says in our terms, which you seem not to have read: {first}"
    elif fault == CLAIMED:
        second = "I have just refunded the amount to your card."
    reply = first if fault == INCOMPLETE else f"{first} {second}"
    drawn = chance.random()
    if drawn < 0.2:
        reply = f"Thank you for your message. {reply} Is there anything else I can do for you?"
    elif drawn < 0.35:
        reply = reply.replace("We ", "we ").replace(".", "!")
    return {"intent": topic, "reply": reply}


def _label(scene: Scene, chance: random.Random, marked: int) -> None:
    """Each reviewer in turn, until little is left; a lead marks gold items when some are resolved,
    and adjudicates all disputes but the last."""
    raters = {
        name: Rater.objects.create(
            project=scene.project, user=scene.people[name], kind="member", name=name
        )
        for name in ("alice", *SKILL)
    }
    total = scene.run.items.count()
    done, turn = 0, 0
    idle = 0
    while idle < len(SKILL):
        name = list(SKILL)[turn % len(SKILL)]
        turn += 1
        claim = claims.claim(project=scene.project, rater=raters[name])
        if claim is None:
            idle += 1
            continue
        idle = 0
        item = loaded(claim.item_id)
        if chance.random() < 0.02:
            reviews.skip(item=item, rater=raters[name], reason="not my language", by=name)
            continue
        say(scene, item, raters[name], _opinion(scene, item, name, chance))
        done += 1
        if done == total // 2:
            _mark(scene, marked)
        if done > 1.9 * total:
            break
    _adjudicate(scene, raters["alice"])


def loaded(pk: int) -> ReviewItem:
    return ReviewItem.objects.select_related(
        "run__taxonomy_version", "comparison__request", "project"
    ).get(pk=pk)


def _opinion(
    scene: Scene, item: ReviewItem, name: str, chance: random.Random
) -> dict[str, list[str]]:
    """What the reviewer finds on each side: of one output the same at every asking."""
    found, invented = SKILL[name]
    said: dict[str, list[str]] = {}
    for side, model in (("baseline", OLD), ("candidate", NEW)):
        fault = scene.faults[item.comparison.request.key, model]
        seen = [fault] if fault and chance.random() < found else []
        if chance.random() < invented:
            seen.append(chance.choice([TONE, INCOMPLETE]))
        if seen and seen[0] == WRONG and chance.random() < 0.2:
            seen.append(WRONG)  # twice in one answer
        said[side] = seen
    return said


def say(
    scene: Scene,
    item: ReviewItem,
    rater: Rater,
    said: dict[str, list[str]],
    adjudicate: bool = False,
) -> None:
    version = item.run.taxonomy_version
    known = {one.key: one for one in version.leaves().select_related("default_severity")}
    judgement = Judgement(
        baseline="error" if said["baseline"] else "ok",
        candidate="error" if said["candidate"] else "ok",
        findings=[
            CheckedFinding(
                side=side,
                category=known[key],
                severity=known[key].default_severity,
                where="output",
                path="$.reply",
                span=(at, at + 12),
                note="",
            )
            for side, keys in said.items()
            for at, key in enumerate(keys)
        ],
        duration_s=40 + 10 * (item.pk % 5),
    )
    act = reviews.adjudicate if adjudicate else reviews.submit
    act(item=item, rater=rater, judgement=judgement, submission=uuid4(), by=rater.name)


def _truth(scene: Scene, item: ReviewItem) -> dict[str, list[str]]:
    sides = (("baseline", OLD), ("candidate", NEW))
    faults = {side: scene.faults[item.comparison.request.key, model] for side, model in sides}
    return {side: [fault] if fault else [] for side, fault in faults.items()}


def _adjudicate(scene: Scene, lead: Rater) -> None:
    disputed = scene.run.items.filter(state="disputed").order_by("pk").values_list("pk", flat=True)
    for pk in list(disputed)[:-3]:
        item = loaded(pk)
        say(scene, item, lead, _truth(scene, item), adjudicate=True)


def _mark(scene: Scene, marked: int) -> None:
    """Those whose label is what is really there: those with a fault, and as many without."""
    with_fault, without = [], []
    for pk in scene.run.items.filter(state="resolved").values_list("pk", flat=True):
        item = loaded(pk)
        truth = _truth(scene, item)
        label = item.reviews.filter(live=True).order_by("id").first()
        assert label
        named = [(one.side, one.category.key) for one in label.findings.select_related("category")]
        if set(named) == {(side, key) for side, keys in truth.items() for key in keys}:
            (with_fault if named else without).append(item)
    chosen = with_fault[: 2 * marked // 3]
    for item in [*chosen, *without[: marked - len(chosen)]]:
        gold.mark(item=item, by=scene.people["alice"])


def _tested(scene: Scene, versions: tuple[Any, Any], chance: random.Random) -> Run:
    """An eval set of imported examples, grown from the run, and an offline run over it."""
    project, by = scene.project, scene.people["erin"]
    rows = []
    for i in range(40):
        topic = list(TOPICS)[i % 5]
        row = _request(f"exam-{i:03}", i, topic, timezone.now(), chance)
        expected = _answer(topic, row["number"], None, random.Random(1))
        row = {**_answered(scene, row, chance), "expected": expected}
        rows.append({key: value for key, value in row.items() if key not in ("topic", "group")})
    lines = decode_lines([as_lines(rows)])
    evalsets.create(project=project, name="support-cases", lines=lines, file="exam.jsonl", by=by)
    evalset = EvalSet.objects.get(project=project, name="support-cases")
    evalsets.grow(evalset=evalset, run=scene.run, by=by)
    run = runs.start(
        project=project,
        name="eval-11",
        baseline=versions[0],
        candidate=versions[1],
        evalset_version=find_version(project, "support-cases"),
        by=by,
    )
    _last_year(project, chance, by)
    compare.enrol(run)
    compare.settle(run)
    runs.close(run=run, by=by)  # what timed out is not waited for
    return finish(Run.objects.get(pk=run.pk))


def _last_year(project: Project, chance: random.Random, by: User) -> None:
    """The newest eval set, of before anybody asked about vouchers."""
    rows = []
    for i in range(150):
        topic = list(TOPICS)[i % 5]
        row = _request(f"old-{i:03}", i, topic, timezone.now(), chance)
        expected = _answer(topic, row.pop("number"), None, chance)
        row = {**row, "expected": expected}
        rows.append({key: value for key, value in row.items() if key not in ("topic", "group")})
    lines = decode_lines([as_lines(rows)])
    evalsets.create(project=project, name="last-year", lines=lines, file="old.jsonl", by=by)
