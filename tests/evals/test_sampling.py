"""The draw is a lottery that can be repeated: everything here is pure but the last class."""

import math
from itertools import pairwise

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare, pearsonr

from evals.compare import UNIFORM
from evals.sampling import (
    DIFFER,
    DRAWN,
    LIMITS,
    SamplingPlan,
    allocate,
    places,
    stratum,
    uniform,
)

ODD_KEYS = [
    *("req-1", "REQ-1", " req-1", "a/b?c=d&e=%s", "%(run)s", "{key}", "it's", '"', "\\x41", "\t"),
    *(
        "größe",
        "e\u0301",
        "\u00e9",
        "日本語",
        "👩‍👩‍👧",
        "\u202eabc",
        "\x1f",
        "a\x1fline\x1fb",
        "x" * 200,
    ),
]

sizes = st.dictionaries(st.sampled_from([*DRAWN, "failed/both"]), st.integers(0, 100_000))
plans = st.builds(
    SamplingPlan,
    labels=st.integers(0, 5000),
    equivalent=st.integers(0, 500),
    identical=st.integers(0, 500),
)
batches = st.integers(0, 60)


class TestUniform:
    def test_is_permanent(self) -> None:
        # printf 'seed\037line\037req-1' | sha256sum: another would redraw every run.
        assert uniform("seed", "req-1") == 0xE0D1D66B5A668 / 2**52

    def test_depends_on_seed_key_and_purpose(self) -> None:
        one = uniform("seed", "key", "line")
        others = [uniform("seed2", "key"), uniform("seed", "key2"), uniform("seed", "key", "noise")]
        assert one not in others
        assert len(set(others)) == 3

    @given(st.text(max_size=50), st.text(max_size=50))
    def test_lies_in_the_unit_interval(self, seed: str, key: str) -> None:
        assert 0 <= uniform(seed, key) < 1

    def test_is_uniform(self) -> None:
        drawn = [uniform("a fixed seed", f"req-{i}") for i in range(20_000)]
        counts = [0] * 50
        for u in drawn:
            counts[int(u * 50)] += 1
        assert chisquare(counts).pvalue > 0.001
        # … and neither neighbours nor purposes tell anything about each other.
        again = [uniform("a fixed seed", f"req-{i}", "noise") for i in range(20_000)]
        assert abs(pearsonr(drawn[:-1], drawn[1:]).statistic) < 0.03
        assert abs(pearsonr(drawn, again).statistic) < 0.03

    @pytest.mark.django_db
    @pytest.mark.parametrize("purpose", ["line", "noise", "traffic"])
    def test_sql_says_the_same(self, purpose: str) -> None:
        statement = UNIFORM.format(purpose=purpose)
        for key in ODD_KEYS:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT {statement} FROM (SELECT %(key)s::text AS key) r",
                    {"seed": "s3ed", "key": key},
                )
                assert cursor.fetchone() == (uniform("s3ed", key, purpose),), key


class TestStratum:
    @pytest.mark.parametrize(
        ("similarity", "expected"),
        [
            (1.0, "differ/near"),
            (0.8, "differ/near"),
            (0.79, "differ/mid"),
            (0.4, "differ/mid"),
            (0.39, "differ/far"),
            (0.0, "differ/far"),
            (None, "differ/far"),
        ],
    )
    def test_bands_of_discrepancies(self, similarity: float | None, expected: str) -> None:
        assert stratum("differ", similarity) == expected

    def test_others_have_no_bands(self) -> None:
        assert stratum("identical", 1.0) == "identical"
        assert stratum("equivalent", 0.1) == "equivalent"
        assert stratum("failed", None, "both") == "failed/both"


