from reviewapp.reports.charts import apart
from reviewapp.reports.parts import latency


def test_without_a_picture_the_numbers_are_shown(finished_run, monkeypatch, as_user, alice):
    monkeypatch.setattr(apart.sys, "executable", "/no/such/python")
    found = latency.compute(finished_run)
    assert found["picture"] is None
    assert found["pairs"] == 12
