"""Every number on the page of a report is in its JSON."""

import re
from collections import defaultdict

import pytest

from reviewapp.models import Report
from reviewapp.reports import words
from reviewapp.templatetags import show
from tests.reviewapp.reported import reported

#: Of the page's own sentences: levels, limits and what p50 is called.
OURS = {"95", "50", "30", "1", "0", "1000", "99", "1,000"}
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@pytest.fixture
def said(project, models):
    run = reported(project, models, requests=200, labels=60, budget=100)
    return Report.objects.get(run=run, frozen_at=None)


def ways_to_say(value):
    """All that the page makes of a number: as points, money, time, p, a level …"""
    yield from (str(value), f"{value:,}", f"{value:.0f}", f"{value:,.0f}", f"{value:.1f}")
    yield from (f"{value:.2f}", f"{value:.3f}", f"{100 * value:.4g}", f"{100 * value:g}")
    yield from (f"{value / 1000:.1f}", f"{value / 1000:.2f}", show.usd(abs(value)))
    yield words.points(value)
    if 0 <= value <= 1:
        yield show.p_value(value)
        yield show.level(value)
    if value > 0:
        yield show.hours(value)


def numbers(data):
    """Every number of a JSON value, and of the texts in it, in all ways that it may be said."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield from NUMBER.findall(key)
            yield from numbers(value)
    elif isinstance(data, list):
        for value in data:
            yield from numbers(value)
    elif isinstance(data, str):
        yield from NUMBER.findall(data)
    elif isinstance(data, int | float) and not isinstance(data, bool):
        for text in ways_to_say(data):
            yield from NUMBER.findall(text)


def sums(data):
    """Lines are put together by stratum on the page, and rows are counted."""
    total = data["population"]["requests"]
    strata = defaultdict(lambda: defaultdict(int))
    for line in data["lines"]:
        for name, value in line.items():
            if isinstance(value, int):
                strata[line["stratum"]][name] += value
    for row in strata.values():
        yield from (*row.values(), row["size"] / total, row["drawn"] / row["size"])
    never = [row for row in data["categories"] if not (row["found"]["baseline"] or row["worse"])]
    yield from range(len(never) + 1)
    yield from (len(one["ranked"]) for one in data["slices"]["outcomes"])
    yield len(data["gate"]["plan"]["taken"])


def text_of(page):
    main = page.content.decode().split("<main")[1].split('<div class="filters')[0]
    main = re.sub(r"<svg.*?</svg>", " ", main, flags=re.DOTALL)
    return re.sub(r"&#?\w+;", " ", re.sub(r"<[^>]+>", " ", main))


class TestNumbers:
    @pytest.mark.parametrize("population", ["window", "traffic"])
    def test_each_is_in_the_json(self, as_user, alice, said, population):
        page = as_user(alice).get(f"/p/support/runs/shadow-11/report/?for={population}")
        known = {*OURS, *numbers(said.data), *numbers(list(sums(said.data)))}
        known |= set(numbers([said.computed_at.isoformat(), said.computed_at.year]))
        shown = NUMBER.findall(text_of(page))
        assert len(shown) > 200
        assert sorted(set(shown) - known) == []
