"""Labels read in another version, and whether two of them agree. Reviews are written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewapp.labelling.labels import Label
from reviewapp.labelling.reading import Reader, agree
from reviewapp.reports.lines import Line, counts
from tests.reviewapp.versions import further


def label(*findings, **more):
    """`("candidate", 7)`: an error there of category 7."""
    sides = {side for side, _ in findings}
    return Label(
        "error" if "baseline" in sides else "ok",
        "error" if "candidate" in sides else "ok",
        1,
        frozenset((side, category, None) for side, category in findings),
        **more,
    )


@pytest.fixture
def keys(project):
    """Primary keys of the first version by key."""
    return dict(project.taxonomy_version.categories.values_list("key", "pk"))


class TestRead:
    def read(self, project, version, *said, severity=None):
        first = project.taxonomy_version
        keys = dict(first.categories.values_list("key", "pk"))
        heavy = severity and first.severities.get(key=severity).pk
        made = Label(
            "ok", "error", 1, frozenset(("candidate", keys[k], heavy) for k in said), first.pk
        )
        return Reader(version).read(made)

    def test_its_own_version_in_no_query(self, project, keys, django_assert_num_queries):
        made = label(("candidate", keys["label.missed"]), version_id=project.taxonomy_version_id)
        with django_assert_num_queries(0):
            assert Reader(project.taxonomy_version).read(made) is made

    def test_a_rename(self, project):
        version = further(project, new=("n",), out=("label.none",), became={"label.none": "n"})
        read = self.read(project, version, "label.none")
        assert read.has("candidate", version.categories.get(key="n").pk) is True
        assert read.has("baseline", version.categories.get(key="n").pk) is False

    def test_a_split(self, project):
        version = further(
            project, new=("n", "m"), out=("label.none",), became={"label.none": "n m"}
        )
        read = self.read(project, version, "label.none", "label.missed")
        for key in "nm":
            pk = version.categories.get(key=key).pk
            assert (read.has("candidate", pk), read.has("baseline", pk)) == (None, False)
        assert read.has("candidate", version.categories.get(key="label.missed").pk) is True

    def test_what_was_added_is_unknown_on_both_sides(self, project):
        version = further(project, new=("n",))
        read = self.read(project, version, "label.missed")
        pk = version.categories.get(key="n").pk
        assert (read.has("candidate", pk), read.has("baseline", pk)) == (None, None)

    def test_what_was_retired_is_lost(self, project, keys):
        version = further(project, out=("label.none",))
        read = self.read(project, version, "label.none")
        assert read.lost == {("candidate", keys["label.none"])}
        assert (read.candidate, read.findings) == ("error", frozenset())

    def test_severities(self, project):
        version = further(project, severities={"major": "", "minor": "neutral"})
        severity = {
            old: next(
                s for _, _, s in self.read(project, version, "label.none", severity=old).findings
            )
            for old in ("major", "minor")
        }
        assert severity["major"] is None
        assert severity["minor"] == version.severities.get(key="neutral").pk


class TestAgree:
    def test_it_works(self):
        assert agree([label(("candidate", 1)), label(("candidate", 1))])
        assert not agree([label(("candidate", 1)), label(("candidate", 2))])
        assert not agree([label(("candidate", 1)), label(("baseline", 1))])

    def test_as_far_as_it_is_known(self):
        one_of = Label("ok", "error", 1, possible=frozenset({("candidate", frozenset({1, 2}))}))
        assert agree([one_of, label(("candidate", 1))])
        assert agree([one_of, one_of])
        assert not agree([one_of, label(("candidate", 3))])
        other = Label("ok", "error", 1, possible=frozenset({("candidate", frozenset({3, 4}))}))
        assert not agree([one_of, other])

    def test_what_the_other_could_not_say(self):
        old = Label("ok", "error", 1, frozenset({("candidate", 1, None)}), unasked=frozenset({9}))
        assert agree([old, label(("candidate", 1), ("candidate", 9))])
        assert not agree([old, label(("candidate", 1), ("candidate", 8))])

    def test_what_has_no_word_any_more(self):
        lost = Label("ok", "error", 1, lost=frozenset({("candidate", 1)}))
        assert agree([lost, label(("candidate", None))])
        assert not agree([label(("candidate", 2)), label(("candidate", None))])

    @given(
        st.lists(
            st.frozensets(
                st.tuples(
                    st.sampled_from(["baseline", "candidate"]), st.sampled_from([None, 1, 2, 3])
                )
            ),
            max_size=4,
        )
    )
    def test_of_one_version_it_is_equality(self, said):
        made = [label(*findings) for findings in said]
        assert agree(made) == (len(set(said)) <= 1)


class TestCounts:
    def test_unknown_is_as_if_it_was_skipped(self):
        possible = frozenset({("candidate", frozenset({1, 2}))})
        line = Line("differ/far", ["all"], 10, skipped=1)
        line.labels = [
            label(("candidate", 1)),
            label(),
            Label("ok", "error", 1, possible=possible),
        ]
        one = counts([line], lambda found, side: found.has(side, 1))
        assert (one.worse, one.sampled, one.unknown, one.sizes) == ([1], [2], [2], [10])
        other = counts([line], lambda found, side: found.has(side, 3))
        assert (other.worse, other.sampled, other.unknown) == ([0], [3], [1])
