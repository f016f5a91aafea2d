"""How long a report takes: a run with a million comparisons and 5,000 reviews, from nothing and
after 100 more labels; and each of its parts."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

COMPARISONS, REVIEWS, MORE, DAYS, CATEGORIES = 1_000_000, 5_000, 100, 14, 30
#: Seconds that the core may take from nothing, and after 100 more labels.
LIMITS = {"from nothing": 10, f"after {MORE} more labels": 2}

_REQUESTS = """
INSERT INTO evals_request (project_id, key, source, input, input_digest, segment, "group",
    variant_of, occurred_at, received_at)
SELECT %(project)s, 'bench-' || i, 'traffic', to_jsonb('message number ' || i), md5(i::text),
    jsonb_build_object('locale', (ARRAY['de','en','fr','it','es'])[1 + i %% 5], 'tier',
        (ARRAY['free','team','enterprise'])[1 + i %% 3]),
    '', CASE WHEN i %% 50 = 1 THEN 'bench-' || (i - 1) ELSE '' END, now(), now()
FROM generate_series(0, %(comparisons)s - 1) i
"""
_OUTPUTS = """
INSERT INTO evals_output (request_id, model_id, sample, text, value, digest, latency_ms, cost_usd,
    created_at)
SELECT r.id, m.id, 0, 'an answer', to_jsonb('an answer'::text), md5(r.id::text),
    exp(5 + random() + random()), 0.0004 + 0.001 * random(), now()
FROM evals_request r, evals_modelversion m
WHERE r.project_id = %(project)s AND m.id IN (%(baseline)s, %(candidate)s)
"""
_COMPARISONS = """
INSERT INTO evals_comparison (run_id, request_id, u, noise_wanted, noise_differs, outcome,
    failed_side, similarity, reason, path, baseline_output_id, candidate_output_id, batch, stratum,
    settled_at)
SELECT %(run)s, r.id, random(), r.id %% 5 = 0, CASE WHEN r.id %% 5 = 0 THEN random() < 0.3 END,
    split_part(s.name, '/', 1), '', 0.5, '', '', b.id, c.id,
    '2026-01-' || lpad((1 + r.id %% %(days)s)::text, 2, '0'), s.name, now()
FROM evals_request r
    JOIN evals_output b ON b.request_id = r.id AND b.model_id = %(baseline)s
    JOIN evals_output c ON c.request_id = r.id AND c.model_id = %(candidate)s,
    LATERAL (SELECT (ARRAY['identical','identical','identical','identical','identical',
        'equivalent','differ/near','differ/mid','differ/far','differ/far'])[1 + (r.id / 14) %% 10]
        AS name) s
WHERE r.project_id = %(project)s
"""
_STRATA = """
INSERT INTO evals_stratum (run_id, batch, name, size)
SELECT run_id, batch, stratum, count(*) FROM evals_comparison WHERE run_id = %(run)s
GROUP BY 1, 2, 3
"""
_ITEMS = """
INSERT INTO reviewapp_reviewitem (project_id, run_id, comparison_id, batch, stratum, position,
    inclusion, rank, state, drawn_at, resolved_at)
SELECT %(project)s, %(run)s, id, batch, stratum, place, 0.01, random(), 'resolved', now(), now()
FROM (SELECT id, batch, stratum, row_number() OVER (PARTITION BY batch, stratum ORDER BY u)
    AS place FROM evals_comparison WHERE run_id = %(run)s) c
WHERE place <= %(each)s
"""
_REVIEWS = """
INSERT INTO reviewapp_review (item_id, rater_id, taxonomy_version_id, revision, live,
    authoritative, blind, baseline, candidate, note, duration_s, submission, created_at)
SELECT i.id, %(rater)s, %(version)s, 1, true, false, true,
    CASE WHEN i.id %% 11 = 0 THEN 'error' ELSE 'ok' END,
    CASE WHEN i.id %% 7 = 0 THEN 'error' ELSE 'ok' END, '', 20 + random() * 40,
    gen_random_uuid(), now()
