"""Labels of one version read in another: nothing is guessed, in either direction."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxonomy.interchange import Severity
from taxonomy.models import Taxonomy
from taxonomy.translation import Untranslatable, translation

from .families import content, moves, published, reads

pytestmark = pytest.mark.django_db


class TestOneStep:
    """Each kind of move, there and back."""

    @pytest.mark.parametrize(
        ("new", "became", "there", "back", "unasked_there", "unasked_back"),
        [
            ("a b", moves(a="a", b="b"), {"a": "a", "b": "b"}, {"a": "a", "b": "b"}, "", ""),
            ("x b", moves(a="x", b="b"), {"a": "x", "b": "b"}, {"x": "a", "b": "b"}, "", ""),
            ("x", moves(a="x", b="x"), {"a": "x", "b": "x"}, {"x": {"a", "b"}}, "", ""),
            ("a", moves(a="a", b="a"), {"a": "a", "b": "a"}, {"a": {"a", "b"}}, "", ""),
            (
                "x y b",
                moves(a="x y", b="b"),
                {"a": {"x", "y"}, "b": "b"},
                {"x": "a", "y": "a", "b": "b"},
                "",
                "",
            ),
            ("a", moves(a="a", b=""), {"a": "a", "b": set()}, {"a": "a"}, "", "b"),
            (
                "a b",
                moves(a="a", b="b", relabel="a"),
                {"a": {"a"}, "b": "b"},
                {"a": {"a"}, "b": "b"},
                "",
                "a",
            ),
            (
                "a b c",
                moves(a="a", b="b"),
                {"a": "a", "b": "b"},
                {"a": "a", "b": "b", "c": set()},
                "c",
                "",
            ),
            (  # a part of one goes to another
                "a b",
                moves(a="a b", b="b"),
                {"a": {"a", "b"}, "b": "b"},
                {"a": "a", "b": {"a", "b"}},
                "",
                "",
            ),
        ],
    )
    def test_every_kind(self, new, became, there, back, unasked_there, unasked_back):
        first = published(content("a", "b"))
        second = published(content(*new.split()), became, on=first)
        assert reads(translation(first, second)) == (there, set(unasked_there.split()))
        assert reads(translation(second, first)) == (back, set(unasked_back.split()))

    def test_to_itself_is_whole(self):
        only = published(content("a", "b"))
        assert translation(only, only).whole
        assert reads(translation(only, only)) == ({"a": "a", "b": "b"}, set())

    def test_is_whole_where_nothing_is_lost(self):
        first = published(content("a", "b"))
        second = published(content("ab"), moves(a="ab", b="ab"), on=first)
        assert translation(first, second).whole
        assert not translation(second, first).whole

    def test_severities(self):
        first = published(content("a"))
        new = content("a", severities=(Severity(key="bad", name="Bad", weight=1),))
        both = published(new, moves(a="a", severities={"minor": "bad", "major": "bad"}), on=first)
        one = published(new, moves(a="a", severities={"minor": "bad", "major": ""}), on=first)

        def severities(source, target):
            old = dict(source.severities.values_list("pk", "key"))
            new = dict(target.severities.values_list("pk", "key"))
            found = translation(source, target).severities
            return {old[pk]: pk_now and new[pk_now] for pk, pk_now in found.items()}

        assert severities(first, both) == {"minor": "bad", "major": "bad"}
        assert severities(both, first) == {"bad": None}
        assert severities(first, one) == {"minor": "bad", "major": None}
        assert severities(one, first) == {"bad": "minor"}
        assert severities(both, one) == {"bad": None}
        assert severities(one, both) == {"bad": "bad"}


class TestManySteps:
    def test_what_was_split_and_joined_again_is_known(self):
        first = published(content("a", "b"))
        second = published(content("x", "y", "b"), moves(a="x y", b="b"), on=first)
        third = published(content("z", "b"), moves(x="z", y="z", b="b"), on=second)
        assert reads(translation(first, third)) == ({"a": "z", "b": "b"}, set())
        assert reads(translation(third, first)) == ({"z": "a", "b": "b"}, set())

    def test_a_meaning_that_changed_is_not_forgotten_later(self):
        first = published(content("a"))
        second = published(content("a"), moves(a="a", relabel="a"), on=first)
        third = published(content("x", "y"), moves(a="x y"), on=second)
        fourth = published(content("z"), moves(x="z", y="z"), on=third)
        found = translation(first, fourth)
        assert reads(found) == ({"a": {"z"}}, set())
        assert [one.open for one in found.categories.values()] == [True]
        assert reads(translation(second, fourth)) == ({"a": "z"}, set())

    def test_nor_a_part_that_was_retired(self):
        first = published(content("a"))
        second = published(content("x", "y"), moves(a="x y"), on=first)
        third = published(content("x"), moves(x="x", y=""), on=second)
        fourth = published(content("x", "z"), moves(x="x z"), on=third)
        fifth = published(content("w"), moves(x="w", z="w"), on=fourth)
        assert reads(translation(first, fifth)) == ({"a": {"w"}}, set())

    def test_a_key_that_comes_back_is_not_the_same(self):
        first = published(content("a", "b"))
        second = published(content("a"), moves(a="a", b=""), on=first)
        third = published(content("a", "b"), moves(a="a"), on=second)
        assert reads(translation(first, third)) == ({"a": "a", "b": set()}, {"b"})

    def test_what_was_joined_by_something_new_was_asked_in_part(self):
        first = published(content("a"))
        second = published(content("a", "new"), moves(a="a"), on=first)
        third = published(content("both"), moves(a="both", new="both"), on=second)
        assert reads(translation(first, third)) == ({"a": "both"}, {"both"})
        assert reads(translation(second, third))[1] == set()

    def test_across_a_branch(self):
        first = published(content("a", "b"))
        left = published(content("x", "y", "b"), moves(a="x y", b="b"), on=first)
        right = published(content("ab"), moves(a="ab", b="ab"), on=first)
        assert reads(translation(left, right)) == ({"x": "ab", "y": "ab", "b": "ab"}, set())
        assert reads(translation(right, left)) == ({"ab": {"x", "y", "b"}}, set())

    def test_other_taxonomies_do_not_stand_on_a_common_version(self):
        one = published(content("a"))
        other = Taxonomy.objects.create(project="p", name="other")
        with pytest.raises(Untranslatable, match="other@1"):
            translation(one, published(content("a"), taxonomy=other))

    def test_queries_grow_with_the_steps_only(self, django_assert_num_queries):
        first = published(content("a", "b"))
        second = published(content("a", "b"), on=first)
        with django_assert_num_queries(7):
            translation(first, second)

    def test_as_moves_of_one_step(self):
        first = published(content("a", "b", "c", "d"))
        second = published(
            content("x", "y", "b", "c"), moves(a="x y", b="b", c="c", d="", relabel="c"), on=first
        )
        third = published(content("x", "y", "b", "c"), on=second)
        assert translation(first, third).moves() == moves(a="x y", b="b", c="c", d="", relabel="c")


# The world as it is: each kind of mistake is an atom. A category is a set of atoms; whoever labels
# sees the atom and names the category it is in, if there is one. Maps say truly which sets meet.
ATOMS = range(5)


@st.composite
def families(draw):
    """A tree of versions: each a parent's place and its categories, as sets of atoms. What no
    category covered before is given to new categories only: a category that grows is another."""
    family = []
    for place in range(draw(st.integers(2, 4))):
        parent = draw(st.integers(0, place - 1)) if place else None
        covered = set().union(*family[parent][1]) if place else set()
        sets = {}
        for atom in ATOMS:
            group = draw(st.sampled_from(["x", "y", "z", ""]))
            if group:
                sets.setdefault((atom in covered, group), set()).add(atom)
        family.append(
            (parent, list(map(frozenset, sets.values())) or [frozenset(covered or ATOMS)])
        )
    return family


def truly(old, new):
    """The map between two lists of sets; its keys are the atoms of each set."""
    return moves(
        **{key(one): " ".join(key(two) for two in new if one & two) for one in old},
        relabel=[key(one) for one in old if one - frozenset().union(*new)],
    )


def key(atoms):
    return "k" + "".join(map(str, sorted(atoms)))


class TestNeverNamesAWrongCategory:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(family=families())
    def test_whatever_was_split_merged_or_retired(self, family):
        taxonomy = Taxonomy.objects.create(project="p", name=f"t{Taxonomy.objects.count()}")
        versions = []
        for parent, sets in family:
            on = None if parent is None else versions[parent]
            became = None if on is None else _tidy(truly(family[parent][1], sets))
            said = content(*map(key, sets))
            versions.append(published(said, became, on=on, taxonomy=taxonomy))
        for source in versions:
            for target in versions:
                self.holds(
                    translation(source, target),
                    {key(one): one for one in family[source.number - 1][1]},
                    {key(one): one for one in family[target.number - 1][1]},
                )

    def holds(self, found, said, now):
        old = dict(found.source.categories.values_list("pk", "key"))
        new = dict(found.target.categories.values_list("pk", "key"))
        for pk, meaning in found.categories.items():
            possible = [now[new[one]] for one in meaning.possible]
            for atom in said[old[pk]]:
                if meaning.category:
                    assert atom in now[new[meaning.category]]
                elif possible and not meaning.open:
                    assert any(atom in one for one in possible)
        asked = frozenset().union(*said.values())
        for pk, name in new.items():
            if pk not in found.unasked:
                assert now[name] <= asked


def _tidy(became):
    """Without a word on relabelling where nothing is left."""
    gone = {old for old, targets in became.categories.items() if not targets}
    return moves(
        **{old: " ".join(targets) for old, targets in became.categories.items()},
        relabel=became.relabel - gone,
    )
