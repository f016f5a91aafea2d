"""The list of items finds the same, whichever way it goes to find it."""

import pytest
from django.core.cache import cache

from reviewapp import listing
from reviewapp.access import open_project
from reviewapp.actions import gold, projects
from reviewapp.listing import Asked, pages, words
from reviewapp.models import Finding, ItemIndex
from tests.reviewapp.judging import judge

ASKED = [
    {"state": "pending", "q": "message"},
    {"reviewer": "bob", "q": "message", "segment": "locale=en"},
    {"run": "nope", "q": "message"},
    {"category": "nothing", "run": "nope"},
    {},
    {"state": "pending"},
    {"segment": "locale=de"},
    {"segment": "locale=de", "state": "pending"},
    {"request": "req-1"},
    {"q": "message -7"},
    {"q": "numb*"},
    {"q": "nothing"},
    {"reviewer": "bob"},
    {"reviewer": "bob", "request": "req-1", "order": "newest", "state": "resolved"},
    {"mark": "held", "run": "shadow-11"},
    {"category": "label.missed"},
    {"category": "label.missed", "state": "disputed"},
    {"category": "label.missed", "q": "message", "stratum": "differ/near"},
    {"category": "label.none", "reviewer": "bob"},
    {"category": "label.none", "request": "req-", "run": "shadow-11"},
]


@pytest.fixture
def access(alice, finished_run, project, rater, bob):
    fine, *wrong = finished_run.items.order_by("rank")[:7]
    judge(fine, rater(project, bob), A="ok", B="ok")
    for number, item in enumerate(wrong):
        category = "label.none" if number % 3 == 2 else "label.missed"
        judge(item, rater(project, bob), category=category, A="error", B="error")
    return open_project(alice, "support")


class TestPage:
    @pytest.mark.parametrize("order", ["", "newest"])
    @pytest.mark.parametrize("near", [1, 4])
    @pytest.mark.parametrize("sent", ASKED, ids=str)
    def test_near_ones_first_or_all_at_once(self, access, sent, near, order, monkeypatch):
        monkeypatch.setattr(pages, "NEAR", near)
        asked = Asked.read(sent | {"order": order})
        everything = list(listing.chosen(access, asked).order_by("pk").values_list("pk", flat=True))
        everything = everything[::-1] if order else everything
        seen, after = [], 0
        while after is not None:
            page = listing.page(access, asked, after=after, rows=3)
            seen += [one.pk for one in page.items]
            after = page.after
        assert seen == everything
        if len(seen) > 3:
            back = listing.page(access, asked, before=seen[3], rows=3)
            assert [one.pk for one in back.items] == seen[:3]
            assert back.before is None

    @pytest.mark.parametrize(("few", "some"), [(0, 1), (1, 1), (3, 1), (100, 50)])
    @pytest.mark.parametrize("sent", ASKED, ids=str)
    def test_few_or_many_whatever_is_rare(self, access, sent, few, some, monkeypatch):
        monkeypatch.setattr(pages, "FEW", few)
        monkeypatch.setattr(pages, "SOME", some)
        monkeypatch.setattr(pages, "NEAR", 1)
        asked = Asked.read(sent)
        order = "-pk" if asked.order else "pk"
        everything = list(
            listing.chosen(access, asked).order_by(order).values_list("pk", flat=True)
        )
        there = [one.pk for one in listing.page(access, asked, rows=3).items]
        assert there == everything[:3]

    @pytest.mark.parametrize("order", ["", "newest"])
    @pytest.mark.parametrize("sent", [{}, {"state": "pending"}, {"q": "message"}], ids=str)
    def test_nothing_of_another_project(self, access, finished_run, olga, sent, order):
        other = projects.create(slug="other", name="Other", preset="classification", by=olga)
        theirs = finished_run.items.filter(state="pending").earliest("pk")
        finished_run.items.filter(pk=theirs.pk).update(project=other)
        asked = Asked.read({**sent, "order": order})
        found = {one.pk for one in listing.page(access, asked).items}
        assert found
        assert theirs.pk not in found

    def test_what_a_row_shows_is_one_query(self, access, django_assert_num_queries):
        with django_assert_num_queries(3):
            for one in listing.page(access, Asked(q="message")).items:
                assert one.run, one.segment["locale"]


