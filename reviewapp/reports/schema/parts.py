"""The parts of a report, each null where there is nothing to show (reports/parts)."""

from __future__ import annotations

from reviewapp.reports.parts.registry import PARTS as COMPUTED
from reviewapp.reports.schema.kinds import (
    Schema,
    anything,
    count,
    estimate,
    mapping,
    maybe,
    moment,
    number,
    one_of,
    p_value,
    record,
    rows,
    share,
    text,
    truth,
)

_SCORED: dict[str, Schema] = {
    "examples": count(),
    "baseline": share("Right."),
    "candidate": share("Right."),
    "gained": count("Only the candidate is right."),
    "lost": count("Only the baseline is right."),
    "difference": estimate(),
    "p": p_value("Exact McNemar."),
}
_FLIP = record(flipped=count(), rate=estimate())
_FLIPS = record(
    groups=count(),
    outcome=one_of("right", "output"),
    baseline=_FLIP,
    candidate=_FLIP,
    only_candidate=count(),
    only_baseline=count(),
    difference=estimate(),
    p=p_value(),
)
_SLICE = record(
    segment=text(),
    value=text(),
    labels=count(),
    requests=count(),
    difference=estimate("The slice by itself, in shares of its requests."),
    shrunk=estimate(
        "Drawn towards what the slices have in common. Its interval holds for slices on average, "
        "less often for the one that lies furthest from the others."
    ),
    p_harm=p_value("One-sided."),
    q_harm=p_value("By Benjamini and Hochberg over the slices."),
    flagged=truth(),
)
_COEFFICIENT: dict[str, Schema] = {
    "alpha": maybe(number(), "Krippendorff's; null: undefined."),
    "interval": maybe(estimate()),
}

_PARTS: dict[str, Schema] = {
    "noise": record(
        "The baseline asked the same twice.",
        requests=count(),
        candidate_differs=share(),
        baseline_differs=share(),
        only_candidate=count(),
        only_baseline=count(),
        excess=estimate(),
        p=p_value(),
    ),
    "score": record(
        "Against known answers.",
        **_SCORED,
        detectable=maybe(share(), "The smallest difference that so many examples find."),
        own_words=record(
            "Known answers that are an output of that version itself, which was judged fine, where "
            "the other's output is another text: by the comparators these favour it.",
            baseline=count(),
            candidate=count(),
        ),
        by_origin=rows(
            record(
                "A score over discrepancies is not one over traffic.",
                origin=one_of("traffic", "discrepancy", "import", "run"),
                **_SCORED,
            )
        ),
    ),
    "latency": record(
        "Milliseconds.",
        pairs=count(),
        sampled=truth("A random sample of the run's pairs."),
        quantiles=rows(
            record(
                share=share(),
                baseline=estimate(),
                candidate=estimate(),
                difference=estimate(),
                ratio=maybe(estimate()),
            )
        ),
        distribution=record(
            edges_ms=rows(number(), "One more than bins."),
            baseline=rows(count()),
            candidate=rows(count()),
        ),
        picture=maybe(text("An SVG of the distribution.")),
    ),
    "cost": record(
        "US dollars per 1,000 requests.",
        requests=count("Whose cost is known on both sides."),
        sampled=truth(),
        baseline=estimate(),
        candidate=estimate(),
        difference=estimate(),
        ratio=maybe(number()),
        baseline_per_1000=number(),
        candidate_per_1000=number(),
    ),
    "agreement": record(
        "Of items that several reviewers judged blind.",
        items=count(),
        raters=count(),
        **_COEFFICIENT,
        categories=rows(record(key=text(), name=text(), critical=truth(), **_COEFFICIENT)),
        pairs=rows(record(a=text(), b=text(), items=count(), kappa=maybe(number(), "Cohen's."))),
    ),
    "accuracy": record(
        "Of reviewers, on gold items of the project.",
        taxonomy=text(),
        categories=rows(
            record(
                key=text(),
                name=text(),
                critical=truth(),
                positives=count("Labels of gold items that have it."),
                negatives=count("And of those that have not."),
                sensitivity=maybe(estimate()),
                false_positive_rate=maybe(estimate()),
                j=maybe(estimate("Sensitivity less false positives.")),
            )
        ),
    ),
    "slices": record(
        "Exploratory.",
        taxonomy=text(),
        outcomes=rows(
            record(
                key=maybe(text(), "Null: errors of any kind."),
                name=text(),
                mean=maybe(number()),
                between=maybe(number()),
                ranked=rows(_SLICE),
            )
        ),
        too_few=rows(record(segment=text(), value=text(), labels=count())),
        left_out=count("Values that were not looked at."),
    ),
    "days": record(
        days=rows(
            record(
                day=text(),
                requests=count(),
                outcomes=mapping(count()),
                drawn=count(),
                labelled=count(),
                skipped=count(),
                difference=maybe(estimate("Of errors of any kind, in shares of the day.")),
            )
        )
    ),
    "flips": record(variants=maybe(_FLIPS), repeats=maybe(_FLIPS)),
    "drift": record(
        evalset=text(),
        traffic=one_of("run", "latest"),
        examples=count(),
        requests=count(),
        auc=maybe(share(), "0.5: they cannot be told apart; null: too few texts."),
        p=maybe(p_value()),
        clusters=rows(
            record(
                requests=count(),
                share=share(),
                examples=count(),
                expected=number(),
                so_few=maybe(p_value()),
                nearest=rows(record(key=text(), text=text("Where it begins."))),
            )
        ),
    ),
}

PARTS: dict[str, Schema] = {name: maybe(_PARTS.get(name, anything(name))) for name in COMPUTED}

PARTS_DATED = mapping(
    record(
        as_of=maybe(moment(), "Null: not computed yet."),
        seconds=maybe(number(), "That it took."),
        basis=anything("What it stood on."),
        why=maybe(text(), "Why there is nothing to show, or nothing newer."),
    ),
    "When each part was computed.",
)
