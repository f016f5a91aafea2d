"""Reports: what is estimated from the labels of a run, and how it is said and drawn."""
