"""A run goes to another taxonomy version, and its labels are said again, through the pages."""

import json
from uuid import uuid4

import pytest

from reviewapp.actions import exposures, reports
from reviewapp.desk.judgement import sides_of
from reviewapp.models import Draft, Exposure, Review, ReviewItem, Slot
from tests.reviewapp.actions.scenes import review
from tests.reviewapp.versions import further

PAGE = "/p/support/runs/shadow-11/taxonomy/"
DESK = "/p/support/review/"
QUEUE = "/p/support/queue/"


@pytest.fixture
def second(project):
    return further(
        project,
        new=("late", "never"),
        out=("label.missed",),
        became={"label.missed": "late never"},
    )


@pytest.fixture
def item(finished_run, rater, project, bob):
    """One that Bob has labelled: the candidate missed it, and what was right."""
    found = ReviewItem.objects.select_related("run__taxonomy_version")
    found = found.filter(run=finished_run, stratum__startswith="differ").first()
    review(found, rater(project, bob), "", "label.missed", note="see", corrected_output="refund")
    return found


@pytest.fixture
def moved(item, second, as_user, alice):
    answer = as_user(alice).post(PAGE, {"version": str(second)}, follow=True)
    assert "labelled in classification@2 now" in answer.content.decode()
    return item


def desk_data(page):
    return page.context["desk_data"]


def submit(client, item, judgement):
    sent = {"submission": str(uuid4()), "judgement": json.dumps(judgement)}
    return client.post(f"{DESK}{item.pk}/submit/", sent, headers={"hx-request": "true"})


class TestMove:
    def test_first_it_says_what_it_would_do(self, as_user, alice, item, second):
        page = as_user(alice).get(PAGE, {"version": str(second)})
        text = page.content.decode()
        assert page.context["outlook"].items == 1
        assert "1 of “Missed”" in text
        assert "Move shadow-11 to classification@2" in text
        item.refresh_from_db()
        assert item.state == "resolved"

    def test_it_works(self, moved, finished_run, second, as_user, bob):
        finished_run.refresh_from_db()
        assert finished_run.taxonomy_version == second
        text = as_user(bob).get(PAGE).content.decode()
        assert "1 by bob" in text

    def test_nothing_to_go_to(self, as_user, bob, finished_run):
        assert "no other version yet" in as_user(bob).get(PAGE).content.decode()

    def test_who_may_not(self, as_user, bob, erin, closed, finished_run, second):
        closed(PAGE)
        closed(PAGE, "post")
        for user in (bob, erin):
            page = as_user(user).get(PAGE, {"version": str(second)})
            assert page.status_code == 200
            assert "A lead or an owner can move it" in page.content.decode()
            assert as_user(user).post(PAGE, {"version": str(second)}).status_code == 403

    @pytest.mark.parametrize("version", ["x", "classification@9", "classification@", "@", "\0"])
    def test_no_such_version(self, as_user, alice, finished_run, version):
        for send in ("get", "post"):
            answer = getattr(as_user(alice), send)(PAGE, {"version": version})
            assert answer.status_code == 404

    def test_where_it_is(self, as_user, alice, finished_run):
        version = str(finished_run.taxonomy_version)
        page = as_user(alice).post(PAGE, {"version": version}, follow=True)
        assert "already" in page.content.decode()


class TestDesk:
    def test_it_comes_filled_in(self, moved, as_user, bob, project, rater):
        page = as_user(bob).get(DESK)
        assert page.context["item"] == moved
        assert "You labelled this in classification@1" in page.content.decode()
        draft = desk_data(page)["draft"]
        real = sides_of(moved, rater(project, bob))
        (finding,) = draft["findings"]
        assert (real[finding["side"]], finding["category"]) == ("candidate", None)
        assert (finding["choose"], finding["was"]) == (["late", "never"], "Missed")
        assert (draft["note"], draft["corrected_output"]) == ("see", "refund")

    def test_it_has_to_be_chosen(self, moved, as_user, bob):
        client = as_user(bob)
        draft = desk_data(client.get(DESK))["draft"]
        answer = submit(client, moved, draft)
        assert "choose Late or Never (was “Missed”)" in answer.content.decode()
        assert Review.objects.count() == 1

    def test_it_works(self, moved, as_user, bob):
        client = as_user(bob)
        draft = desk_data(client.get(DESK))["draft"]
        draft["findings"][0]["category"] = "late"
        submit(client, moved, draft)
        new = Review.objects.get(live=True)
        assert (new.blind, new.note, new.corrected_output) == (True, "see", "refund")
        finding = new.findings.get()
        assert (finding.side, finding.category.key) == ("candidate", "late")
        moved.refresh_from_db()
        assert moved.state == "resolved"

    def test_whoever_looked_is_not_blind(self, item, second, as_user, bob, alice):
        client = as_user(bob)
        assert "triage-11" in client.get(f"{QUEUE}{item.pk}/").content.decode()
        assert Exposure.objects.get().user == bob
        as_user(alice).post(PAGE, {"version": str(second)})
        draft = desk_data(client.get(DESK))["draft"]
        draft["findings"][0]["category"] = "late"
        submit(client, item, draft)
        assert not Review.objects.get(live=True).blind

    def test_others_do_not_get_it(self, moved, as_user, dana):
        page = as_user(dana).get(DESK)
        assert page.context["item"] != moved
        # Held and left: eleven, less the one that is kept for Bob.
        assert page.context["left"] == 10

    def test_a_page_from_before_the_move(self, finished_run, second, as_user, alice, bob):
        """What was typed comes back in the words of now."""
        client = as_user(bob)
        page = client.get(DESK)
        held, data = page.context["item"], desk_data(page)
        assert data["taxonomy"] == "classification@1"
        as_user(alice).post(PAGE, {"version": str(second)})
        finding = {"side": "A", "category": "label.missed", "severity": "major"}
        typed = {
            "taxonomy": data["taxonomy"],
            "sides": {"A": "error", "B": "ok"},
            "findings": [finding],
            "note": "an hour of work",
        }
        again = submit(client, held, typed)
        assert not Review.objects.exists()
        page = client.get(DESK)
        assert page.context["item"] == held
        draft = desk_data(page)["draft"]
        assert draft["note"] == "an hour of work"
        assert draft["findings"][0]["choose"] == ["late", "never"]
        assert "labelled in classification@2 now" in again.content.decode()
        assert "an hour of work" in again.content.decode()
        draft["findings"][0]["category"] = "never"
        submit(client, held, draft)
        assert Review.objects.get().findings.get().category.key == "never"
        assert not Draft.objects.exists()


