"""Labels from elsewhere, on their way in.

Sending the same record twice changes nothing. Each rater's word on each side is compared with what
is stored: what is new is added, a higher `revision` supersedes, a side that was not judged before
is merged, and what contradicts the stored is reported and never overwrites. A chunk of records is
one transaction (reviewapp/actions/imported.py).

`result.py` counts, `lookup.py` finds what a chunk names, `checking.py` holds records against it,
`ledger.py` says what a word changes, `outputs.py` and `reviews.py` write it: judgements of outputs
where a record has no run, reviews of the run's items where it has one.
"""

from reviewapp.labelling.importing.lookup import Statement
from reviewapp.labelling.importing.result import ImportResult

__all__ = ["ImportResult", "Statement"]
