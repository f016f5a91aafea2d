"""Ten thousand submissions while the web server is killed five times: none is lost, none doubled.

`python -m tests.bench_desk --kill` does it whole; tests/worker/test_desk_kill.py does a small one.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import Any

from tests import desk_clients

KILLS = 5


def kill(port: int, pid: int, people: list[dict[str, Any]], count: int, kills: int = KILLS) -> bool:
    """`count` submissions by these reviewers at once to the project "long", while the processes of
    the web server are killed; `up`, the process `pid`, starts them again. Prints what was found;
    True where nothing was lost or doubled."""
    from tests.bench import answers, say
    from tests.bench_otlp import web_processes

    at = sorted(random.Random(5).sample(range(count // 10, count - count // 10), kills))
    killed: list[int] = []

    def killer() -> None:
        for moment in at:
            while reviews() < moment:
                time.sleep(0.01)
            for process in web_processes(pid):
                os.kill(process, signal.SIGKILL)
                killed.append(process)
            while not answers(port):
                time.sleep(0.05)
            time.sleep(15)  # `up` gives up on a server that ends five times within a minute

    threading.Thread(target=killer, daemon=True).start()
    start = time.monotonic()
    told = desk_clients.in_processes(jobs(port, people, count))
    seconds = time.monotonic() - start
    problems = found_wrong(told)
    sent = sum(len(one["acknowledged"]) for one in told)
    say(
        f"killed {kills} times ({len(killed)} processes)",
        f"{sent:,} acknowledged in {seconds:.0f} s, {sum(one['broken'] for one in told)} broken "
        f"connections, {sum(one['stored_unheard'] for one in told)} stored without being told",
    )
    say("lost, doubled or wrong", "; ".join(problems) or "nothing")
    return not problems


def jobs(port: int, people: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """What each of the reviewers does: desk_clients.stubborn."""
    return [
        {
            "do": "stubborn",
            "port": port,
            "slug": "long",
            "token": one["token"],
            "seed": number,
            "count": count // len(people),
        }
        for number, one in enumerate(people)
    ]


def reviews() -> int:
    """How many reviews members have made."""
    from reviewapp.models import Review

    return Review.objects.filter(rater__kind="member").count()


def found_wrong(told: list[dict[str, Any]]) -> list[str]:
    """What is wrong, in words, between what reviewers were told and what is in the database."""
    from django.db.models import Count, F, Q

    from reviewapp.models import Review, ReviewItem

    problems = [wrong for one in told for wrong in one["wrong"]]
    rows = Review.objects.filter(rater__kind="member")
    stored = {
        str(submission): (item, pk)
        for submission, item, pk in rows.values_list("submission", "item", "pk")
    }
    acknowledged = [tuple(one) for some in told for one in some["acknowledged"]]
    lost = [one for one in acknowledged if stored.get(one[0]) != (one[1], one[2])]
    if lost:
        problems.append(f"{len(lost)} acknowledged reviews are not there as told: {lost[:3]}")
    if len({review for _, _, review in acknowledged}) != len(acknowledged):
        problems.append("two submissions were told of one review")
    if len(stored) > len(acknowledged):
        # Everybody repeats what was not answered, so in the end all are told.
        problems.append(f"{len(stored) - len(acknowledged)} reviews that nobody was told of")
    twice = rows.values("item", "rater").annotate(n=Count("pk")).filter(n__gt=1)
    if twice.exists():
        problems.append(f"somebody reviewed an item twice: {list(twice[:3])}")
    holders: dict[int, set[int]] = {}
    for number, one in enumerate(told):
        for item in one["claimed"]:
            holders.setdefault(item, set()).add(number)
    items = ReviewItem.objects.filter(pk__in=holders).annotate(
        places=Count("slots", distinct=True),
        closed=Count("slots", filter=Q(slots__state="submitted"), distinct=True),
        said=Count("reviews", filter=Q(reviews__live=True), distinct=True),
    )
    places = dict(items.values_list("pk", "places"))
    double = [item for item, who in holders.items() if len(who) > places[item]]
    if double:
        problems.append(f"{len(double)} items were given to more people than they have places")
    adrift = items.exclude(closed=F("said"))
    if adrift.exists():
        problems.append(f"{adrift.count()} items have another number of reviews than places")
    return problems
