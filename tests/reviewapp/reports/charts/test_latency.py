import subprocess
import sys

import pytest

from reviewapp.reports.charts import latency as chart
from reviewapp.reports.charts.svg import cleaned


def found(baseline, candidate):
    """A `latency` of a report with these three quantiles, and all pairs in two bins."""

    def estimate(value):
        return {"value": value, "low": value, "high": None}

    rows = [
        {"share": share, "baseline": estimate(b), "candidate": estimate(c), "ratio": None}
        for share, b, c in zip((0.5, 0.95, 0.99), baseline, candidate, strict=True)
    ]
    top = max(*baseline, *candidate)
    return {
        "pairs": 10,
        "quantiles": rows,
        "distribution": {
            "edges_ms": [0.0, top / 2, top],
            "baseline": [7, 3],
            "candidate": [9, 1],
        },
    }


class TestPicture:
    def test_it_works(self):
        svg = chart.picture(found((400, 900, 1900), (350, 950, 2400)))
        assert svg == cleaned(svg)
        assert "production" in svg
        assert "stroke-dasharray" in svg  # the sides differ without colour
        assert len(svg) < 40_000

    def test_it_is_said_in_words(self):
        words = chart.say(found((400, 900, 1900), (350, 950, 2400)))
        assert words == (
            "10 pairs. p50: production 400 ms, candidate 350 ms. p95: production 900 ms, candidate "
            "950 ms. p99: production 1.9 s, candidate 2.4 s."
        )
        assert words in chart.picture(found((400, 900, 1900), (350, 950, 2400)))

    @pytest.mark.parametrize("value", [1e-3, 1.0, 60_000.0, 1e7])
    def test_all_the_same(self, value):
        assert "NaN" not in chart.picture(found((value,) * 3, (value,) * 3))

    def test_a_quantile_that_is_zero(self):
        assert "<svg" in chart.picture(found((0.0, 5.0, 9.0), (0.0, 0.0, 0.0)))

    def test_the_web_process_draws_nothing(self):
        code = (
            "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'reviewapp.settings'\n"
            "os.environ['DATABASE_URL'] = 'postgresql://x'; os.environ['REDIS_URL'] = 'redis://x'\n"
            "import reviewapp.wsgi, reviewapp.urls\n"
            "sys.exit(bool({'altair', 'vl_convert'} & set(sys.modules)))"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
