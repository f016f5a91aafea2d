import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from evals.models import Project
from reviewapp.models import User
from taxonomy import interchange
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
        assert "Publish it" not in page

    def test_outsiders(self, closed, project: Project) -> None:
        closed(ADDRESS)

    def test_queries_do_not_grow_with_categories(self, as_user, queries, bob, project) -> None:
        assert queries(as_user(bob), ADDRESS) < 15

    def test_a_version_that_is_not_there(self, as_user, bob: User) -> None:
        for reference in ("classification@9", "x", "a@b", "@", "classification@" + "9" * 30):
            assert as_user(bob).get(ADDRESS, {"version": reference}).status_code == 404


class TestUpload:
    def test_it_works(self, as_user, alice: User, project: Project, changed: str) -> None:
        file = SimpleUploadedFile("t.yaml", changed.encode())
        page = as_user(alice).post(ADDRESS, {"file": file}, follow=True).content.decode()
        assert "Overlooked" in page
        project.refresh_from_db()
        assert str(project.taxonomy_version) == "classification@2"

    def test_a_reviewer_may_not(self, as_user, bob: User, changed: str) -> None:
        assert as_user(bob).post(ADDRESS, {"text": changed}).status_code == 403

    def test_problems_come_with_their_lines(self, as_user, alice: User, changed: str) -> None:
        broken = changed.replace("weight: 25", "weight: heavy")
        page = as_user(alice).post(ADDRESS, {"text": broken}).content.decode()
        assert "Nothing was published" in page
        assert "<li>line " in page
        assert TaxonomyVersion.objects.count() == 1

    def test_not_utf8(self, as_user, alice: User) -> None:
        file = SimpleUploadedFile("t.yaml", b"title: \xff")
        assert "is not UTF-8" in as_user(alice).post(ADDRESS, {"file": file}).content.decode()

    def test_neither_file_nor_text(self, as_user, alice: User) -> None:
        page = as_user(alice).post(ADDRESS, {"text": " "}).content.decode()
        assert "Choose a file or paste its text" in page


class TestAdopt:
    def test_it_works(self, as_user, alice: User, project: Project, changed: str) -> None:
        client = as_user(alice)
        client.post(ADDRESS, {"text": changed})
        assert (
            "Use classification@1 for new runs"
            in client.get(ADDRESS + "?version=classification@1").content.decode()
        )
        client.post(ADDRESS + "adopt/", {"version": "classification@1"})
        project.refresh_from_db()
        assert project.taxonomy_version.number == 1

    def test_a_reviewer_may_not(self, as_user, bob: User) -> None:
        assert as_user(bob).post(ADDRESS + "adopt/").status_code == 403

    def test_outsiders(self, closed, project: Project) -> None:
        closed(ADDRESS + "adopt/", "post")


class TestExport:
    def test_it_works(self, as_user, bob: User, project: Project) -> None:
        answer = as_user(bob).get(ADDRESS + "export/")
        assert 'filename="classification-1.yaml"' in answer["Content-Disposition"]
        content = interchange.read(answer.content.decode())
        assert content == interchange.content_of(project.taxonomy_version)

    def test_outsiders(self, closed, project: Project) -> None:
        closed(ADDRESS + "export/")
