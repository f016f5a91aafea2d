"""The list of items finds the same, whichever way it goes to find it."""

import pytest
from django.core.cache import cache

from reviewapp import listing
from reviewapp.access import open_project
from reviewapp.listing import Asked, pages, words
from reviewapp.models import ItemIndex
from tests.reviewapp.judging import judge

ASKED = [
    {},
    {"state": "pending"},
    {"segment": "locale=de"},
    {"segment": "locale=de", "state": "pending"},
    {"request": "req-1"},
    {"q": "message -7"},
    {"q": "numb*"},
    {"q": "nothing"},
    {"reviewer": "bob"},
    {"mark": "held", "run": "shadow-11"},
]


@pytest.fixture
def access(alice, finished_run, project, rater, bob):
    judge(finished_run.items.order_by("rank").first(), rater(project, bob), A="ok", B="ok")
    return open_project(alice, "support")


class TestPage:
    @pytest.mark.parametrize("order", ["", "newest"])
    @pytest.mark.parametrize("near", [1, 4])
    @pytest.mark.parametrize("sent", ASKED, ids=str)
    def test_near_ones_first_or_all_at_once(self, access, sent, near, order, monkeypatch):
        monkeypatch.setattr(pages, "NEAR", near)
        asked = Asked.read({**sent, "order": order})
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

    def test_what_a_row_shows_is_one_query(self, access, django_assert_num_queries):
        with django_assert_num_queries(3):
            for one in listing.page(access, Asked(q="message")).items:
                assert one.run.name, one.comparison.request.segment


class TestHowMany:
    @pytest.mark.parametrize("sent", ASKED[1:], ids=str)
    def test_up_to_where_it_stops(self, access, sent, monkeypatch):
        monkeypatch.setattr(pages, "COUNTED", 2)
        asked = Asked.read(sent)
        count = listing.chosen(access, asked).count()
        cache.clear()
        assert listing.how_many(access, asked) == (min(count, 2), count > 2)


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
    def test_the_database_writes_it(self, finished_run):
        assert ItemIndex.objects.count() == finished_run.items.count()
        one = ItemIndex.objects.get(request="req-01")
        assert one.segment == ["locale=de"]
