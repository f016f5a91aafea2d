import numpy as np
import pytest
from scipy import stats

from evals.metrics import drift as module
from evals.metrics.clusters import spherical_k_means
from evals.metrics.drift import area_under_curve, drift
from evals.metrics.features import features

WORDS = [f"word{at}" for at in range(300)]


def texts(n, seed, topic=""):
    random = np.random.default_rng(seed)
    chances = 1 / np.arange(1, 301)
    chances /= chances.sum()
    lengths = random.integers(4, 20, n)
    return [" ".join([*random.choice(WORDS, k, p=chances), *topic.split()]) for k in lengths]


def test_the_same_traffic_is_not_told_apart():
    p = [drift(texts(40, seed), texts(120, seed + 100)).p for seed in range(25)]
    assert np.mean(np.array(p) <= 0.1) <= 0.24
    assert np.mean(p) > 0.3


REFUND = "please refund the invoice of june"


def test_another_topic_is_told_apart():
    result = drift(texts(120, 3), [*texts(200, 1), *texts(140, 2, REFUND)])
    assert result.auc > 0.6
    assert result.p < 0.05


def test_what_no_example_is_about_is_named_to_be_labelled():
    requests = [*texts(200, 1), *texts(60, 2, REFUND)]
    first = drift(texts(120, 3), requests, clusters=8).clusters[0]
    assert first.examples <= 3
    assert first.requests == pytest.approx(60, abs=8)
    assert first.so_few < 1e-6
    assert all("refund" in requests[at] for at in first.nearest)
    assert first.expected == pytest.approx(first.share * 120)


def test_every_request_and_example_is_in_one_cluster():
    result = drift(texts(50, 1), texts(300, 2), clusters=7)
    assert sum(one.requests for one in result.clusters) == 300
    assert sum(one.examples for one in result.clusters) == 50
    assert sum(one.share for one in result.clusters) == pytest.approx(1)
    assert drift(texts(50, 1), texts(300, 2), clusters=7) == result


def test_the_area_is_mann_and_whitneys():
    random = np.random.default_rng(2)
    scores = random.integers(0, 9, 60).astype(float)
    positive = random.random(60) < 0.4
    u = stats.mannwhitneyu(scores[positive], scores[~positive]).statistic
    expected = u / (positive.sum() * (~positive).sum())
    assert area_under_curve(scores, positive) == pytest.approx(expected)


@pytest.mark.parametrize(("examples", "requests"), [([], []), (["a"], []), ([], ["a b"] * 9)])
def test_too_little_is_not_judged(examples, requests):
    result = drift(examples, requests)
    assert (result.auc, result.p) == (None, None)
    assert result.requests == sum(one.requests for one in result.clusters) == len(requests)


def test_texts_without_words_are_alike():
    result = drift(["", "?!"] * 5, ["…"] * 20)
    assert result.auc == 0.5
    assert result.p == 1
    assert len(result.clusters) == 1


def test_more_texts_than_it_reads_are_a_sample(monkeypatch):
    monkeypatch.setattr(module, "MOST", 30)
    requests = texts(200, 4)
    result = drift(texts(80, 1), requests, clusters=3)
    assert (result.examples, result.requests) == (30, 30)
    assert all(0 <= at < 200 for one in result.clusters for at in one.nearest)


def test_rows_have_length_one_and_do_not_depend_on_case():
    rows = features(["Where is my CARD?", "where is my card", "another thing", ""])
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 0])
    assert rows[0] == pytest.approx(rows[1])


def test_k_means_finds_what_points_the_same_way():
    random = np.random.default_rng(1)
    rows = np.eye(3)[np.repeat([0, 1, 2], 20)] + random.normal(0, 0.1, (60, 3))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    centres, member = spherical_k_means(rows, 3, random)
    assert np.linalg.norm(centres, axis=1) == pytest.approx([1, 1, 1])
    assert [len(set(member[at : at + 20])) for at in (0, 20, 40)] == [1, 1, 1]
    assert len(set(member)) == 3


def test_clusters_are_at_least_one():
    with pytest.raises(ValueError, match="clusters is 0"):
        drift(["a"], ["b"], clusters=0)
