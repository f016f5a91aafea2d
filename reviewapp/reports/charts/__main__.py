"""Draws one chart: its name as the argument, its values as JSON on the way in, the SVG on the way
out. `apart.drawn` runs it."""

from __future__ import annotations

import json
import sys

from reviewapp.reports.charts import latency

CHARTS = {"latency": latency.picture}

if __name__ == "__main__":
    sys.stdout.write(CHARTS[sys.argv[1]](json.load(sys.stdin)))
