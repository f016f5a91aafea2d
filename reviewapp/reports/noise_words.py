"""The noise floor in words: what production's disagreement with itself says of the candidate's."""

from __future__ import annotations

from typing import Any

from reviewapp.reports.words import interval, points


def noise_in_words(noise: dict[str, Any]) -> list[str]:
    """Sentences from the numbers of measured.noise: what was measured, what is beyond
    it, and what that means."""
    n = noise["requests"]
    asked = "one request" if n == 1 else f"{n:,} requests"
    p = "p\u00a0<\u00a00.001" if noise["p"] < 0.001 else f"p\u00a0=\u00a0{noise['p']:.2g}"
    return [
        f"On {asked} the baseline was asked the same twice. By these comparators it disagreed with "
        f"itself on {points(noise['baseline_differs'])} % of them, and the candidate with it on "
        f"{points(noise['candidate_differs'])} %.",
        f"Beyond that noise the candidate differs by {interval(noise['excess'])} (exact McNemar, "
        f"{p}).",
        _meaning(noise["excess"]),
    ]


def _meaning(excess: dict[str, Any]) -> str:
    low, high = excess["low"], excess["high"]
    if low is not None and low > 0:
        return (
            "The comparators find something: the candidate differs more than chance alone makes "
            "production differ. Whether what differs is worse, only labels say."
        )
    if high is not None and high < 0:
        return (
            "The candidate differs less from production than production from itself: its answers "
            "vary less."
        )
    return (
        "They have found nothing yet: they fire about as often on production against itself as on "
        "the candidate, so what they call a discrepancy may be chance. Ask the baseline twice on "
        "more requests, or try comparators that let pass what varies by itself."
    )
