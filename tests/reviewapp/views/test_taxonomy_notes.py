import pytest

from reviewapp.models import Finding, ReviewItem, User
from taxonomy import interchange, presets
from tests.reviewapp.versions import further

pytestmark = pytest.mark.django_db
ADDRESS = "/p/support/taxonomy/"


class TestNotes:
    def test_it_works(self, as_user, bob: User, labelled: Finding) -> None:
        Finding.objects.create(
            review=labelled.review, side="candidate", note="It shouts <b>at people</b>"
        )
        page = as_user(bob).get(ADDRESS + "notes/").content.decode()
        assert "It shouts &lt;b&gt;at people" in page
        assert f"/p/support/queue/{labelled.review.item_id}/" in page
        assert "Notes to sort" in as_user(bob).get(ADDRESS).content.decode()

    def test_items_that_are_not_resolved_stay_blind(self, as_user, bob, labelled) -> None:
        Finding.objects.create(review=labelled.review, side="candidate", note="A secret")
        ReviewItem.objects.update(state="pending", resolved_at=None)
        page = as_user(bob).get(ADDRESS + "notes/").content.decode()
        assert "A secret" not in page
        assert "Nothing is waiting" in page

    def test_outsiders(self, closed, project) -> None:
        closed(ADDRESS + "notes/")


class TestChanges:
    def test_it_works(self, as_user, bob: User, project) -> None:
        content = presets.load("translation")
        interchange.create_version(project="support", name="classification", content=content)
        query = "?from=classification@1&to=classification@2"
        page = as_user(bob).get(f"{ADDRESS}changes/{query}").content.decode()
        assert "Retired “Missed”" in page
        back = as_user(bob).get(f"{ADDRESS}changes/?from=classification@2&to=classification@1")
        assert "Added “Missed”" in back.content.decode()

    def test_the_newest_where_the_first_is_in_force(self, as_user, bob: User, project) -> None:
        further(project, out=("label.missed",))
        page = as_user(bob).get(ADDRESS + "changes/").content.decode()
        assert "From classification@1 to classification@2" in page

    def test_one_version(self, as_user, bob: User, project) -> None:
        page = as_user(bob).get(ADDRESS + "changes/").content.decode()
        assert "There is one version" in page

    def test_outsiders(self, closed, project) -> None:
        closed(ADDRESS + "changes/")
