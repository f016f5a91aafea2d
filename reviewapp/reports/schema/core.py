"""The core of a report: what labels and totals say."""

from __future__ import annotations

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

VERDICT = one_of("worse", "better", "not decided", "no difference")
GATE_VERDICT = one_of("pass", "fail", "undecided")

_MODEL = record(name=text(), benchmarks=mapping(number("A public score: an input, not measured.")))

_COUNTED: dict[str, Schema] = {
    "worse": count("Labelled items on which only the candidate has it."),
    "better": count("Labelled items on which only the baseline has it."),
    "baseline": estimate("The baseline's rate."),
    "candidate": estimate("The candidate's rate."),
    "difference": estimate("Candidate less baseline, for this window."),
    "future": estimate("The same for traffic like it: what the gate uses."),
    "p": p_value("The smallest level at which the window's interval leaves 0 out."),
    "mcnemar": maybe(p_value(), "Exact McNemar, for a single stratum labelled below a tenth."),
    "verdict": VERDICT,
}
_FOUND = record(
    "Labelled items behind the rates; not there where raters are averaged.",
    baseline=count("That have it on the baseline's side."),
    candidate=count("That have it on the candidate's side."),
    judged=count("Of so many that say."),
    unknown=count("That were skipped or do not say, counted both ways."),
)


def _row(description: str, **properties: Schema) -> Schema:
    row = record(description, **properties, **_COUNTED)
    row["properties"]["found"] = _FOUND
    row["properties"]["unknown"] = count(
        "Where raters are averaged: items that were skipped or do not say, counted both ways."
    )
    return row


_RULE: dict[str, Schema] = {
    "key": maybe(text(), "Of a category; null for no answer."),
    "name": text(),
    "critical": truth(),
    "margin": share("The largest worsening that is accepted."),
    "pass_margin": maybe(
        number(),
        "What it has to be within to pass: less where the policy allows for what reviewers miss, "
        "null where that is not known.",
    ),
    "j": maybe(estimate("Sensitivity less false alarms of reviewers, from gold items.")),
    "verdict": GATE_VERDICT,
}
_LOOK = record(
    "A look that was taken.",
    number=count(),
    labels=count("Of pairs that can differ, that it stood on."),
    fraction=share("Information in parts of the plan's."),
    level=maybe(number(), "Of its intervals; null: too early to decide."),
    verdict=GATE_VERDICT,
    at=moment(),
    counts=truth("Whether it is of the margins and the taxonomy that hold now."),
    rules=rows(record(**_RULE, interval=maybe(estimate()))),
)
_PLAN = record(
    "Scheduled looks, where the policy has a label budget.",
    budget=count("Labels."),
    looks=count("How many."),
    labels=count("That there are."),
    taken=rows(_LOOK),
    decided_by=maybe(count(), "The look that decided."),
    next_at=maybe(count(), "Labels at which the next look is due; null where it is the last."),
    over=truth("The plan was used up and nothing decided."),
    sentence=text("How far it is."),
)
_GATE: Schema = {
    "type": "object",
    "required": ["verdict", "outlook", "rules", "waiting"],
    "properties": {
        "verdict": one_of("pass", "fail", "undecided", "no policy", description="What counts."),
        "outlook": maybe(GATE_VERDICT, "What the intervals say at present; it decides nothing."),
        "waiting": rows(text(), "What it waits for, in words."),
        "rules": rows(
            record(
                **_RULE,
                outlook=GATE_VERDICT,
                gold_wanting=one_of(
                    *("", "with", "without", "any"),
                    description="Judged gold items for want of which J is not known.",
                ),
                labels_needed=maybe(
                    count(), "That would decide it, four times out of five; null: none would."
                ),
                hours_needed=maybe(number(), "Of reviewing, for those."),
            )
        ),
        "margin": share(),
        "critical_margin": share(),
        "hold_to_j": truth("Margins are held times the lower bound of J."),
        "smallest_margin": maybe(share(), "That so many requests can decide at all."),
        "seconds_a_label": maybe(number(), "Of all the reviewers of an item together."),
        "plan": maybe(_PLAN),
        "notes": rows(text(), "What was chosen when labels could be seen, and other runs."),
    },
}

