"""Where reviewers differ: on an item, and over time."""
