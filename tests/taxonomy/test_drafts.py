"""Edits of a draft: whatever is done in whatever order, it can be stored and its map holds."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxonomy import drafts, maps
from taxonomy.interchange import TaxonomyError, as_dict, from_dict
from taxonomy.maps import leaves

from .examples import taxonomies


def content(*rows):
    """Categories as (key, parent); the name is the key in capitals."""
    categories = [
        {"key": key, "parent": parent, "name": key.upper(), "definition": f"About {key}."}
        for key, parent in rows
    ]
    severities = [
        {"key": "minor", "name": "Minor", "weight": 1},
        {"key": "major", "name": "Major", "weight": 5},
    ]
    return from_dict({"title": "T", "severities": severities, "categories": categories})


@pytest.fixture
def draft():
    return drafts.begin(content(("a", ""), ("b", ""), ("h", ""), ("x", "h"), ("y", "h")))


def kinds(draft):
    return {key: str(k) for key, k in maps.kinds(draft.moves, draft.old, draft.new).items()}


def order(draft):
    return [(one.key, one.parent) for one in draft.new.categories]


class TestEdit:
    def test_another_name_keeps_the_labels(self, draft):
        edited = drafts.edit(draft, "a", name="Other", hotkey="1")
        assert kinds(edited)["a"] == "renamed"
        assert edited.said == "renamed “A” to “Other”; changed hotkey of “Other”"

    def test_another_key_is_followed_by_children_and_labels(self, draft):
        edited = drafts.edit(drafts.edit(draft, "a", key="a2"), "h", key="h2")
        assert order(edited)[-1] == ("y", "h2")
        assert edited.moves.categories["a"] == ("a2",)

    def test_another_meaning_asks_again(self, draft):
        edited = drafts.edit(draft, "a", definition="Other.", meaning_changed=True)
        assert kinds(edited)["a"] == "split"
        assert edited.said.endswith("said that “A” means another thing now")
        assert kinds(drafts.edit(edited, "a", meaning_changed=False))["a"] == "kept"
        assert kinds(drafts.edit(edited, "a", name="Aa"))["a"] == "split"

    def test_another_place(self, draft):
        edited = drafts.edit(draft, "x", parent="a")
        assert edited.moves.categories["a"] == ("x",)
        assert "a" in edited.moves.relabel
        assert kinds(drafts.edit(edited, "x", parent="h"))["a"] == "kept"

    @pytest.mark.parametrize(
        ("fields", "where", "what"),
        [
            ({"hotkey": "f"}, "hotkey", "a key of the review desk"),
            ({"name": " "}, "name", "missing"),
            ({"key": "b"}, "key", "taken by “B”"),
            ({"parent": "y"}, "parent", "cannot be under itself"),
            ({"weights": {"minor": Decimal("-1")}}, "weights.minor", "negative"),
        ],
    )
    def test_bad_values_are_told_by_field(self, draft, fields, where, what):
        with pytest.raises(TaxonomyError) as caught:
            drafts.edit(draft, "h" if "parent" in fields else "a", **fields)
        (problem,) = caught.value.problems
        assert problem.path == where
        assert what in problem.message

    def test_a_hotkey_that_is_taken_names_the_other(self, draft):
        edited = drafts.edit(draft, "b", hotkey="1")
        with pytest.raises(TaxonomyError, match="“1” is taken by “B”"):
            drafts.edit(edited, "x", hotkey="1")
        with pytest.raises(TaxonomyError, match="hotkey: “1” is taken by “B”"):
            drafts.edit(edited, "a", hotkey="1")


class TestTree:
    def test_a_child_makes_a_heading_whose_labels_are_asked_again(self, draft):
        one = drafts.add(draft, name="First", definition="d", parent="a")
        assert one.moves.categories["a"] == ("a.first",)
        assert kinds(one)["a"] == "split"
        two = drafts.add(one, name="Second", definition="d", beside="a.first")
        assert two.moves.categories["a"] == ("a.first", "a.second")
        back = drafts.remove(drafts.remove(two, "a.first"), "a.second")
        assert kinds(back)["a"] == "kept"

    def test_in_and_out_again(self, draft):
        inside = drafts.move(drafts.edit(draft, "a", key="z"), "b", "in")
        assert order(inside)[:2] == [("z", ""), ("b", "z")]
        assert inside.said == "moved “B” under “A”"
        back = drafts.move(inside, "b", "out")
        assert kinds(back) == kinds(drafts.edit(draft, "a", key="z"))
        assert order(back)[:2] == [("z", ""), ("b", "")]

    def test_up_and_down(self, draft):
        down = drafts.move(draft, "b", "down")
        assert [key for key, _ in order(down)] == ["a", "h", "x", "y", "b"]
        assert order(drafts.move(down, "b", "up")) == order(draft)
        with pytest.raises(TaxonomyError, match="first already"):
            drafts.move(draft, "a", "up")

    def test_keys_are_made_of_names(self, draft):
        added = drafts.add(draft, name="Wrong läbel!", definition="d", parent="h")
        assert order(added)[-1] == ("h.wrong-label", "h")
        again = drafts.add(added, name="Wrong label", definition="d", parent="h")
        assert order(again)[-1] == ("h.wrong-label-2", "h")
        assert order(drafts.add(draft, name="错误", definition="d"))[-1] == ("category", "")


class TestJoining:
    def test_removed_is_retired(self, draft):
        edited = drafts.remove(draft, "a")
        assert kinds(edited)["a"] == "retired"
        assert edited.said == "removed “A”"

    def test_removed_into_another(self, draft):
        assert kinds(drafts.remove(draft, "a", "b"))["a"] == "merged"
        with pytest.raises(TaxonomyError, match="is no heading"):
            drafts.remove(draft, "a", "h")

    def test_a_heading_takes_all_under_it(self, draft):
        edited = drafts.remove(draft, "h", "b")
        assert edited.moves.categories == {"a": ("a",), "b": ("b",), "x": ("b",), "y": ("b",)}

    def test_merge(self, draft):
        edited = drafts.merge(draft, ["a", "x", "y"], "b")
        assert [key for key, _ in order(edited)] == ["b"]
        assert kinds(edited) == {"a": "merged", "b": "merged", "x": "merged", "y": "merged"}

    def test_merge_into_the_heading(self, draft):
        edited = drafts.merge(draft, ["x", "y"], "h")
        assert order(edited)[-1] == ("h", "")
        assert edited.moves.categories["y"] == ("h",)
        with pytest.raises(TaxonomyError, match="a heading of others too"):
            drafts.merge(draft, ["a", "x"], "h")

    def test_split(self, draft):
        edited = drafts.split(draft, "x", ["X", "Other one", " "])
        assert edited.moves.categories["x"] == ("x", "h.other-one")
        assert order(edited)[3:5] == [("x", "h"), ("h.other-one", "h")]
        assert drafts.problems(edited)  # they cannot be told apart yet
        told = drafts.edit(edited, "h.other-one", definition="Something else.")
        assert not drafts.problems(told)
        with pytest.raises(TaxonomyError, match="at least two"):
            drafts.split(draft, "x", ["One", "One"])

    def test_merged_back_is_what_it_was(self, draft):
        edited = drafts.merge(drafts.split(draft, "x", ["X", "Z"]), ["h.z"], "x")
        assert edited.new == draft.new
        assert kinds(edited) == kinds(draft)

    def test_assign(self, draft):
        edited = drafts.assign(draft, "a", ["y", "b"])
        assert edited.moves.categories["a"] == ("b", "y")
        assert edited.said == "labels of “A” become “B” or “Y”"
        assert kinds(drafts.assign(edited, "a", []))["a"] == "retired"
        with pytest.raises(TaxonomyError, match="or a heading"):
            drafts.assign(draft, "a", ["h"])


class TestSeverities:
    def test_renamed_everywhere(self, draft):
        used = drafts.edit(draft, "a", default_severity="major", weights={"major": Decimal(9)})
        edited = drafts.edit_severity(used, "major", key="grave", name="Grave", weight=Decimal(7))
        assert drafts.category(edited, "a").default_severity == "grave"
        assert drafts.category(edited, "a").weights == {"grave": 9}
        assert edited.moves.severities == {"minor": "minor", "major": "grave"}
        assert "it weighs 7 instead of 5" in edited.said

    def test_removed(self, draft):
        used = drafts.edit(draft, "a", default_severity="major", weights={"major": Decimal(9)})
        edited = drafts.remove_severity(used, "major", "minor")
        assert drafts.category(edited, "a").default_severity == "minor"
        assert edited.moves.severities == {"minor": "minor", "major": "minor"}
        assert drafts.remove_severity(used, "major").moves.severities["major"] == ""
        with pytest.raises(TaxonomyError, match="the last severity"):
            drafts.remove_severity(edited, "minor")

    def test_added_and_moved(self, draft):
        added = drafts.add_severity(draft, name="Worst", weight=Decimal(25), hotkey="W")
        moved = drafts.move_severity(added, "worst", "up")
        assert [one.key for one in moved.new.severities] == ["minor", "worst", "major"]
        with pytest.raises(TaxonomyError, match="cannot go further down"):
            drafts.move_severity(added, "worst", "down")


class TestWhole:
    def test_replaced_by_what_was_taken_out_and_changed(self, draft):
        edited = drafts.remove(drafts.edit(draft, "a", key="z"), "y")
        outside = replace(edited.new, title="Edited elsewhere")
        again = drafts.replace_content(edited, outside, "read a file")
        assert again.moves == edited.moves

    def test_replaced_by_another_one(self, draft):
        other = drafts.replace_content(draft, content(("a", ""), ("n", "")), "took a preset")
        assert other.moves.categories == {"a": ("a",), "b": (), "x": (), "y": ()}

    def test_nothing_changed_is_nothing_to_publish(self, draft):
        assert "nothing to publish" in drafts.problems(draft)[0]
        named = drafts.describe(draft, title="Other", description="", source="")
        assert drafts.problems(named) == []

    def test_notices(self, draft):
        assert drafts.notices(drafts.move(drafts.move(draft, "x", "out"), "y", "out")) == [
            "“H” was a heading and has nothing under it: reviewers can choose it now."
        ]
        again = drafts.add(drafts.remove(draft, "a"), name="A", definition="d", key="a")
        assert "earlier labels are not its own" in drafts.notices(again)[0]


def step(data, draft):
    """Any edit with any arguments, good or bad."""
    keys = st.sampled_from([one.key for one in draft.new.categories])
    olds = st.sampled_from(list(leaves(draft.old)))
    levels = st.sampled_from([one.key for one in draft.new.severities])
    names = st.sampled_from(["One", "Two", "Three", draft.new.categories[0].name])
    flag = st.none() | st.booleans()
    ways = st.sampled_from(["up", "down", "in", "out"])
    edits = {
        "edit": lambda d: drafts.edit(
            draft,
            d(keys),
            name=d(names),
            parent=d(keys | st.just("")),
            hotkey=d(st.sampled_from(["", "1", "2", "f"])),
            meaning_changed=d(flag),
        ),
        "key": lambda d: drafts.edit(draft, d(keys), key=d(keys | st.just("fresh"))),
        "add": lambda d: drafts.add(draft, name=d(names), definition="d", parent=d(keys)),
        "beside": lambda d: drafts.add(draft, name=d(names), definition="d", beside=d(keys)),
        "remove": lambda d: drafts.remove(draft, d(keys), d(keys | st.just(""))),
        "merge": lambda d: drafts.merge(draft, d(st.lists(keys, max_size=3)), d(keys)),
        "split": lambda d: drafts.split(draft, d(keys), d(st.lists(names, max_size=3))),
        "move": lambda d: drafts.move(draft, d(keys), d(ways)),
        "assign": lambda d: drafts.assign(
            draft, d(olds), d(st.lists(keys, max_size=3)), relabel=d(st.booleans())
        ),
        "sev": lambda d: drafts.edit_severity(draft, d(levels), key=d(levels | st.just("s"))),
        "sev+": lambda d: drafts.add_severity(draft, name=d(names), weight=Decimal(2)),
        "sev-": lambda d: drafts.remove_severity(draft, d(levels), d(levels | st.just(""))),
        "sev~": lambda d: drafts.move_severity(draft, d(levels), d(ways)),
    }
    return edits[data.draw(st.sampled_from(sorted(edits)))](data.draw)


@settings(max_examples=50, deadline=None)
@given(taxonomies(), st.data())
def test_any_edits_leave_a_draft_that_can_be_stored(start, data):
    draft = drafts.begin(from_dict(start))
    for _ in range(data.draw(st.integers(1, 12))):
        try:
            draft = step(data, draft)
        except TaxonomyError:
            continue  # it is told, and nothing was done
        assert from_dict(as_dict(draft.new)) == draft.new
        assert list(maps.problems(draft.moves, draft.old, draft.new)) == []
        assert draft.said
        drafts.problems(draft)
        drafts.notices(draft)
