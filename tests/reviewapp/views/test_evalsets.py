import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from evals.models import EvalSetVersion, Project, Run
from reviewapp.models import Review, ReviewItem, User
from tests.reviewapp.conftest import as_lines
from tests.reviewapp.views.conftest import gold

pytestmark = pytest.mark.django_db
LIST, NEW, ONE = "/p/support/evalset/", "/p/support/evalset/new/", "/p/support/evalset/gold/"


class TestEvalSets:
    def test_it_works(self, as_user, bob: User, version: EvalSetVersion) -> None:
        page = as_user(bob).get(LIST).content.decode()
        assert "gold@1" in page
        assert version.digest[:12] in page

    def test_outsiders(self, closed, project: Project) -> None:
        closed(LIST)

    def test_an_empty_list_says_what_to_do(self, as_user, erin: User) -> None:
        assert (
            "Make one from a JSONL file, or from a labelled run"
            in as_user(erin).get(LIST).content.decode()
        )

    def test_the_latest_version_is_shown(self, as_user, queries, erin: User, version) -> None:
        client = as_user(erin)
        before = queries(client, LIST)
        client.post(NEW, {"name": "gold", "lines": as_lines(gold(4)).decode()})
        client.post(NEW, {"name": "other", "lines": as_lines(gold(2)).decode()})
        page = client.get(LIST).content.decode()
        assert "gold@2" in page
        assert "gold@1" not in page
        assert queries(client, LIST) == before


class TestNew:
    def test_it_works(self, as_user, erin: User) -> None:
        file = SimpleUploadedFile("gold.jsonl", as_lines(gold(3)))
        answer = as_user(erin).post(NEW, {"name": "gold", "file": file, "note": "hand made"})
        assert answer["Location"] == ONE
        version = EvalSetVersion.objects.get()
        assert (version.size, version.note, version.created_by) == (3, "hand made", "erin")
        assert version.examples.first().provenance == {"file": "gold.jsonl", "line": 1}

    def test_a_reviewer_may_not(self, as_user, bob: User) -> None:
        assert as_user(bob).post(NEW, {}).status_code == 403

    def test_outsiders(self, closed, project: Project) -> None:
        closed(NEW)

    def test_bad_lines_are_listed(self, as_user, erin: User) -> None:
        lines = as_lines(gold(1)).decode() + '{"id": \n{"id": "b", "input": "x"}\n'
        page = as_user(erin).post(NEW, {"name": "gold", "lines": lines}).content.decode()
        assert "<li>line 2: not JSON" in page
        assert "<li>line 3, $.expected: an example needs" in page
        assert not EvalSetVersion.objects.exists()

    def test_neither_file_nor_lines(self, as_user, erin: User) -> None:
        page = as_user(erin).post(NEW, {"name": "gold", "lines": " "}).content.decode()
        assert "one of the three" in page

    def test_a_name_that_is_an_address(self, as_user, erin: User) -> None:
        body = {"name": "new", "lines": as_lines(gold(1)).decode()}
        assert "is an address" in as_user(erin).post(NEW, body).content.decode()


class TestEvalSet:
    def test_it_works(self, as_user, bob: User, version) -> None:
        page = as_user(bob).get(ONE).content.decode()
        assert "line 1 of gold.jsonl" in page
        assert "billing" in page
        assert version.digest in page

    def test_outsiders(self, closed, version) -> None:
        closed(ONE)

    def test_a_version_that_is_not_there(self, as_user, bob: User, version) -> None:
        assert as_user(bob).get(ONE + "?version=7").status_code == 404

    def test_pages(self, as_user, bob: User, version, monkeypatch) -> None:
        monkeypatch.setattr("reviewapp.views.evalsets.PAGE", 2)
        context = as_user(bob).get(ONE).context
        assert context["more"] == 2
        context = as_user(bob).get(ONE + "?after=2").context
        assert [row.position for row, _ in context["rows"]] == [3]

    def test_what_it_can_detect(self, as_user, bob: User, version) -> None:
        shares = [share for share, _ in as_user(bob).get(ONE).context["detectable"]]
        assert shares == [0.05, 0.1, 0.2]


class TestGrow:
    @pytest.fixture
    def resolved(self, finished_run: Run, olga: User, rater) -> ReviewItem:
        from django.utils import timezone

        item = finished_run.items.get(comparison__request__key="req-02")
        Review.objects.create(
            item=item,
            rater=rater(item.project, olga),
            taxonomy_version=finished_run.taxonomy_version,
            baseline="error",
            candidate="ok",
            submission="00000000-0000-0000-0000-000000000001",
        )
        ReviewItem.objects.filter(pk=item.pk).update(state="resolved", resolved_at=timezone.now())
        return item

    def test_it_works(self, as_user, erin: User, version, resolved: ReviewItem) -> None:
        page = as_user(erin).post(ONE + "grow/", {"run": resolved.run_id}, follow=True)
        text = page.content.decode()
        assert "gold@2 is sealed: 1 example came in" in text
        assert "shadow-11, reviewed by olga" in text

    def test_a_first_version(self, as_user, erin: User, resolved: ReviewItem) -> None:
        body = {"name": "labelled", "run": resolved.run_id}
        assert as_user(erin).post(NEW, body)["Location"] == "/p/support/evalset/labelled/"
        example = EvalSetVersion.objects.get().examples.get()
        assert (example.request.key, example.expected) == ("req-02", "refund")

    def test_nothing_new(self, as_user, erin: User, version, resolved: ReviewItem) -> None:
        client, body = as_user(erin), {"run": resolved.run_id}
        client.post(ONE + "grow/", body)
        page = client.post(ONE + "grow/", body, follow=True).content.decode()
        assert "has nothing that gold@2 does not have" in page

    def test_a_reviewer_may_not(self, as_user, bob: User, version) -> None:
        assert as_user(bob).post(ONE + "grow/").status_code == 403

    def test_outsiders(self, closed, version) -> None:
        closed(ONE + "grow/", "post")

    def test_a_run_without_resolved_items(self, as_user, erin, version, finished_run) -> None:
        page = as_user(erin).post(ONE + "grow/", {"run": finished_run.pk}, follow=True)
        assert "Choose a run" in page.content.decode()
        assert EvalSetVersion.objects.count() == 1


class TestExport:
    def test_it_works(self, as_user, erin: User, version) -> None:
        answer = as_user(erin).get(ONE + "export/?format=traffic&version=1")
        lines = [json.loads(line) for line in answer.getvalue().splitlines()]
        assert [line["id"] for line in lines] == ["gold-0", "gold-1", "gold-2"]
        assert 'filename="gold-1-traffic.jsonl"' in answer["Content-Disposition"]

    def test_inspect(self, as_user, erin: User, version) -> None:
        answer = as_user(erin).get(ONE + "export/?format=inspect")
        assert json.loads(answer.getvalue().splitlines()[0])["target"] == "billing"

    def test_a_reviewer_may_not(self, as_user, bob: User, version) -> None:
        assert as_user(bob).get(ONE + "export/").status_code == 403

    def test_outsiders(self, closed, version) -> None:
        closed(ONE + "export/")

    def test_an_unknown_format(self, as_user, erin: User, version) -> None:
        assert as_user(erin).get(ONE + "export/?format=xml").status_code == 404
