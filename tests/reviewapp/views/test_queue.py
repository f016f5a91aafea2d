import pytest

from reviewapp import listing, live
from reviewapp.access import open_project
from reviewapp.actions import flags, gold, reviews
from reviewapp.models import GoldItem, ReviewItem, Slot
from tests.reviewapp.judging import judge
from tests.reviewapp.versions import further

QUEUE = "/p/support/queue/"
LIVE = f"{QUEUE}live/"
HOSTILE = [
    "after=9" + "9" * 5000,
    "after=x&before=-1",
    "state=nonsense",
    "run=%00",
    "category=%00",
    "stratum=;",
    "q='%20|%20!(:*",
    "q=" + "a" * 5000,
    "q=-only",
    "segment=%00={}",
    "request=%25_",
    "mark=gold&order=backwards&disagreement=1",
]


def keys(page):
    return [one.pk for one in page.context["page"].items]


@pytest.fixture
def find(as_user, alice, finished_run):
    """The ids that a lead's list has for what is asked."""
    return lambda **asked: keys(as_user(alice).get(QUEUE, asked))


class TestQueue:
    def test_it_works(self, as_user, bob, finished_run):
        page = as_user(bob).get(QUEUE)
        assert page.status_code == 200
        assert len(keys(page)) == finished_run.items.count()

    def test_who_may_not(self, closed, project):
        closed(QUEUE)

    def test_by_state_run_and_stratum(self, find, item, project, rater, bob):
        judge(item, rater(project, bob), A="error", B="ok")
        assert find(state="resolved", run=item.run.name, stratum=item.stratum) == [item.pk]
        assert find(state="disputed") == find(run="another") == []

    def test_by_segment_and_request(self, find, finished_run):
        german = finished_run.items.filter(comparison__request__segment__locale="de")
        assert find(segment="locale=de") == sorted(german.values_list("pk", flat=True))
        assert len(find(request="req-0")) == 9
        assert find(segment="locale") == []

    def test_by_words(self, find, finished_run):
        seven = finished_run.items.get(comparison__request__key="req-07")
        assert find(q="number 7") == find(q='"NUMBER 7"') == find(q="req-07") == [seven.pk]
        assert find(q="outa* -refund message")[0] == seven.pk
        assert find(q="7 number", state="pending") == [seven.pk]
        assert find(q='"7 number"') == []

    def test_by_reviewer_and_category(self, find, item, project, rater, bob):
        category = item.run.taxonomy_version.leaves()[0].key
        judge(item, rater(project, bob), A="error", B="ok")
        assert find(category=category) == find(reviewer="bob") == [item.pk]
        assert find(reviewer="dana") == find(category="nothing.such") == []

    def test_a_category_of_any_version(self, find, item, project, rater, bob):
        first = item.run.taxonomy_version.leaves()[0].key
        judge(item, rater(project, bob), category=first, A="error", B="ok")
        further(project, new=["renamed"], out=[first], became={first: "renamed"})
        project.taxonomy_version = project.taxonomy_version.taxonomy.versions.last()
        project.save()
        assert find(category="renamed") == find(category=first) == [item.pk]

    def test_what_was_said_is_told_of_resolved_items_only(self, find, disputed):
        category = disputed.run.taxonomy_version.leaves()[0].key
        assert find(category=category) == find(reviewer="bob") == []
        assert find(category=category, state="disputed") == []
        assert find(disagreement="waits") == [disputed.pk]

    def test_by_mark(self, find, as_user, item, project, rater, bob, alice):
        judge(item, rater(project, bob), A="error", B="ok")
        gold.mark(item=item, by=alice)
        flags.flag(item=item, by=bob, text="Odd.")
        assert find(mark="gold") == find(mark="flagged") == [item.pk]
        assert keys(as_user(bob).get(QUEUE, {"mark": "gold"})) == []
        assert find(mark="held") == find(mark="relabelling") == []

    def test_gold_before_somebody_looks_as_if_it_waited(
        self, as_user, item, project, rater, bob, dana, alice
    ):
        judge(item, rater(project, bob), A="error", B="ok")
        gold.mark(item=item, by=alice)
        Slot.objects.create(
            item=item,
            number=0,
            project=project,
            rank=0,
            gold=True,
            rater=rater(project, dana),
            state="claimed",
            lease_until="2100-01-01T00:00Z",
            claimed_at="2026-01-01T00:00Z",
        )
        assert GoldItem.objects.count() == 1
        theirs = as_user(dana)
        assert keys(theirs.get(QUEUE, {"state": "resolved"})) == []
        assert keys(theirs.get(QUEUE, {"reviewer": "bob"})) == []
        assert item.pk in keys(theirs.get(QUEUE, {"state": "pending"}))
        assert keys(theirs.get(QUEUE, {"mark": "held"})) == [item.pk]
        assert keys(as_user(alice).get(QUEUE, {"mark": "held"})) == []
        row = next(one for one in theirs.get(QUEUE).context["page"].items if one.pk == item.pk)
        assert (row.state, row.reviews) == ("pending", 0)

    def test_forth_and_back(self, as_user, bob, finished_run, monkeypatch):
        monkeypatch.setitem(listing.page.__kwdefaults__, "rows", 5)
        client = as_user(bob)
        everything = sorted(finished_run.items.values_list("pk", flat=True))
        pages, address = [], QUEUE
        while True:
            page = client.get(address)
            pages.append(keys(page))
            if not page.context["following"]:
                break
            address = f"{QUEUE}?{page.context['following']}"
        assert [pk for one in pages for pk in one] == everything
        back = client.get(f"{QUEUE}?{page.context['preceding']}")
        assert keys(back) == pages[-2]

    def test_fields_that_are_empty_leave_the_address(self, as_user, bob, finished_run):
        answer = as_user(bob).get(f"{QUEUE}?state=pending&run=&q=")
        assert (answer.status_code, answer["Location"]) == (302, f"{QUEUE}?state=pending")

    def test_in_place(self, as_user, bob, finished_run):
        answer = as_user(bob).get(f"{QUEUE}?state=pending&run=", headers={"hx-request": "true"})
        assert answer["HX-Push-Url"] == f"{QUEUE}?state=pending"
        assert b"<html" not in answer.content

    @pytest.mark.parametrize("query", HOSTILE)
    def test_hostile_parameters(self, as_user, bob, finished_run, query):
        assert as_user(bob).get(f"{QUEUE}?{query}").status_code in (200, 400)

    def test_constant_number_of_queries(self, as_user, alice, finished_run, queries):
        client = as_user(alice)
        client.get(QUEUE)  # from then on the categories of these versions are known
        few = queries(client, f"{QUEUE}?request=req-01")
        assert queries(client, f"{QUEUE}?request=req") == few <= 11


