"""What changed, in words."""

from dataclasses import replace

from taxonomy import presets
from taxonomy.diff import KINDS, WARNING, changes, warnings
from taxonomy.interchange import Example, Severity
from taxonomy.maps import Moves, by_key

from .families import MINOR_MAJOR, category, content, moves

DATE, TIME, WHEN = (
    category(f"wrong-{one}", name=f"Wrong {one}") for one in ("date", "time", "when")
)


def sentences(old, new, became=None, **labels):
    return [one.sentence for one in changes(old, new, became or by_key(old, new), labels)]


def one(old, new, became=None, **labels):
    [only] = changes(old, new, became or by_key(old, new), labels)
    return only


class TestMoves:
    def test_nothing(self):
        assert sentences(content("a", "b"), content("a", "b"), a=3) == []

    def test_merged(self):
        became = Moves({"wrong-date": ("wrong-when",), "wrong-time": ("wrong-when",)},
                       {"minor": "minor", "major": "major"})  # fmt: skip
        found = changes(
            content(DATE, TIME), content(WHEN), became, {"wrong-date": 40, "wrong-time": 1}
        )
        assert [one.sentence for one in found] == [
            "merged “Wrong date” and “Wrong time” into “Wrong when”; 41 labels follow"
        ]
        assert found[0].old == ("wrong-date", "wrong-time")
        assert (found[0].kind, found[0].level, found[0].labels) == ("merged", "info", 41)

    def test_merged_into_one_that_stays(self):
        said = sentences(content("a", "b", "c"), content("c"), moves(a="c", b="c", c="c"), a=1)
        assert said == ["merged “A”, “B” and “C” into “C”; 1 label follows"]

    def test_split(self):
        found = one(content("a"), content("b", "c"), moves(a="b c"), a=12)
        assert found.sentence == "split “A” into “B” and “C”; 12 labels go back to the queue"
        assert (found.kind, found.level, found.new) == ("split", WARNING, ("b", "c"))
        assert one(content("a"), content("b", "c"), moves(a="b c")).level == "info"
        partly = one(content("a"), content("b", "c"), moves(a="b c", relabel="a"))
        assert partly.sentence == "split “A” into “B” and “C” (or none of them)"

    def test_relabelled(self):
        found = one(content("a"), content("a"), moves(a="a", relabel="a"), a=1)
        assert found.sentence == "“A” means something else now; 1 label goes back to the queue"
        assert (found.kind, found.level) == ("relabel", WARNING)
        became = sentences(content("a"), content("b"), moves(a="b", relabel="a"))
        assert became == ["“A” became “B”, which means something else"]

    def test_retired(self):
        found = one(content("a", "tone"), content("a"), tone=7)
        assert found.sentence == (
            "retired “Tone”; 7 labels keep it and cannot be shown in the new version"
        )
        assert (found.kind, found.level, found.new) == ("retired", WARNING, ())
        assert one(content("a", "tone"), content("a")).level == "info"

    def test_retired_and_its_key_given_to_another(self):
        said = sentences(content("a"), content("a"), moves(a=""))
        assert said == [
            "retired “A”; “A”, which has its key now, is another category",
            "added “A”",
        ]

    def test_renamed(self):
        new = content(category("a", name="Aa"))
        assert sentences(content("a"), new, a=1234) == ["renamed “A” to “Aa”; 1,234 labels follow"]
        keyed = content(category("b", name="A", definition="Is a."))
        said = sentences(content("a"), keyed, moves(a="b"))
        assert said == ["changed the key of “A” from a to b"]

    def test_added(self):
        found = one(content("a"), content("a", "b"), a=5)
        assert (found.kind, found.sentence, found.new) == ("added", "added “B”", ("b",))

    def test_without_a_map_it_is_said_and_nothing_follows(self):
        found = changes(content("a", "b"), content("a"), None, {"b": 3})
        assert [(one.kind, one.level) for one in found] == [
            ("unmapped", WARNING), ("retired", "info"),
        ]  # fmt: skip
        assert "no map leads" in found[0].sentence
        assert found[1].sentence == "retired “B”"


