from dataclasses import replace

import pytest

from reviewapp.disagreement import disputes
from reviewapp.labelling.labels import Label


@pytest.fixture
def version(project):
    return project.taxonomy_version


@pytest.fixture
def label(version):
    """A label with a finding of the first category of the baseline, this severe."""
    category = version.leaves()[0].pk
    heavy = dict(version.severities.values_list("key", "pk"))

    def of(severity=None, side="baseline"):
        return Label("error", "ok", 1, frozenset({(side, category, heavy.get(severity))}))

    return of


@pytest.fixture
def steps(version):
    ordered = version.severities.order_by("weight").values_list("key", flat=True)
    assert len(ordered) >= 3
    return list(ordered)


class TestAgree:
    def test_neighbouring_severities_agree(self, label, version, steps):
        assert disputes.agree([label(steps[0]), label(steps[1])], version)

    def test_severities_further_apart_do_not(self, label, version, steps):
        assert not disputes.agree([label(steps[0]), label(steps[-1])], version)

    def test_a_severity_that_is_not_known_is_no_difference(self, label, version, steps):
        assert disputes.agree([label(None), label(steps[-1])], version)

    def test_the_most_severe_of_a_category_counts(self, label, version, steps):
        both = label(steps[0]).findings | label(steps[-1]).findings
        several = replace(label(steps[0]), findings=both)
        assert not disputes.agree([several, label(steps[0])], version)
        assert disputes.agree([several, label(steps[-1])], version)

    def test_verdicts_and_categories(self, label, version, steps):
        fine = Label("ok", "ok", 2)
        assert not disputes.agree([label(steps[0]), fine], version)
        assert disputes.agree([fine, fine], version)


class TestRows:
    def test_what_each_says_and_where_they_differ(self, label, version, steps):
        names = dict(version.severities.values_list("pk", "name"))
        light, heavy = label(steps[0]), label(steps[-1])
        rows = disputes.rows([light, heavy, Label("ok", "ok", 3)], version, names)
        verdict, category, other = rows
        assert (verdict.said, verdict.differs) == (["error", "error", "ok"], True)
        assert category.differs
        assert category.said[2] == "–"
        assert (other.side, other.differs) == ("candidate", False)

    def test_severities_apart_are_marked(self, label, version, steps):
        rows = disputes.rows([label(steps[0]), label(steps[-1])], version, {})
        assert [row.differs for row in rows] == [False, True, False]


class TestChecked:
    @pytest.mark.parametrize(("share", "all_of_them"), [(0.0, False), (1.0, True)])
    def test_a_share_of_the_items(self, finished_run, share, all_of_them):
        finished_run.sampling = {**finished_run.sampling, "adjudicate_share": share}
        items = list(finished_run.items.all())
        for item in items:
            item.run = finished_run
        assert all(disputes.checked(item) for item in items) is all_of_them