class TestSidesWhileItWaits:
    def test_no_page_shows_them(self, moved, as_user, alice, bob, erin):
        for user in (alice, bob, erin):
            page = as_user(user).get(f"{QUEUE}{moved.pk}/").content.decode()
            assert "opened it again" in page
            assert not any(word in page for word in ("Text of the", "triage-09", "triage-11"))
            revise = as_user(user).get(f"{QUEUE}{moved.pk}/?revise").content.decode()
            assert "Revise" not in revise
        assert not Exposure.objects.exists()

    def test_no_list_by_category(self, moved, as_user, bob):
        for category in ("label.missed", "late"):
            page = as_user(bob).get(QUEUE, {"category": category})
            assert not page.context["page"].items

    def test_it_cannot_be_revised(self, moved, as_user, bob):
        sent = {"submission": str(uuid4()), "judgement": '{"sides": {"A": "ok", "B": "ok"}}'}
        answer = as_user(bob).post(
            f"{QUEUE}{moved.pk}/judge/", sent, headers={"hx-request": "true"}
        )
        assert "relabelled" in answer.content.decode()
        assert Review.objects.count() == 1


class TestRelease:
    def test_it_works(self, moved, as_user, alice, dana, project, rater, bob):
        page = as_user(alice).get(QUEUE)
        assert page.context["around"].relabelling == [
            {
                "run": "shadow-11",
                "reserved_for": rater(project, bob).pk,
                "kept_for": "bob",
                "adjudicated": False,
                "count": 1,
            }
        ]
        sent = {"run": "shadow-11", "rater": rater(project, bob).pk}
        page = as_user(alice).post(f"{QUEUE}release/", sent, follow=True)
        assert "1 place is not kept for bob any more" in page.content.decode()
        assert Slot.objects.relabelling().get().reserved_for is None
        page = as_user(alice).post(f"{QUEUE}release/", sent, follow=True)
        assert "can be taken from bob" in page.content.decode()

    def test_who_may_not(self, moved, as_user, bob, closed):
        closed(f"{QUEUE}release/", "post")
        assert as_user(bob).post(f"{QUEUE}release/", {}).status_code == 403
        assert "<button>Release" not in as_user(bob).get(QUEUE).content.decode()

    @pytest.mark.parametrize("sent", [{}, {"run": "x"}, {"run": "shadow-11", "rater": "\0"}])
    def test_bad_input(self, moved, as_user, alice, sent):
        assert as_user(alice).post(f"{QUEUE}release/", sent).status_code == 404


class TestReport:
    REPORT = "/p/support/runs/shadow-11/report/"

    def test_in_another_version(self, item, second, finished_run, as_user, bob):
        reports.refresh(run=finished_run)
        reports.refresh(run=finished_run, version=second)
        page = as_user(bob).get(self.REPORT, {"taxonomy": str(second)})
        text = page.content.decode()
        assert "Shown in classification@2: 1 label was made in classification@1" in text
        assert "Freeze this report" not in text
        own = as_user(bob).get(self.REPORT)
        assert "Shown in" not in own.content.decode()
        assert "?taxonomy=classification%402" in own.content.decode()

    def test_it_is_never_computed_here(self, item, second, as_user, bob):
        page = as_user(bob).get(self.REPORT, {"taxonomy": str(second)})
        assert "The report is being computed" in page.content.decode()
        assert "?taxonomy=classification%402" in page.content.decode()

    @pytest.mark.parametrize("version", ["x", "classification@9", "\0"])
    def test_no_such_version(self, as_user, bob, finished_run, version):
        assert as_user(bob).get(self.REPORT, {"taxonomy": version}).status_code == 404


def test_a_removed_member_s_exposure_stays(item, project, bob):
    exposures.show(items=[item.pk, item.pk], to=bob)
    exposures.show(items=[item.pk], to=bob)
    assert Exposure.objects.count() == 1
