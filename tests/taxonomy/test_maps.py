"""What became of categories, as plain values."""

from taxonomy.maps import Moves, by_key, kinds, leaves, problems

from .families import MINOR_MAJOR, category, content, moves

OLD = content("a", "b", category("top"), category("c", parent="top"))


def told(became, new=OLD, old=OLD):
    return dict(problems(became, old, new))


class TestLeaves:
    def test_headings_take_no_findings(self):
        assert leaves(OLD) == {"a": "A", "b": "B", "c": "C"}


class TestByKey:
    def test_the_same_key_is_the_same(self):
        new = content("b", category("c"), category("c.one", parent="c"), severities=MINOR_MAJOR[:1])
        assert by_key(OLD, new) == Moves(
            categories={"a": (), "b": ("b",), "c": ()},  # c is a heading now
            severities={"minor": "minor", "major": ""},
        )
        assert not told(by_key(OLD, new), new)


class TestKinds:
    def test_every_kind(self):
        old = content("kept", "named", "keyed", "one", "two", "wide", "other", "gone")
        new = content("kept", category("named", name="New"), "key2", "both", "w1", "w2", "other")
        became = moves(
            kept="kept", named="named", keyed="key2", one="both", two="both", wide="w1 w2",
            other="other", gone="", relabel=["other"],
        )  # fmt: skip
        assert list(kinds(became, old, new).items()) == [
            ("kept", "kept"),
            ("named", "renamed"),
            ("keyed", "renamed"),
            ("one", "merged"),
            ("two", "merged"),
            ("wide", "split"),
            ("other", "split"),
            ("gone", "retired"),
        ]

    def test_into_one_that_stays_is_merged_too(self):
        became = moves(a="a", b="a", c="c")
        assert kinds(became, OLD, OLD)["a"] == kinds(became, OLD, OLD)["b"] == "merged"


class TestProblems:
    def test_none(self):
        assert not told(by_key(OLD, OLD))
        assert not told(moves(a="b", b="a c", c="", relabel=["a"]))

    def test_each_is_told_by_its_key(self):
        assert "say what became of it" in told(moves(a="a", b="b"))["c"]
        assert "not a category of the version before" in told(
            moves(a="a", b="b", c="c", top="c")
        )["top"]  # fmt: skip
        assert "is no category of the new version" in told(moves(a="top", b="b", c="c"))["a"]
        assert "twice" in told(moves(a="b b", b="b", c="c"))["a"]
        assert "became nothing" in told(moves(a="", b="b", c="c", relabel=["a"]))["a"]
        assert "became nothing" in told(moves(a="a", b="b", c="c", relabel=["none"]))["none"]

    def test_severities_too(self):
        same = {"a": "a", "b": "b", "c": "c"}
        assert "this severity" in told(moves(**same, severities={"minor": "minor"}))["major"]
        wrong = {"minor": "none", "major": "", "none": ""}
        found = told(moves(**same, severities=wrong))
        assert found == {
            "minor": "'none' is no severity of the new version",
            "none": "not a severity of the version before",
        }
