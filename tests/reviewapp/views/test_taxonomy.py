import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from evals.models import Project
from reviewapp.actions import projects, taxonomies
from reviewapp.models import User
from taxonomy import interchange, presets
from taxonomy.models import TaxonomyVersion

pytestmark = pytest.mark.django_db
ADDRESS = "/p/support/taxonomy/"


@pytest.fixture
def changed(project: Project) -> str:
    text = interchange.write(interchange.content_of(project.taxonomy_version))
    return text.replace("name: Missed", "name: Overlooked")


class TestTaxonomy:
    def test_it_works(self, as_user, bob: User, project: Project) -> None:
        page = as_user(bob).get(ADDRESS).content.decode()
        assert "Classification and structured extraction" in page
        assert "The input belongs to a class that calls for action" in page
        assert "<kbd>M</kbd>" in page
        assert "Start a draft" not in page

    def test_outsiders(self, closed, project: Project) -> None:
        closed(ADDRESS)

    def test_queries_do_not_grow_with_categories(self, as_user, queries, bob, project) -> None:
        assert queries(as_user(bob), ADDRESS) < 20

    def test_a_version_that_is_not_there(self, as_user, bob: User) -> None:
        for reference in ("classification@9", "x", "a@b", "@", "classification@" + "9" * 30):
            assert as_user(bob).get(ADDRESS, {"version": reference}).status_code == 404


class TestUpload:
    def test_it_works(self, as_user, alice: User, project: Project, changed: str) -> None:
        file = SimpleUploadedFile("t.yaml", changed.encode())
        page = as_user(alice).post(ADDRESS, {"file": file}, follow=True).content.decode()
        assert "Renamed “Missed” to “Overlooked”" in page
        assert "Publish classification@2" in page
        assert TaxonomyVersion.objects.get(number=2).state == "draft"

    def test_a_reviewer_may_not(self, as_user, bob: User, changed: str) -> None:
        assert as_user(bob).post(ADDRESS, {"text": changed}).status_code == 403

    def test_problems_come_with_their_lines(self, as_user, alice: User, changed: str) -> None:
        broken = changed.replace("weight: 25", "weight: heavy")
        page = as_user(alice).post(ADDRESS, {"text": broken}).content.decode()
        assert "Nothing was taken" in page
        assert "<li>line " in page
        assert TaxonomyVersion.objects.count() == 1

    def test_a_draft_is_not_overwritten(self, as_user, alice: User, project, changed) -> None:
        taxonomies.start_draft(project=project, by=alice)
        page = as_user(alice).post(ADDRESS, {"text": changed}).content.decode()
        assert "put the file into it" in page
        assert TaxonomyVersion.objects.get(number=2).revision == 1

    def test_not_utf8(self, as_user, alice: User) -> None:
        file = SimpleUploadedFile("t.yaml", b"title: \xff")
        assert "is not UTF-8" in as_user(alice).post(ADDRESS, {"file": file}).content.decode()

    def test_neither_file_nor_text(self, as_user, alice: User) -> None:
        page = as_user(alice).post(ADDRESS, {"text": " "}).content.decode()
        assert "Choose a file or paste its text" in page


class TestAdopt:
    def test_it_works(self, as_user, alice: User, project: Project) -> None:
        client = as_user(alice)
        content = presets.load("translation")
        second = interchange.create_version(
            project="support", name="classification", content=content
        )
        projects.set_taxonomy(project=project, version=second, by=alice)
        page = client.get(ADDRESS + "?version=classification@1").content.decode()
        assert "Use classification@1 for new runs" in page
        client.post(ADDRESS + "adopt/", {"version": "classification@1"})
        project.refresh_from_db()
        assert project.taxonomy_version.number == 1

    def test_a_reviewer_may_not(self, as_user, bob: User) -> None:
        assert as_user(bob).post(ADDRESS + "adopt/").status_code == 403

    def test_outsiders(self, closed, project: Project) -> None:
        closed(ADDRESS + "adopt/", "post")


class TestRetire:
    def test_it_works(self, as_user, alice: User, project: Project) -> None:
        client = as_user(alice)
        content = presets.load("translation")
        interchange.create_version(project="support", name="classification", content=content)
        data = {"version": "classification@2"}
        page = client.post(ADDRESS + "retire/", data, follow=True).content.decode()
        assert "classification@2 is retired" in page
        page = client.post(ADDRESS + "adopt/", data, follow=True).content.decode()
        assert "take it back into use first" in page
        page = client.post(ADDRESS + "retire/", {**data, "back": ""}, follow=True)
        assert "classification@2 can be used again" in page.content.decode()

    def test_the_one_in_force(self, as_user, alice: User, project: Project) -> None:
        page = as_user(alice).post(
            ADDRESS + "retire/", {"version": "classification@1"}, follow=True
        )
        assert "is in force: adopt another version first" in page.content.decode()

    def test_who_may_not(self, as_user, closed, bob: User) -> None:
        assert as_user(bob).post(ADDRESS + "retire/").status_code == 403
        closed(ADDRESS + "retire/", "post")


class TestExport:
    def test_it_works(self, as_user, bob: User, project: Project) -> None:
        answer = as_user(bob).get(ADDRESS + "export/")
        assert 'filename="classification-1.yaml"' in answer["Content-Disposition"]
        content = interchange.read(answer.content.decode())
        assert content == interchange.content_of(project.taxonomy_version)

    def test_a_draft(self, as_user, alice: User, bob: User, project: Project) -> None:
        taxonomies.start_draft(project=project, by=alice)
        query = {"version": "classification@2"}
        assert as_user(alice).get(ADDRESS + "export/", query).status_code == 200
        assert as_user(bob).get(ADDRESS + "export/", query).status_code == 404

    def test_outsiders(self, closed, project: Project) -> None:
        closed(ADDRESS + "export/")
