"""Traffic in: stores requests, outputs and failed attempts from decoded records.

Sending the same record twice changes nothing. Input, expected and each (model, sample) are
compared one by one: what is new is added, what differs from what is stored is a conflict that is
reported and never overwrites. Where the input itself differs nothing is added: an answer to
another input is no answer to the stored one. Each chunk of records is one transaction.

`chunks.py` makes lines ready, `ledger.py` says what is new and what is a conflict, `tables.py`
writes it, `store.py` does the three in one transaction.
"""

from evals.ingest.costs import MOST_COST, cost_of
from evals.ingest.result import LISTED, IngestResult, LineResult
from evals.ingest.store import ingest

__all__ = ["LISTED", "MOST_COST", "IngestResult", "LineResult", "cost_of", "ingest"]
