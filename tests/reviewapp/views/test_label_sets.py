import pytest

from reviewapp.models import LabelSet
from tests.reviewapp.labelling.importing.scenes import NEW, bare, bring, found, record

pytestmark = pytest.mark.django_db
PAGE = "/p/support/settings/labels/"


@pytest.fixture
def labelled(project, models):
    bare(project, models)
    bring(project, record(1, sides={NEW: "error"}, findings=[found()]), kind="expert")


class TestPage:
    def test_it_works(self, as_user, bob, labelled):
        text = as_user(bob).get(PAGE).content.decode()
        assert "imported" in text
        assert "all there are" in text
        assert NEW in text
        assert "expert" in text
        assert text.count("<form") == 1  # signing out

    def test_nothing_yet(self, as_user, erin, models):
        text = as_user(erin).get(PAGE).content.decode()
        assert "No labels came from elsewhere yet" in text
        assert "import_labels support" in text

    def test_outsiders(self, closed, project):
        closed(PAGE)
        closed(PAGE + "several/", "post")

    def test_a_constant_number_of_queries(
        self, as_user, bob, labelled, project, django_assert_max_num_queries
    ):
        client = as_user(bob)
        for name in "abcd":
            bring(project, record(2, name), name=name)
        with django_assert_max_num_queries(14):
            client.get(PAGE)

    def test_hostile_names(self, as_user, olga, labelled, project):
        bring(project, record(2, "<script>x</script>"))
        assert "<script>x" not in as_user(olga).get(PAGE).content.decode()


class TestDescribe:
    def test_it_works(self, as_user, erin, labelled):
        fields = {"design": "random", "blind": "on"}
        assert as_user(erin).post(PAGE + "set/imported/", fields).status_code == 302
        made = LabelSet.objects.get()
        assert (made.design, made.blind, made.kind) == ("random", True, "expert")

    def test_a_reviewer_may_not(self, as_user, bob, labelled):
        answer = as_user(bob).post(PAGE + "set/imported/", {"design": "random"})
        assert answer.status_code == 403

    def test_bad_input(self, as_user, erin, labelled):
        client = as_user(erin)
        answer = client.post(PAGE + "set/imported/", {"design": "all"}, follow=True)
        assert "write census, random or unknown" in answer.content.decode()
        assert client.post(PAGE + "set/none/", {"design": "random"}).status_code == 404


class TestSeveral:
    def test_it_works(self, as_user, alice, project):
        as_user(alice).post(PAGE + "several/", {"several_raters": "average"})
        project.refresh_from_db()
        assert project.several_raters == "average"

    def test_an_engineer_may_not(self, as_user, erin):
        answer = as_user(erin).post(PAGE + "several/", {"several_raters": "average"})
        assert answer.status_code == 403

    def test_bad_input(self, as_user, alice, project):
        answer = as_user(alice).post(PAGE + "several/", {"several_raters": "x"}, follow=True)
        assert "write adjudicate or average" in answer.content.decode()


class TestARunWithoutAQueue:
    def test_is_started_on_the_page(self, as_user, erin, labelled, models, project):
        old, new = models
        fields = {"name": "bare", "kind": "recorded", "baseline": old.pk, "candidate": new.pk}
        as_user(erin).post("/p/support/runs/new/", {**fields, "no_draw": "on"})
        assert project.runs.get(name="bare").sampling["labels"] == 0