class TestHowMany:
    def test_gold_is_not_counted_for_a_reviewer(
        self, access, finished_run, alice, bob, monkeypatch
    ):
        """Whoever may see them has asked the same just before."""
        monkeypatch.setattr(pages, "COUNTED", 1)
        monkeypatch.setattr(pages, "ROWS", 0)
        item = finished_run.items.filter(state="resolved").earliest("pk")
        gold.mark(item=item, by=alice)
        finished_run.items.filter(pk__lt=item.pk).delete()
        asked = Asked(mark="gold")
        assert listing.how_many(access, asked).number == 1
        assert listing.how_many(open_project(bob, "support"), asked).number == 0

    @pytest.mark.parametrize("sent", ASKED[1:], ids=str)
    def test_up_to_where_it_stops(self, access, sent, monkeypatch):
        monkeypatch.setattr(pages, "MOST", 2)
        asked = Asked.read(sent)
        count = listing.chosen(access, asked).count()
        cache.clear()
        told = listing.how_many(access, asked)
        assert (told.number, told.more) == (min(count, 2), count > 2)
        assert listing.how_many(access, asked) == told

    @pytest.mark.parametrize("rows", [1, 2, 50])
    @pytest.mark.parametrize("sent", ASKED[1:], ids=str)
    def test_more_than_a_page_among_the_first_is_enough(self, access, sent, rows, monkeypatch):
        monkeypatch.setattr(pages, "COUNTED", 4)
        monkeypatch.setattr(pages, "ROWS", rows)
        asked = Asked.read(sent)
        count = listing.chosen(access, asked).count()
        cache.clear()
        told = listing.how_many(access, asked)
        assert told.number == count or (told.more and rows < told.number < count)

    @pytest.mark.parametrize("order", ["", "newest"])
    def test_what_is_rare_and_never_changes_is_not_searched_again(
        self, access, order, django_assert_num_queries
    ):
        asked = Asked(q="message", segment="locale=de", order=order)
        known, expected = listing.how_many(access, asked).ids, listing.page(access, asked, rows=3)
        with django_assert_num_queries(1):
            page = listing.page(access, asked, rows=3, known=known)
        assert page == expected
        following = {"after": page.after, "rows": 3}
        further = listing.page(access, asked, **following, known=known)
        assert further == listing.page(access, asked, **following)
        back = listing.page(access, asked, before=further.before, rows=3, known=known)
        assert [one.pk for one in back.items] == [one.pk for one in page.items]

    @pytest.mark.parametrize("counted", [4, 3000])
    def test_what_changes_is_looked_up_each_time(self, access, finished_run, counted, monkeypatch):
        monkeypatch.setattr(pages, "COUNTED", counted)
        asked = Asked(q="message", state="pending")
        before = listing.how_many(access, asked)
        finished_run.items.filter(pk=before.ids[0]).update(state="skipped")
        after = listing.how_many(access, asked)
        assert (after.ids, after.number) == (before.ids[1:], before.number - 1)


class TestAsked:
    def test_an_address_says_what_was_asked(self):
        asked = Asked.read({"state": "resolved", "q": "a & b", "run": "", "mark": "none"})
        assert asked.query(after=7) == "state=resolved&q=a+%26+b&after=7"

    def test_only_what_somebody_said_is_of_resolved_items(self):
        assert Asked(category="x").of_resolved
        assert not Asked(state="disputed", q="x").of_resolved


class TestWords:
    @pytest.mark.parametrize("text", ["", "   ", "-only", "!!!", '""', "*", "-"])
    def test_nothing_to_look_for(self, text):
        assert words.search(text) is None

    @pytest.mark.parametrize("text", ["'", "a'b*", "a:*b*", "\\", "(a", "a & | !", '"open', "é*"])
    def test_no_operator_gets_through(self, access, text):
        assert list(listing.page(access, Asked(q=text)).items) == []


class TestIndex:
    def test_a_finding_says_of_which_item_it_is(self, access):
        """Nobody who writes one says so."""
        items = Finding.objects.values_list("item", "review__item")
        assert len(items) == 12
        assert all(item == of_its_review for item, of_its_review in items)

    def test_the_database_writes_it(self, finished_run):
        assert ItemIndex.objects.count() == finished_run.items.count()
        one = ItemIndex.objects.get(request="req-01")
        assert one.segment == ["locale=de"]
