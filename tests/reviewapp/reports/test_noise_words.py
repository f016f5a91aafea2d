"""The noise floor in words."""

import pytest

from reviewapp.reports.noise_words import noise_in_words


def noise(low, high, **more):
    excess = {"value": (low + high) / 2, "low": low, "high": high}
    return {
        "requests": 1200,
        "candidate_differs": 0.37,
        "baseline_differs": 0.31,
        "excess": excess,
        "p": 0.0004,
        **more,
    }


def test_the_numbers():
    first, second, _ = noise_in_words(noise(0.02, 0.1))
    assert first == (
        "On 1,200 requests the baseline was asked the same twice. By these comparators it "
        "disagreed with itself on 31.0 % of them, and the candidate with it on 37.0 %."
    )
    assert second == (
        "Beyond that noise the candidate differs by +6.0 points [+2.0, +10.0] (exact McNemar, "
        "p\u00a0<\u00a00.001)."
    )


@pytest.mark.parametrize(
    ("low", "high", "start"),
    [
        (0.01, 0.2, "The comparators find something"),
        (-0.01, 0.2, "They have found nothing yet"),
        (0.0, 0.0, "They have found nothing yet"),
        (-0.2, -0.01, "The candidate differs less"),
    ],
)
def test_what_it_means(low, high, start):
    assert noise_in_words(noise(low, high))[2].startswith(start)
