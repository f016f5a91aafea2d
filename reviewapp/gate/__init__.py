"""The gate: a project's margins held against a run."""