CORE: dict[str, Schema] = {
    "format": count("Of this data: what is here is described by the schema of that number."),
    "basis": anything("What the numbers stand on; when one of these changes they are behind."),
    "run": record(
        project=text(),
        name=text(),
        kind=text(),
        state=text(),
        baseline=_MODEL,
        candidate=_MODEL,
        evalset=maybe(text()),
        taxonomy=text(),
        taxonomy_digest=text(),
        comparators_digest=text(),
        sampling=anything("The plan of the draw."),
        several_raters=text("What several labels of an item make: adjudicate or average."),
        opens_at=moment(),
        closes_at=maybe(moment()),
    ),
    "taxonomy": record(
        "The version that categories are said in.",
        version=text(),
        digest=text(),
        run=text("What the run is labelled in."),
        made_in=mapping(count(), "Labels by the version that they were made in."),
        untranslatable=rows(record(key=text(), name=text(), findings=count())),
        unknown=rows(record(key=text(), name=text(), labels=count("That do not say."))),
        waiting=count("Reviews that are to be relabelled."),
        sentences=rows(text()),
    ),
    "population": record(
        requests=count("That are compared: what shares are of."),
        outcomes=mapping(count()),
        pending=count("That wait for an output."),
    ),
    "labels": record(
        drawn=count(),
        resolved=count(),
        used=count("Up to the first open item of each line."),
        skipped=count("Without a label of both sides: counted both ways."),
        equivalent_used=count(),
        identical_used=count(),
    ),
    "elsewhere": maybe(
        record(
            design=maybe(text()),
            several_raters=text(),
            sets=rows(record(name=text(), design=text(), kind=text(), labels=count())),
            not_blind=count(),
            sentences=rows(text()),
        ),
        "What is said of labels that were made elsewhere, where the report stands on them.",
    ),
    "overall": maybe(_row("Errors of any kind."), "Null without a request."),
    "categories": rows(
        _row(
            "A category.",
            key=text(),
            name=text(),
            critical=truth(),
            definition=text(),
            p_adjusted=p_value("By Holm over all categories; the verdict is by it."),
        )
    ),
    "failures": maybe(
        record(
            baseline=count("Requests that it did not answer."),
            candidate=count(),
            difference=estimate(),
            future=estimate(),
        )
    ),
    "severity": maybe(estimate("Weight per request, candidate less baseline.")),
    "severity_future": maybe(estimate("The same for traffic like it.")),
    "severity_scores": maybe(
        record(baseline=estimate(), candidate=estimate(), future=estimate()),
        "Both sides' scores, where raters are averaged; `future` is severity_future.",
    ),
    "severity_up_to": maybe(
        number("What one output of a pair may weigh more than the other for its intervals to hold.")
    ),
    "severity_unknown": text("Why there is no score; empty where there is one."),
    "raters": rows(
        record(
            name=text(),
            kind=text("member, imported or script"),
            about=text(),
            reviews=count(),
            seconds=maybe(number(), "That a review took, on average."),
            left=truth("No longer a member."),
        )
    ),
    "seconds_a_review": maybe(number(), "The median."),
    "counted": maybe(
        record(
            paired=rows(count(), "Of pairs that can differ."),
            identical=rows(count(), "Of identical pairs: behind rates alone."),
        ),
        "Ids of the reviews that the numbers stand on; null for labels from elsewhere.",
    ),
    "not_blind": count("Reviews made after the sides were visible: kept, and in no number."),
    "lines": rows(
        record(
            "A stratum of a batch.",
            stratum=text(),
            batch=text(),
            size=count("Pairs."),
            drawn=count(),
            labelled=count("Used."),
            resolved=count(),
            skipped=count(),
            behind=count("Resolved, and waiting behind an open one."),
        )
    ),
    "gate": _GATE,
    "missing": rows(
        record(
            sentence=text(),
            could_change=maybe(share(), "By how much a difference could be off."),
        ),
        "What is not known, and what that could change.",
    ),
    "sentences": rows(text(), "What the report opens with."),
}