class TestAllocate:
    def test_it_works(self) -> None:
        found = {"differ/near": 300, "differ/far": 100, "identical": 5000, "failed/both": 9}
        plan = SamplingPlan(labels=40, equivalent=10, identical=20)
        assert allocate(plan, found, 1) == {"differ/near": 30, "differ/far": 10, "identical": 20}

    @given(plans, sizes, batches)
    def test_never_more_than_there_is(self, plan, found, batches) -> None:
        for name, drawn in allocate(plan, found, batches).items():
            assert 0 <= drawn <= found[name]
            assert found[name] > 0
            assert name in DRAWN

    @given(plans, sizes, batches)
    def test_at_least_two_of_each_kind_of_discrepancy(self, plan, found, batches) -> None:
        drawn = allocate(plan, found, batches)
        for name in DIFFER:
            wanted = 2 if plan.labels else 0
            assert drawn.get(name, 0) >= min(wanted, found.get(name, 0))

    @given(plans, sizes, batches)
    def test_stays_within_the_budget(self, plan, found, batches) -> None:
        drawn = allocate(plan, found, batches)
        budget = math.ceil(plan.labels / max(batches, 1))
        # Two a stratum come first, and each share is rounded by less than one.
        assert sum(drawn.get(name, 0) for name in DIFFER) <= budget + 2 * len(DIFFER)

    @given(plans, st.integers(1, 50), batches)
    def test_a_small_batch_is_taken_whole(self, plan, size, batches) -> None:
        if math.ceil(plan.labels / max(batches, 1)) >= size:
            assert allocate(plan, {"differ/mid": size}, batches) == {"differ/mid": size}

    def test_without_labels_nothing_is_drawn(self) -> None:
        plan = SamplingPlan(labels=0, equivalent=0, identical=0)
        assert set(allocate(plan, {"differ/near": 5, "identical": 9}, 1).values()) == {0}


class TestPlaces:
    @given(st.integers(0, 300), st.integers(0, 300))
    def test_properties(self, drawn: int, more: int) -> None:
        found = places(drawn, drawn + more)
        assert [place.position for place in found] == list(range(1, drawn + 1))
        assert all(0 < place.rank < 1 for place in found)
        assert all(a.rank < b.rank for a, b in pairwise(found))
        assert {place.inclusion for place in found} <= {drawn / max(drawn + more, 1)}

    def test_ranks_keep_the_allocation_at_any_moment(self) -> None:
        line = [("a", p.rank) for p in places(30, 90)] + [("b", p.rank) for p in places(10, 900)]
        served = [name for name, _ in sorted(line, key=lambda one: one[1])]
        for n in (4, 8, 20, 40):
            assert abs(served[:n].count("b") - n / 4) <= 1


class TestPlan:
    def test_reads_back_what_it_writes(self) -> None:
        plan = SamplingPlan(labels=7, noise_share=0.5)
        assert SamplingPlan.parse(plan.as_dict()) == plan
        assert SamplingPlan.parse({}) == SamplingPlan()
        assert set(plan.as_dict()) == set(LIMITS)

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"lables": 3}, "unknown field 'lables'"),
            ({"labels": 1.5}, "sampling.labels: write a whole number, not 1.5"),
            ({"labels": True}, "sampling.labels: write a whole number, not True"),
            ({"labels": "400"}, "sampling.labels: write a whole number, not '400'"),
            ({"labels": None}, "sampling.labels"),
            ({"labels": -1}, "sampling.labels: -1 is not between 0 and 100000"),
            ({"slots": 6}, "sampling.slots: 6 is not between 1 and 5"),
            ({"noise_share": "half"}, "sampling.noise_share: write a number"),
            ({"noise_share": float("nan")}, "sampling.noise_share"),
            ({"traffic_share": 1.01}, "sampling.traffic_share"),
            ({"lease_minutes": 0}, "sampling.lease_minutes"),
        ],
    )
    def test_says_which_field_is_wrong(self, config: dict[str, object], said: str) -> None:
        with pytest.raises(ValueError, match=r".") as error:
            SamplingPlan.parse(config)
        assert said in str(error.value)