class TestLive:
    def test_leads_see_who_is_at_what(self, as_user, alice, bob, project, rater, finished_run):
        claim = reviews.claim(project=project, rater=rater(project, bob))
        text = as_user(alice).get(LIVE).content.decode()
        assert "bob" in text
        assert f"item {claim.item_id}" in text

    def test_others_see_how_many(self, as_user, dana, bob, project, rater, finished_run):
        reviews.claim(project=project, rater=rater(project, bob))
        text = as_user(dana).get(LIVE).content.decode()
        assert "1 person" in text
        assert "bob" not in text

    def test_how_fast_it_goes(self, bob, item, project, rater):
        judge(item, rater(project, bob), A="ok", B="ok")
        panel = live.panel(open_project(bob, "support"))
        assert (panel.hour, panel.today, panel.people) == (1, 1, [])
        assert panel.left == ReviewItem.objects.filter(state="pending").count()

    def test_no_worker_is_said_in_words(self, as_user, bob, finished_run, monkeypatch):
        monkeypatch.setattr("reviewapp.workers.alive", lambda: False)
        assert "No worker is running" in as_user(bob).get(LIVE).content.decode()

    def test_one_query_beside_those_that_say_who_asks(self, as_user, bob, finished_run, queries):
        assert queries(as_user(bob), LIVE) == 4

    def test_who_may_not(self, closed, project):
        closed(LIVE)
