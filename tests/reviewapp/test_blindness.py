"""Which text is whose is nowhere before its item is resolved: every page that a link leads to, and
every address of the API that can be read, for each role that may review. And a gold item looks
like any other to whoever is at it."""

import json
import random
import re
from uuid import uuid4

import pytest
from django.test import Client

from evals.models import Run
from evals.sampling import SamplingPlan
from reviewapp.actions import claims, projects, reports, reviews, tokens
from reviewapp.actions import gold as gold_actions
from reviewapp.models import Exposure, Membership, ReviewItem, Role
from tests.reviewapp.actions.scenes import judged, recorded, review
from tests.reviewapp.api.conftest import Api
from tests.reviewapp.labelling.importing.scenes import NEW, OLD, bring, found, record

HOME = "/p/support/"
#: A text of each side, in words that stand nowhere else.
TEXTS = ("quincewort", "brambletide")
TELLS = re.compile(rf"\b({OLD}|{NEW}|baseline|candidate|production)\b")
#: Where the texts are shown as A and B, or in the order of the alphabet.
UNTIED = ("review/", "adjudicate/")
LINK = re.compile(r'(?:href|hx-get)="(/p/support/[^"#]*)')
API = (
    *("", "members/", "tokens/", "models/", "comparators/", "sampling/"),
    *("adjudicators/", "policy/", "tracing/", "taxonomies/", "runs/", "runs/run-1/", "queue/"),
    *("queue/?q=quincewort", "runs/run-1/report/", "runs/run-1/gate/", "labels/"),
    *("labels/?run=run-1", "evalsets/", "promotions/"),
)


@pytest.fixture
def api(project):
    return lambda user: Api(tokens.make(project=project, name="test", by=user)[1])


@pytest.fixture
def run(project, models) -> Run:
    """Two items: the first waits, the second is disputed; labels of all from elsewhere."""
    plan = SamplingPlan(slots=2)
    made = recorded(project, models, [TEXTS, TEXTS], plan=plan)
    _, disputed = made.items.order_by("pk")
    for name, said in (("ann", ""), ("ben", "label.missed")):
        rater = project.raters.create(kind="script", name=name)
        review(disputed, rater, candidate=said)
    notes = [found(span=[0, 5], note="It says quincewort")]
    bring(project, *(record(n, sides={NEW: "error"}, findings=notes) for n in (1, 2)))
    reports.refresh(run=made)
    assert {one.state for one in made.items.all()} == {"pending", "disputed"}
    return made


def crawled(client: Client) -> dict[str, str]:
    """All pages that links lead to, from the project's own one, by address."""
    todo, pages = [HOME], {}
    while todo:
        address = todo.pop()
        if address in pages or "logout" in address:
            continue
        answer = client.get(address.replace("&amp;", "&"))
        body = b"".join(answer) if answer.streaming else answer.content
        pages[address] = f"{answer.headers}\n{body.decode(errors='replace')}"
        assert len(pages) < 400
        if answer.status_code == 200:
            todo += LINK.findall(pages[address])
    return pages


