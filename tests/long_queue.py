"""A project whose queue is long: made in seconds, by multiplying in SQL what the product made once.

Columns are copied from rows that the product itself wrote, so that a new column needs no change
here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from uuid import uuid4

from django.db import connection
from django.db.models import Model

from evals import compare
from evals.ingest import ingest
from evals.models import Comparison, Output, Project, Request, Run, Stratum
from evals.records import decode_lines
from evals.sampling import DRAWN, WHOLE_RUN, SamplingPlan
from reviewapp.actions import items, models, projects, reviews, runs
from reviewapp.desk.judgement import check
from reviewapp.models import Finding, Membership, Rater, Review, ReviewItem, Role, Slot, User

#: Different texts; the items take them in turn.
TEXTS = 500
WORDS = str.split(
    "the customer was charged twice for one order and asks for a refund before Friday because the "
    "card is shared so we looked into account ledger invoice delivery tracking number shipping "
    "address support ticket please reply within two working days thank you for your patience our "
    "team has escalated this case to billing review status pending approval manager signed"
)


def make(*, slug: str, waiting: int, labelled: int, by: User) -> Project:
    """A project with `waiting` items to review, one in ten for two reviewers, and before them in
    line `labelled` that are reviewed: of twenty 17 resolved, two disputed and one skipped."""
    project = projects.create(slug=slug, name="A long queue", preset="classification", by=by)
    plan = SamplingPlan(labels=100_000, equivalent=100_000, identical=100_000)
    projects.set_sampling(project=project, plan=plan, by=by)
    run = _small_run(project, by)
    done, open_ = run.items.order_by("rank", "id")[:2]
    rater = Rater.objects.create(project=project, kind="script", name="earlier")
    other = Rater.objects.create(project=project, kind="script", name="another")
    _review(done, rater)
    with connection.cursor() as cursor:
        _texts(cursor, random.Random(7))
    first = _multiply_items(done, labelled, total=labelled + waiting, after=0)
    _as_labelled(done, first, labelled, other)
    _multiply_items(open_, waiting, total=labelled + waiting, after=labelled)
    _strata(run, labelled + waiting)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE long_texts")
        cursor.execute("ANALYZE")
    return project


def members(project: Project, count: int, prefix: str = "reviewer") -> list[User]:
    """Reviewers who have judged here before: each has a rater."""
    made = []
    for number in range(count):
        user = User.objects.create(username=f"{prefix}-{number}", password="!")
        Membership.objects.create(project=project, user=user, role=Role.REVIEWER)
        Rater.objects.create(project=project, kind="member", user=user, name=user.username)
        made.append(user)
    return made


def _small_run(project: Project, by: User) -> Run:
    old, new = (models.define(project=project, name=name, by=by) for name in ("old", "new"))
    lines = [
        {
            "id": f"small-{i}",
            "input": f"message {i}",
            "outputs": [
                {"model": "old", "output": f"billing because of {i}"},
                {"model": "new", "output": f"refund, since {i} says so"},
            ],
            "segment": {"locale": "en"},
        }
        for i in range(3)
    ]
    ingest(project, decode_lines([json.dumps(line).encode() + b"\n" for line in lines]))
    run = runs.start(
        project=project, name="long", baseline=old, candidate=new, recorded=True, by=by
    )
    compare.enrol(run)
    compare.settle(run)
    compare.finish_if_done(run)
    run.refresh_from_db()
    items.draw(run=run)
    return run


def _review(item: ReviewItem, rater: Rater) -> None:
    claimed = reviews.claim_item(item=item, rater=rater)
    assert claimed
    key = item.run.taxonomy_version.leaves()[0].key
    sent = {
        "sides": {"A": "error", "B": "ok"},
        "findings": [{"side": "A", "category": key, "severity": "minor", "span": [0, 5]}],
    }
    judgement = check(sent, item, rater)
    reviews.submit(item=item, rater=rater, judgement=judgement, submission=uuid4(), by="script")
    item.refresh_from_db()


def _texts(cursor: object, chance: random.Random) -> None:
    """`long_texts`: a request of about 300 characters and two answers of about 800 that differ in
    a word here and there."""

    def words(characters: int) -> list[str]:
        return chance.choices(WORDS, k=characters // 6)

    cursor.execute(  # type: ignore[attr-defined]
        "CREATE TEMP TABLE long_texts (n int PRIMARY KEY, request text, one text, other text)"
    )
    rows = []
    for n in range(TEXTS):
        one = words(800)
        other = [chance.choice(WORDS) if chance.random() < 0.1 else word for word in one]
        rows.append((n, " ".join(words(300)), " ".join(one), " ".join(other)))
    cursor.executemany(  # type: ignore[attr-defined]
        "INSERT INTO long_texts VALUES (%s, %s, %s, %s)", rows
    )


def _multiply_items(item: ReviewItem, count: int, *, total: int, after: int) -> int:
    """`count` items like `item`, from place `after` + 1 of `total`, with all that stands behind
    them. Gives the id before the first."""
    comparison = item.comparison
    first = max(_highest(one) for one in (Request, Output, Comparison, ReviewItem)) + 10
    text = f"JOIN long_texts x ON x.n = i %% {TEXTS}"
    place = f"({after} + i)"
    stratum = f"(ARRAY{list(DRAWN)})[1 + i %% {len(DRAWN)}]"
    outcome = f"CASE WHEN {stratum} LIKE 'differ/%%' THEN 'differ' ELSE {stratum} END"
    request = {
        "id": f"{first} + i",
        "key": f"'r-' || {place}",
        "input": "to_jsonb(x.request)",
        "segment": "jsonb_build_object('locale', (ARRAY['de', 'en', 'fr'])[1 + i %% 3])",
    }
    _multiply(Request, comparison.request_id, count, request, text)
    for output, column, step in (
        (comparison.baseline_output, "one", 0),
        (comparison.candidate_output, "other", 1),
    ):
        assert output
        answer = f"(x.{column} || ' (' || {place} || ')')"
        columns = {
            "id": f"{first} + 2 * i + {step}",
            "request_id": f"{first} + i",
            "text": answer,
            "value": f"to_jsonb({answer})",
            "digest": f"encode(sha256({answer}::bytea), 'hex')",
        }
        _multiply(Output, output.pk, count, columns, text)
    columns = {
        "id": f"{first} + i",
        "request_id": f"{first} + i",
        "u": f"{place}::float8 / {total + 1}",
        "outcome": outcome,
        "baseline_output_id": f"{first} + 2 * i",
        "candidate_output_id": f"{first} + 2 * i + 1",
        "stratum": stratum,
    }
    _multiply(Comparison, comparison.pk, count, columns)
    columns = {
        "id": f"{first} + i",
        "comparison_id": f"{first} + i",
        "stratum": stratum,
        "position": f"{place} + 3",  # after those that the product made
        "rank": f"{place}::float8 / {total + 1}",
    }
    _multiply(ReviewItem, item.pk, count, columns)
    slot = item.slots.get()
    columns = {"item_id": f"{first} + i", "rank": f"{place}::float8 / {total + 1}"}
    _multiply(Slot, slot.pk, count, columns)
    if slot.state == Slot.State.OPEN:
        _multiply(Slot, slot.pk, count, {**columns, "number": "2"}, "AND i %% 10 = 0", where=True)
    for model in (Request, Output, Comparison, ReviewItem):
        _past(model)
    return first


def _as_labelled(item: ReviewItem, first: int, count: int, other: Rater) -> None:
    review = item.reviews.get()
    finding = review.findings.get()
    reviews_from, again = _highest(Review) + 10, _highest(Review) + 10 + count
    days = "now() - (i %% 60) * interval '1 day'"
    columns = {
        "id": f"{reviews_from} + i",
        "item_id": f"{first} + i",
        "submission": "gen_random_uuid()",
        "created_at": days,
    }
    _multiply(Review, review.pk, count, columns, "AND i %% 20 <> 0", where=True)
    said = {**columns, "id": f"{again} + i", "rater_id": str(other.pk)}
    _multiply(Review, review.pk, count, said, "AND i %% 20 IN (1, 2)", where=True)
    leaves = list(item.run.taxonomy_version.leaves().values_list("pk", flat=True))
    category = f"(ARRAY{leaves})[1 + (i / 7) %% {len(leaves)}]"
    found = {"review_id": f"{reviews_from} + i", "category_id": category}
    _multiply(Finding, finding.pk, count, found, "AND i %% 20 <> 0 AND i %% 3 <> 0", where=True)
    _past(Review)
    with connection.cursor() as cursor:
        table = ReviewItem._meta.db_table
        for state, turns in (("disputed", "1, 2"), ("skipped", "0")):
            cursor.execute(
                f"UPDATE {table} SET state = %s, resolved_at = NULL "
                f"WHERE id > %s AND id <= %s AND (id - %s) %% 20 IN ({turns})",
                [state, first, first + count, first],
            )


def _strata(run: Run, total: int) -> None:
    Stratum.objects.filter(run=run).delete()
    for name in DRAWN:
        Stratum.objects.create(run=run, batch=WHOLE_RUN, name=name, size=total // len(DRAWN))


def _multiply(
    model: type[Model],
    pk: int,
    count: int,
    columns: Mapping[str, str],
    more: str = "",
    *,
    where: bool = False,
) -> None:
    """Copies of a row, i from 1 to `count`, with these columns by an expression each. `more`: a
    JOIN, or a further condition."""
    names = [field.column for field in model._meta.concrete_fields]
    names = [name for name in names if name != "id" or "id" in columns]
    values = ", ".join(columns.get(name) or f't."{name}"' for name in names)
    into = ", ".join(f'"{name}"' for name in names)
    table = model._meta.db_table
    join, condition = ("", more) if where else (more, "")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({into}) "
            f"SELECT {values} FROM {table} t CROSS JOIN generate_series(1, %s) i {join} "
            f"WHERE t.id = %s {condition}",
            [count, pk],
        )


def _highest(model: type[Model]) -> int:
    last = model._default_manager.order_by("-pk").values_list("pk", flat=True).first()
    return int(last or 0)


def _past(model: type[Model]) -> None:
    """The next id that the database gives is one that is free."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)",
            [model._meta.db_table, _highest(model) + 1],
        )
