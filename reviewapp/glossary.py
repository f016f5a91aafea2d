"""The words of this product, each in one sentence; docs/architecture.md shows the same."""

TERMS = {
    "adjudication": "A lead's decision on an item whose reviewers differ; "
    "it is the one that counts.",
    "audit sample": "Pairs that match, reviewed all the same: "
    "two models that agree can both be wrong.",
    "baseline": "The model version in production.",
    "blind": "Judged without knowing which side is the candidate.",
    "candidate": "The model version that asks to replace the baseline.",
    "comparator": "A rule that says whether two outputs match.",
    "discrepancy": "A pair of outputs that the comparators call different.",
    "eval set": "Real requests with known correct outputs; "
    "each version is sealed and never changes.",
    "finding": "One error that a reviewer found on one side: a category, a severity, the evidence.",
    "gate": "The margins that the candidate must stay inside, category by category.",
    "inclusion probability": "The chance that the draw took this comparison.",
    "interval": "The values that the data do not exclude, at 95 %.",
    "lease": "How long a claimed item is kept for its reviewer.",
    "margin": "The largest worsening that is accepted, in points of all requests.",
    "noise floor": "How often the baseline, asked the same twice, disagrees with itself.",
    "offline run": "A run over one version of an eval set.",
    "point": "One percent of all requests of the run.",
    "relabelling": "Saying in a new taxonomy version what a label of an older one "
    "does not say there.",
    "resolved": "Labelled and agreed, or adjudicated: the sides are visible from then on.",
    "shadow run": "A run over live traffic: both versions answer, only the baseline is served.",
    "stratum": "Comparisons that are alike in outcome and similarity, drawn from separately.",
    "this window": "The requests of this run, and no others.",
    "traffic like it": "Requests still to come, if they are like those of the window.",
}