class TestOpenItems:
    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD, Role.OWNER, "named"])
    def test_no_page_ties_a_text_to_a_side(self, as_user, bob, run, role):
        adjudicates = role == "named"
        role = Role.REVIEWER if adjudicates else role
        Membership.objects.filter(user=bob).update(role=role, adjudicates=adjudicates)
        pages = crawled(as_user(bob))
        assert len(pages) > 25
        with_texts = {one for one, page in pages.items() if any(text in page for text in TEXTS)}
        assert f"{HOME}review/" in with_texts
        for address in with_texts:
            page = pages[address]
            untied = address.removeprefix(HOME).startswith(UNTIED)
            assert untied or re.match(rf"{HOME}queue/\d+/", address), address
            said = TELLS.search(_without_links(page))
            assert not said, f"{address}: {page[said.start() - 80 : said.end() + 80]}"

    @pytest.mark.parametrize("who", ["bob", "alice", "olga"])
    def test_nor_the_api(self, api, request, bob, run, who):
        client = api(request.getfixturevalue(who))
        for address in API:
            answer = client.get(address)
            body = b"".join(answer) if answer.streaming else answer.content
            assert answer.status_code in (200, 403), address
            assert not [text for text in TEXTS if text.encode() in body], address
        claimed = client.post("queue/claim/", {}).json()
        assert not TELLS.search(json.dumps(claimed))
        assert {one["text"] for one in claimed["sides"].values()} == set(TEXTS)

    def test_labels_from_elsewhere_wait_for_who_may_review(self, api, alice, erin, run, rater):
        """They say what was found in which version's text; an engineer judges nothing."""
        assert _lines(api(alice).get("labels/")) == []
        assert len(_lines(api(erin).get("labels/"))) == 2
        waiting = run.items.get(state="pending")
        for name in ("ann", "ben"):
            review(waiting, run.project.raters.get(name=name, kind="script"))
        loose = [one for one in _lines(api(alice).get("labels/")) if one["run"] is None]
        assert [one["request"] for one in loose] == [waiting.comparison.request.key]


def _without_links(page: str) -> str:
    """What the page says of the item, without the names of runs and models in its filters."""
    return re.sub(r"<(option|datalist)\b.*?</\1>", "", page, flags=re.S)


def _lines(answer):
    return [json.loads(one) for one in b"".join(answer.streaming_content).splitlines()]


class TestGold:
    """Dana is given an item that Bob has labelled."""

    @pytest.fixture
    def held(self, project, models, alice, bob, dana, rater, monkeypatch) -> ReviewItem:
        run = recorded(project, models, [TEXTS] * 2)
        item = run.items.order_by("comparison__u").first()
        review(item, rater(project, bob), candidate="note")
        gold_actions.mark(item=item, by=alice)
        projects.set_sampling(project=project, plan=SamplingPlan(gold_share=0.5), by=alice)
        project.refresh_from_db()
        monkeypatch.setattr(random, "random", lambda: 0.0)
        assert claims.claim(project=project, rater=rater(project, dana)).item_id == item.pk
        reports.refresh(run=run)
        return item

    @pytest.mark.parametrize(
        "page",
        [
            "runs/run-1/report/items/",
            "runs/run-1/report/items/?side=candidate",
            "taxonomy/notes/",
            "queue/{}/",
            "queue/?q=quincewort",
        ],
    )
    def test_no_page_shows_its_sides(self, as_user, bob, dana, held, page):
        address = HOME + page.format(held.pk)
        said = as_user(dana).get(address).content.decode()
        assert not [one for one in (*TEXTS, "odd") if re.search(rf"\b{one}\b(?!\")", said)]
        assert not Exposure.objects.filter(user=dana).exists()
        if "q=" not in page:
            assert "odd" in as_user(bob).get(address).content.decode()

    def test_it_looks_like_one_that_waits(self, as_user, dana, held):
        client = as_user(dana)
        assert f'item {held.pk}</a> <span class="quiet">pending' in _page(client, "runs/run-1/")
        assert (
            "resolved" not in _page(client, f"queue/{held.pk}/").split("<h1>")[1].split("</h1>")[0]
        )

    def test_which_ones_are_gold_is_for_leads(self, as_user, alice, dana, held):
        assert "marked as gold" in _page(as_user(alice), "")
        assert "gold" not in _page(as_user(dana), "")


def _page(client: Client, address: str) -> str:
    return client.get(HOME + address).content.decode()


class TestNotes:
    def test_whoever_reads_them_knows_the_sides(self, as_user, alice, run, rater):
        disputed = run.items.get(state="disputed")
        word = judged(disputed, candidate="note")
        who = rater(run.project, alice)
        reviews.adjudicate(item=disputed, rater=who, judgement=word, submission=uuid4(), by=alice)
        olga = run.project.memberships.get(role=Role.OWNER).user
        assert "odd" in _page(as_user(olga), "taxonomy/notes/")
        assert Exposure.objects.filter(user=olga, item=disputed).exists()
