"""Label sets in numbers: what a report says of those it stands on, and each model version's score
in each set."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from django.db import connection
from django.db.models import Count

from evals.models import Project, Run, SeveralRaters
from reviewapp.labelling.elsewhere import Words, design_of
from reviewapp.models import LabelSet, OutputJudgement, Rater, Review

DESIGNS = {
    LabelSet.Design.CENSUS: "all there are",
    LabelSet.Design.RANDOM: "a random sample of each stratum",
    LabelSet.Design.UNKNOWN: "chosen nobody knows how",
}
_OF = {**DESIGNS, LabelSet.Design.UNKNOWN: "pairs that were chosen nobody knows how"}
NO_DESIGN = "how the labelled pairs were chosen is not known"
NO_LABELS = "there are no labels from elsewhere, and the run draws nothing itself"
#: A finding without a severity weighs nobody knows what, and so does an error without a finding.
_SCORES = """
WITH weighed AS (
    SELECT j.id, j.output_id, j.model_id, j.label_set_id, CASE
        WHEN j.verdict = 'error' AND count(f.id) = 0 THEN NULL
        WHEN count(f.id) FILTER (WHERE f.severity_id IS NULL) > 0 THEN NULL
        ELSE coalesce(sum(coalesce(w.weight, v.weight)), 0) END AS points
    FROM reviewapp_outputjudgement j JOIN reviewapp_labelset s ON s.id = j.label_set_id
    LEFT JOIN reviewapp_outputfinding f ON f.judgement_id = j.id
    LEFT JOIN taxonomy_severity v ON v.id = f.severity_id
    LEFT JOIN taxonomy_categoryweight w
        ON w.category_id = f.category_id AND w.severity_id = f.severity_id
    WHERE s.project_id = %s AND j.live GROUP BY j.id
), rated AS (
    SELECT label_set_id, model_id, output_id, avg(points) AS points, count(*) AS judgements,
        count(*) - count(points) AS unweighed
    FROM weighed GROUP BY label_set_id, model_id, output_id
)
SELECT r.label_set_id, m.name, avg(r.points)::float8, count(*), sum(r.judgements)::int8,
    sum(r.unweighed)::int8
FROM rated r JOIN evals_modelversion m ON m.id = r.model_id
GROUP BY r.label_set_id, m.name ORDER BY 1, 3 NULLS LAST, 2
"""


def scores(project: Project) -> dict[int, list[dict[str, Any]]]:
    """By label set: model versions, the best first. A score is the mean over outputs of the mean
    over raters of what their findings weigh together, each in the taxonomy version that it was
    made in (MQM's definition)."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    names = ("model", "score", "outputs", "judgements", "unweighed")
    with connection.cursor() as cursor:
        cursor.execute(_SCORES, [project.pk])
        for label_set, *columns in cursor.fetchall():
            found[label_set].append(dict(zip(names, columns, strict=True)))
    return found


def overview(project: Project) -> list[dict[str, Any]]:
    """The project's label sets with their raters and scores, in five queries."""
    sets = LabelSet.objects.filter(project=project)
    scored = scores(project)
    raters: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for kind in (OutputJudgement, Review):
        rows = kind.objects.filter(label_set__project=project, live=True)
        counted = rows.values("label_set", "rater__name", "rater__about").annotate(n=Count("pk"))
        for row in counted.order_by("rater__name"):
            raters[row["label_set"]].append(
                {"name": row["rater__name"], "about": row["rater__about"], "labels": row["n"]}
            )
    return [
        {
            "name": one.name,
            "design": one.design,
            "design_words": DESIGNS[LabelSet.Design(one.design)],
            "kind": one.kind,
            "blind": one.blind,
            "created_by": one.created_by,
            "changed_at": one.changed_at,
            "raters": raters[one.pk],
            "labels": sum(rater["labels"] for rater in raters[one.pk]),
            "scores": scored[one.pk],
        }
        for one in sets
    ]


def waiting(run: Run, found: Words) -> list[str]:
    """What the gate waits for in a run that stands on labels from elsewhere."""
    if run.state != Run.State.FINISHED:
        return [f"the run is {run.state}"]
    sets = LabelSet.objects.filter(pk__in=found.sets)
    if not sets:
        return [NO_LABELS]
    return [NO_DESIGN] if design_of(sets) == LabelSet.Design.UNKNOWN else []


def about(run: Run, found: Words) -> dict[str, Any]:
    """What a report says of the labels that it stands on."""
    sets = list(LabelSet.objects.filter(pk__in=found.sets))
    counts = Counter(word.set_id for word in found.each())
    data: dict[str, Any] = {
        "design": design_of(sets) if sets else None,
        "several_raters": run.project.several_raters,
        "sets": [
            {
                "name": one.name,
                "design": one.design,
                "kind": one.kind,
                "labels": counts[one.pk],
            }
            for one in sets
        ],
        "not_blind": found.not_blind,
    }
    data["sentences"] = sentences(data)
    return data


def sentences(data: dict[str, Any]) -> list[str]:
    said = []
    for one in data["sets"]:
        kind = f" by {one['kind']} raters" if one["kind"] else ""
        said.append(
            f"Labels come from elsewhere: “{one['name']}”, {one['labels']:,} "
            f"{'judgement of an output' if one['labels'] == 1 else 'judgements of outputs'}"
            f"{kind}; as its import says, of {_OF[LabelSet.Design(one['design'])]}."
        )
    if data["sets"] and data["several_raters"] == SeveralRaters.AVERAGE:
        said.append(
            "Several raters of an output are averaged: what some of them found is a fraction."
        )
    if len({one["design"] for one in data["sets"]}) > 1:
        said.append("The sets were chosen differently, so nothing is taken for granted of either.")
    if data["design"] == LabelSet.Design.UNKNOWN:
        said.append("Pairs without a label are counted both ways, and there is no gate.")
    if data["not_blind"]:
        left = "it is" if data["not_blind"] == 1 else "they are"
        are = left.split()[1]
        said.append(f"{data['not_blind']:,} more {are} not known to be blind: {left} left out.")
    return said


def raters(found: Words) -> list[dict[str, Any]]:
    """As reviewapp.reports.core has them; a judgement is of one output."""
    counts = Counter(word.rater_id for word in found.each())
    rows = Rater.objects.in_bulk(counts)
    return [
        {
            "name": rows[pk].name,
            "kind": rows[pk].kind,
            "about": rows[pk].about,
            "reviews": count,
            "seconds": None,
            "left": False,
        }
        for pk, count in sorted(counts.items(), key=lambda one: (-one[1], rows[one[0]].name))
    ]
