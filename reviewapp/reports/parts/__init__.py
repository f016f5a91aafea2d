"""The parts of a report that are computed apart from its core, each by a task of its own, stored as
a ReportPart with the date of what it shows. One file a part: `compute(run)` gives plain JSON values
or raises Nothing with the sentence that says why there is nothing to show.

In a report's data (`report.whole`) each part stands under its own name: `data["latency"]`, null
where there is nothing; and beside it, under `data["parts"]["latency"]`, always:
    as_of: when it was computed (ISO), null where it has not been yet; seconds: that it took;
    basis: what it stood on; why: the sentence that says why `data["latency"]` is null, else null.
An estimate is {"value", "low", "high"}; an end that nothing bounds is null. Shares are of 1.

noise       requests, candidate_differs, baseline_differs (shares); only_candidate, only_baseline
            (requests); excess (estimate); p
score       examples, baseline, candidate (shares right), gained, lost, difference (estimate), p;
            detectable: the smallest difference that so many examples find, null if none;
            own_words: baseline, candidate: known answers that are that version's own output, which
            was judged fine; and
            by_origin: rows of the same without `detectable`, with `origin`: traffic (audited where
            the two matched: the easy cases), discrepancy (the hard ones), import, run (known
            answers of a run without an eval set). A score over all origins together is not a score
            over traffic.
latency     pairs; sampled: a random sample of the run's pairs and not all; quantiles: rows of
            share (0.5, 0.95, 0.99), baseline, candidate, difference (estimates, ms), ratio
            (estimate, or null where a quantile is 0); distribution: edges_ms (one more than
            bins, the first from 0), baseline, candidate (pairs a bin); picture: of it, an SVG,
            null where it could not be drawn
cost        requests; sampled; baseline, candidate, difference (estimates, US dollars per 1,000
            requests); ratio; baseline_per_1000, candidate_per_1000: their values
agreement   items (with several blind raters), raters; alpha, interval (estimate) of "this side has
            an error", null where undefined; categories: rows of key, name, critical, alpha,
            interval; pairs: rows of a, b (raters), items, kappa (Cohen), of the same question
accuracy    taxonomy; categories: rows of key, name, critical, positives, negatives (labels of gold
            items that have it, that have not), sensitivity, false_positive_rate, j (estimates,
            null where not known)
slices      taxonomy; outcomes: rows of key (null: errors of any kind), name, mean, between, ranked:
            rows of segment, value, labels, requests, difference, shrunk (estimates), p_harm,
            q_harm, flagged; too_few: rows of segment, value, labels; left_out: values that were
            not looked at, of segments with very many
days        days: rows of day, requests, outcomes, drawn, labelled, skipped, difference (estimate
            of errors of any kind, in shares of the day's requests; null without a label)
flips       variants, repeats: each null or groups, outcome ("right", "output"), baseline, candidate
            (flipped, rate: estimate), only_candidate, only_baseline, difference (estimate), p
drift       evalset, traffic ("run" or "latest"), examples, requests, auc, p (null: too few texts),
            clusters: rows of requests, share, examples, expected, so_few, nearest: rows of key,
            text (where it begins)
"""
