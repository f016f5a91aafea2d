"""OTLP in: spans of calls to language models, as applications already trace them, become traffic.

    bytes ─► spans ─► calls ─► traffic records ─► evals.ingest
      protobuf.py     genai.py      pairing.py      intake.py
      json_body.py    openinference.py

`tracing.py` is what a project says about its spans: which model is which, and what pairs two.
"""
