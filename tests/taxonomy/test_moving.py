"""Maps as people write and read them."""

import pytest

from taxonomy.interchange import TaxonomyError, map_as_dict, map_of
from taxonomy.maps import by_key

from .families import content, moves, published

OLD, NEW = content("a", "b", "c"), content("a", "x", "y")


def problems(**said):
    with pytest.raises(TaxonomyError) as told:
        map_of(OLD, NEW, **said)
    return [str(one) for one in told.value.problems]


class TestMapOf:
    def test_it_works(self):
        found = map_of(
            OLD, NEW, categories=["b = x, y", "c="], severities=["minor=major"], relabel=["a"]
        )
        assert found == moves(
            a="a", b="x y", c="", relabel="a", severities={"minor": "major", "major": "major"}
        )

    def test_what_is_not_said_goes_by_key(self):
        assert map_of(OLD, NEW) == by_key(OLD, NEW)
        assert map_of(OLD, NEW, categories=["b:x"], sign=":").categories["b"] == ("x",)
        assert map_of(OLD, NEW, severities=["minor="]).severities["minor"] == ""

    @pytest.mark.parametrize(
        ("said", "told"),
        [
            ({"categories": ["b"]}, "map: “b” is no move: write OLD=NEW, OLD=NEW,NEW2 or OLD="),
            ({"categories": ["=b"]}, "map: “=b” is no move"),
            ({"categories": ["b=x", "b=y"]}, "map.b: said twice"),
            ({"categories": ["b=none"]}, "map.b: 'none' is no category of the new version"),
            ({"categories": ["none=x"]}, "map.none: not a category of the version before"),
            ({"categories": ["b=x,x"]}, "map.b: names a category twice"),
            ({"relabel": ["c"]}, "map.c: is to be relabelled and became nothing"),
            ({"severities": ["minor=none"]}, "map.minor: 'none' is no severity"),
            ({"severities": ["minor=minor,major"]}, "map.minor: a severity becomes one other"),
        ],
    )
    def test_each_problem_is_told(self, said, told):
        [only] = problems(**said)
        assert only.startswith(told)


@pytest.mark.django_db
class TestMapAsDict:
    def test_it_works(self):
        first = published(OLD)
        assert map_as_dict(first) is None
        became = moves(a="a", b="x y", c="", relabel="a")
        assert map_as_dict(published(NEW, became, on=first)) == {
            "version": "t@2",
            "based_on": "t@1",
            "categories": {"a": ["a"], "b": ["x", "y"], "c": []},
            "severities": {"minor": "minor", "major": "major"},
            "relabel": ["a"],
        }