class TestParts:
    def changed(self, labels=0, **fields):
        old = content("a", "b", category("top"), category("c", parent="top"))
        there = [replace(each, **fields) if each.key == "a" else each for each in old.categories]
        return one(old, content(*there), a=labels)

    def test_a_definition_with_labels_is_a_warning(self):
        found = self.changed(12, definition="Other.", use_when="Always.")
        assert found.sentence.startswith(
            "changed the definition and when to use it of “A”; 12 labels stand on the old text: "
            "confirm if only the words changed, call it relabel if "
        )
        assert (found.kind, found.level, found.labels) == ("definition", WARNING, 12)
        without = self.changed(0, definition="Other.")
        assert (without.sentence, without.level) == ("changed the definition of “A”", "info")

    def test_line_breaks_change_no_meaning(self):
        old = content(category("a", definition="Is so and so."))
        assert not sentences(old, content(category("a", definition="Is so\nand so.")), a=3)

    def test_relabelled_or_merged_it_is_another_text_anyway(self):
        new = content(category("a", definition="Other."))
        assert len(sentences(content("a"), new, moves(a="a", relabel="a"), a=3)) == 1

    def test_each_field(self):
        for fields, kind, sentence in (
            ({"parent": "top"}, "moved", "moved “A” under “Top”"),
            ({"critical": True}, "critical", "“A” is now critical"),
            ({"evidence_required": True}, "evidence", "“A” now needs marked evidence"),
            ({"weights": {"minor": 0.1}}, "weight", "“A” weighs minor 0.1 now"),
            ({"default_severity": "minor"}, "default", "the usual severity of “A” is minor now"),
            ({"hotkey": "x"}, "hotkey", "“A” has the key “x” now"),
            (
                {"examples": (Example(output="x"),)},
                "examples",
                "changed the worked examples of “A”",
            ),
        ):
            found = self.changed(5, **fields)
            assert (found.kind, found.sentence, found.level) == (kind, sentence, "info")

    def test_and_back(self):
        full = category(
            "a", parent="b", critical=True, evidence_required=True, weights={"minor": 2},
            default_severity="minor", hotkey="x",
        )  # fmt: skip
        old = content(category("b"), category("c", parent="b"), full)
        plain = [replace(full, parent="", critical=False, evidence_required=False, weights={},
                         default_severity="", hotkey="")]  # fmt: skip
        assert sentences(old, content(*old.categories[:2], *plain)) == [
            "moved “A” to the top",
            "“A” is no longer critical",
            "“A” no longer needs marked evidence",
            "“A” weighs as the severities do now",
            "the usual severity of “A” is left open now",
            "“A” has no key any more; it was “x”",
        ]
        other = [*old.categories[:2], replace(full, hotkey="y")]
        assert sentences(old, content(*other)) == ["“A” has the key “y” instead of “x”"]

    def test_headings(self):
        old = content(category("t"), category("u"), category("a", parent="t"),
                      category("b", parent="u"))  # fmt: skip
        new = content(category("t", name="Tt", parent="v"), category("v"),
                      category("a", parent="t"), category("b", parent="v"))  # fmt: skip
        assert sentences(old, new) == [
            "moved “B” under “V”",
            "renamed the heading “T” to “Tt”",
            "took away the heading “U”",
            "added the heading “V”",
        ]

    def test_order(self):
        assert sentences(content("a", "b"), content("b", "a")) == [
            "the categories stand in another order"
        ]
        assert sentences(content("a", "b"), content("a", "x", "b")) == ["added “X”"]

    def test_of_the_whole(self):
        new = content("a", title="Other", description="d", source="s")
        assert sentences(content("a"), new) == [
            "renamed the taxonomy “Test” to “Other”",
            "changed the description of the taxonomy",
            "changed the source of the taxonomy",
        ]


class TestSeverities:
    def told(self, became, *now, **labels):
        new = content("a", severities=now)
        return changes(content("a"), new, moves(a="a", severities=became), labels)

    def test_each_change(self):
        minor, major = MINOR_MAJOR
        same = {"minor": "minor", "major": "major"}
        for became, now, sentence in (
            (same, replace(major, weight=10), "“Major” weighs 10 instead of 5"),
            (same, replace(major, name="Big"), "renamed the severity “Major” to “Big”"),
            (same, replace(major, hotkey="M"), "“Major” has the key “M” now"),
            (
                same | {"major": "big"},
                replace(major, key="big"),
                "changed the key of the severity “Major” from major to big",
            ),
        ):
            [found] = self.told(became, minor, now, a=3)
            assert (found.sentence, found.level) == (sentence, "info")

    def test_retired_merged_and_added(self):
        minor, _ = MINOR_MAJOR
        [found] = self.told({"minor": "minor", "major": ""}, minor, a=3)
        assert found.sentence == (
            "retired the severity “Major”; labels that have it have none in the new version"
        )
        assert found.level == WARNING
        [found] = self.told({"minor": "minor", "major": "minor"}, minor, a=3)
        assert found.sentence == "merged the severity “Major” into “Minor”, which weighs 1"
        new = Severity(key="huge", name="Huge", weight="25.50")
        [found] = self.told({"minor": "minor", "major": "major"}, *MINOR_MAJOR, new)
        assert found.sentence == "added the severity “Huge”, which weighs 25.5"


class TestAll:
    def test_are_told_in_one_order_and_of_known_kinds(self):
        old, new = presets.load("classification"), presets.load("assistant")
        found = changes(old, new, by_key(old, new), {})
        places = [KINDS.index(one.kind) for one in found]
        assert places == sorted(places)
        assert len(found) > 10

    def test_warnings_are_what_has_to_be_confirmed(self):
        found = changes(content("a", "b"), content("b", "c"), moves(a="", b="b c"), {"a": 1})
        assert [one.kind for one in found] == ["split", "retired"]
        assert [one.kind for one in warnings(found)] == ["retired"]
