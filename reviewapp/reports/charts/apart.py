"""Charts are drawn in a process of their own, which ends with it: what draws them takes 100 MB, and
each worker process would keep that for good."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
#: Seconds; it takes one or two.
PATIENCE = 120


class NotDrawn(Exception):
    """What went wrong, as the process that drew said it last."""


def drawn(chart: str, values: dict[str, Any]) -> str:
    """The SVG of a chart by its name in `__main__.CHARTS`. Raises NotDrawn."""
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "reviewapp.reports.charts", chart],
            input=json.dumps(values),
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotDrawn(str(error)) from error
    if done.returncode:
        raise NotDrawn(done.stderr.strip().rpartition("\n")[2])
    return done.stdout
