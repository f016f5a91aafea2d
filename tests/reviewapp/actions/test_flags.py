import pytest

from reviewapp.access import open_project
from reviewapp.actions import flags, reviews
from reviewapp.desk import discussion
from reviewapp.models import AuditEvent, Comment, Flag
from tests.reviewapp.actions.scenes import review


def read(item, user):
    item.refresh_from_db()
    return [one["text"] for one in discussion.comments(item, open_project(user, "support"))]


class TestFlag:
    def test_it_works(self, item, bob, alice):
        flags.flag(item=item, text=" is this one even in scope? ", by=bob)
        assert Flag.objects.get().by == bob
        assert read(item, alice) == ["is this one even in scope?"]
        assert AuditEvent.objects.filter(verb="flagged for discussion").count() == 1

    def test_a_second_one_is_a_comment(self, item, bob, dana):
        flags.flag(item=item, text="one", by=bob)
        flags.flag(item=item, text="two", by=dana)
        assert Flag.objects.count() == 1
        assert Comment.objects.count() == 2

    def test_it_blocks_nothing(self, item, as_rater, bob):
        flags.flag(item=item, text="x", by=bob)
        assert review(item, as_rater(bob)).live

    @pytest.mark.parametrize("text", ["", "  ", "x" * 5_001, "\0"])
    def test_nothing_said_or_too_much(self, item, bob, text):
        with pytest.raises(flags.EmptyComment):
            flags.flag(item=item, text=text, by=bob)
        assert not Flag.objects.exists()

    def test_settled(self, item, bob, alice):
        flags.flag(item=item, text="x", by=bob)
        assert flags.settle(item=item, by=alice)
        assert not flags.settle(item=item, by=alice)
        flags.flag(item=item, text="y", by=bob)
        assert Flag.objects.filter(settled_at=None).count() == 1


class TestWhoReads:
    @pytest.fixture
    def said(self, item, bob):
        flags.flag(item=item, text="A made it up", by=bob)
        return item

    def test_its_author(self, said, bob):
        assert read(said, bob) == ["A made it up"]

    def test_no_other_reviewer_before_it_is_resolved(self, said, dana):
        assert read(said, dana) == []
        assert discussion.flagged(said, open_project(dana, "support")) is None

    def test_everybody_afterwards(self, said, as_rater, bob, dana, erin):
        review(said, as_rater(bob))
        assert read(said, dana) == read(said, erin) == ["A made it up"]

    def test_no_lead_who_is_at_it(self, said, as_rater, alice):
        assert read(said, alice)
        reviews.claim_item(item=said, rater=as_rater(alice))
        assert read(said, alice) == []
