import pytest

from reviewapp.reports.charts import apart, latency
from tests.reviewapp.reports.charts.test_latency import found

VALUES = found((400, 900, 1900), (350, 950, 2400))


class TestDrawn:
    def test_it_is_the_same_picture(self):
        assert apart.drawn("latency", VALUES) == latency.picture(VALUES)

    @pytest.mark.parametrize(("chart", "values"), [("no such", VALUES), ("latency", {})])
    def test_what_went_wrong_is_said(self, chart, values):
        with pytest.raises(apart.NotDrawn, match="KeyError"):
            apart.drawn(chart, values)

    def test_it_is_not_waited_for_forever(self, monkeypatch):
        monkeypatch.setattr(apart, "PATIENCE", 0.001)
        with pytest.raises(apart.NotDrawn, match="timed out"):
            apart.drawn("latency", VALUES)
