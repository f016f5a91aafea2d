import math

import numpy as np
import pytest

from evals.metrics.eval_set_size import detectable_difference
from evals.metrics.mcnemar import mcnemar_exact


def test_the_difference_is_detected_four_times_in_five():
    found = detectable_difference(200, 0.2)
    shares = [(0.2 + found) / 2, (0.2 - found) / 2, 0.8]
    drawn = np.random.default_rng(9).multinomial(200, shares, 2000)
    rejected = sum(mcnemar_exact(int(a), int(b)) <= 0.05 for a, b, _ in drawn)
    assert rejected / 2000 == pytest.approx(0.8, abs=0.03)


def test_it_comes_close_to_connors_formula():
    n, discordant = 20_000, 0.1
    found = detectable_difference(n, discordant)
    needed = (1.959964 * math.sqrt(discordant) + 0.841621 * math.sqrt(discordant - found**2)) ** 2
    assert needed / found**2 == pytest.approx(n, rel=0.02)


def test_more_examples_detect_less():
    found = [detectable_difference(n, 0.15) for n in (100, 200, 300, 1000)]
    assert found == sorted(found, reverse=True)


def test_too_few_examples_detect_nothing():
    assert detectable_difference(20, 0.1) is None
    assert detectable_difference(1, 1.0) is None


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="n is 0"):
        detectable_difference(0, 0.1)
    with pytest.raises(ValueError, match="discordant is 0"):
        detectable_difference(100, 0)
    with pytest.raises(ValueError, match="confidence is 2"):
        detectable_difference(100, 0.1, confidence=2)