FROM reviewapp_reviewitem i WHERE i.run_id = %(run)s
ORDER BY i.position, i.id OFFSET %(offset)s LIMIT %(limit)s
"""
_FINDINGS = """
INSERT INTO reviewapp_finding (review_id, side, category_id, severity_id, "where", path, note)
SELECT v.id, s.side, c.id, w.id, 'output', '', ''
FROM reviewapp_review v JOIN reviewapp_reviewitem i ON i.id = v.item_id AND i.run_id = %(run)s,
    LATERAL (VALUES ('baseline', v.baseline), ('candidate', v.candidate)) AS s(side, verdict),
    LATERAL (SELECT (%(categories)s)[1 + (v.id / 3) %% %(leaves)s] AS id) c,
    LATERAL (SELECT id FROM taxonomy_severity WHERE version_id = %(version)s
        ORDER BY id OFFSET v.id %% 3 LIMIT 1) w
WHERE s.verdict = 'error' AND NOT EXISTS (SELECT FROM reviewapp_finding f WHERE f.review_id = v.id)
"""


def measure(say: Callable[[str, str], None]) -> None:
    """Needs Django and a database of its own; leaves a large project behind."""
    from django.db import connection

    from reviewapp.actions import parts, reports
    from reviewapp.models import Report
    from reviewapp.reports.parts.registry import PARTS

    started = time.perf_counter()
    run, values = fill()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    say(f"report: {COMPARISONS:,} comparisons made", f"{time.perf_counter() - started:.0f} s")
    say_core(say, "from nothing", lambda: reports.refresh(run=run))
    for name in PARTS:
        seconds = clock(lambda name=name: parts.refresh(run=run, name=name))
        say(f"report: part {name}", f"{seconds:.1f} s")
    label(values, REVIEWS, MORE)
    say_core(say, f"after {MORE} more labels", lambda: reports.refresh(run=run))
    core = Report.objects.get(run=run).data
    say("report: labels used", f"{core['labels']['used']:,}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say("report: most memory of this process", f"{peak:.0f} MiB")


def say_core(say: Callable[[str, str], None], what: str, act: Callable[[], object]) -> None:
    seconds = clock(act)
    say(f"report: core {what}", f"{seconds:.2f} s (at most {LIMITS[what]} wanted)")


def fill():
    """A shadow run of a fortnight over a million requests, of which 5,000 items are labelled in
    30 categories, under a plan of looks."""
    from django.utils import timezone

    from evals.models import Run
    from reviewapp.actions import models, projects
    from reviewapp.models import Rater, User
    from tests.reviewapp.versions import further

    by = User.objects.create_user("bench-report")
    project = projects.create(slug="bench-report", name="Bench", preset="assistant", by=by)
    baseline = models.define(project=project, name="old", by=by)
    candidate = models.define(project=project, name="new", by=by)
    more = CATEGORIES - len(project.taxonomy_version.leaves())
    version = further(project, new=[f"further.{i}" for i in range(more)])
    projects.set_policy(
        project=project, margin=0.02, critical_margin=0.01, label_budget=4_000, by=by
    )
    now = timezone.now()
    run = Run.objects.create(
        project=project,
        name="bench",
        kind="shadow",
        state="finished",
        finished_at=now,
        baseline=baseline,
        candidate=candidate,
        taxonomy_version=version,
        pipeline=project.pipeline,
        pipeline_digest="0" * 64,
        sampling=project.sampling,
        seed="bench",
        opens_at=now,
        closes_at=now + timedelta(days=DAYS),
    )
    rater = Rater.objects.create(project=project, kind="script", name="bench")
    values = {
        "project": project.pk,
        "run": run.pk,
        "baseline": baseline.pk,
        "candidate": candidate.pk,
        "rater": rater.pk,
        "version": version.pk,
        "categories": [one.pk for one in version.leaves()],
        "leaves": CATEGORIES,
        "comparisons": COMPARISONS,
        "days": DAYS,
        "each": (REVIEWS + MORE) // (DAYS * 5) + 1,
    }
    for sql in (_REQUESTS, _OUTPUTS, _COMPARISONS, _STRATA, _ITEMS):
        execute(sql, values)
    label(values, 0, REVIEWS)
    return run, values


def label(values: dict[str, Any], offset: int, limit: int) -> None:
    execute(_REVIEWS, {**values, "offset": offset, "limit": limit})
    execute(_FINDINGS, values)


def execute(sql: str, values: dict[str, Any]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def clock(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
