"""What a sampling plan means, in numbers that a lead can weigh."""

from __future__ import annotations

from evals.sampling import SamplingPlan

#: Seconds that one review takes, and days of a live shadow, to reckon with.
SECONDS = 30
DAYS = 14


def plan_in_words(plan: SamplingPlan) -> list[str]:
    """Sentences: how many items, reviews and hours a run costs, and how much is asked twice."""
    items = plan.labels + plan.equivalent + plan.identical
    reviews = round(items * plan.mean_slots)
    hours = reviews * SECONDS / 3600
    return [
        f"At most {items:,} items a run: {plan.labels:,} discrepancies, {plan.equivalent:,} "
        f"equivalent and {plan.identical:,} identical pairs; fewer where there are fewer.",
        f"{reviews:,} reviews, about {hours:.1f} hours of reviewing at {SECONDS} seconds each.",
        f"In a live shadow of {DAYS} days that is about {items / DAYS:.0f} items a day.",
        f"The baseline is asked twice on {100 * plan.noise_share:.3g} % of requests: "
        f"{1000 * plan.noise_share:.0f} more calls per 1,000 requests. Where its outputs are "
        "uploaded, every second sample that is sent counts instead.",
        f"A shadow takes {100 * plan.traffic_share:.3g} % of the traffic.",
    ]
