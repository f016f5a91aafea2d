"""The editor without script: every panel is a page, every edit a form that is sent."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from evals.models import Project
from reviewapp.actions import taxonomies
from reviewapp.models import User
from taxonomy import drafts, interchange
from taxonomy.drafts import stored
from taxonomy.models import TaxonomyVersion

pytestmark = pytest.mark.django_db
DRAFT = "/p/support/taxonomy/draft/"
HTMX = {"HTTP_HX_REQUEST": "true"}
#: Of the preset that the project has: a leaf, its heading, another leaf beside it.
LEAF, HEADING, OTHER = "label.missed", "label", "label.false-alarm"


@pytest.fixture
def version(project: Project, alice: User) -> TaxonomyVersion:
    return taxonomies.start_draft(project=project, by=alice)


@pytest.fixture
def client(as_user, alice: User, version: TaxonomyVersion) -> Client:
    return as_user(alice)


def draft() -> drafts.Draft:
    return stored.load(TaxonomyVersion.objects.get(state="draft"))


def named(key: str) -> str:
    return drafts.category(draft(), key).name


def sent(revision: int = 1, key: str = LEAF, **more: object) -> dict[str, object]:
    one = drafts.category(draft(), key)
    fields = ("key", "name", "definition", "parent", "hotkey", "default_severity")
    return {
        "revision": revision,
        "of": key,
        **{name: getattr(one, name) for name in fields},
        **more,
    }


class TestEditor:
    @pytest.mark.parametrize(
        ("query", "what"),
        [
            ("", "The review form"),
            (f"?category={LEAF}", f"<code>{LEAF}</code>"),
            (f"?do=new&beside={LEAF}", "A new category"),
            (f"?do=remove&category={HEADING}", "under it go"),
            (f"?do=split&category={LEAF}", "Its parts, one a line"),
            (f"?do=merge&keys={LEAF}&keys={OTHER}", "Merge categories"),
            (f"?do=assign&category={LEAF}", "asked again which"),
            ("?do=labels", "What earlier labels become"),
            ("?do=severities", "A new severity"),
            ("?do=about", "Title and description"),
            ("?do=import", "From a preset"),
            ("?category=gone", "not in the draft any more"),
        ],
    )
    def test_it_works(self, client: Client, query: str, what: str) -> None:
        answer = client.get(DRAFT + query)
        assert answer.status_code == 200
        page = answer.content.decode().replace('<code class="quiet">', "<code>")
        assert what in page
        assert "nothing to publish" in page
        assert 'name="revision" value=""' not in page
        assert page.count('name="revision"') == page.count('name="revision" value="1"')

    def test_without_a_draft(self, as_user, alice: User, project: Project) -> None:
        assert as_user(alice).get(DRAFT).status_code == 302
        answer = as_user(alice).post(DRAFT + "move/", {}, follow=True)
        assert "published or discarded" in answer.content.decode()

    def test_who_may_not(self, as_user, closed, bob: User, version) -> None:
        assert as_user(bob).get(DRAFT).status_code == 403
        for place in ("move/", "undo/", "preview/", "publish/", "discard/", "start/"):
            assert as_user(bob).post(DRAFT + place).status_code == 403, place
            closed(DRAFT + place, "post")
        closed(DRAFT)

    def test_queries_do_not_grow(self, client: Client, queries) -> None:
        assert queries(client, DRAFT) < 30

    def test_a_fragment(self, client: Client) -> None:
        answer = client.get(f"{DRAFT}?category={LEAF}", **HTMX)
        assert "<html" not in answer.content.decode()
        assert answer["HX-Push-Url"] == f"{DRAFT}?category={LEAF}"


class TestStart:
    def test_it_works(self, as_user, alice: User, project: Project) -> None:
        page = as_user(alice).post(DRAFT + "start/", follow=True).content.decode()
        assert "classification@2 · draft on classification@1" in page

    def test_the_taxonomy_page_leads_to_it(self, client: Client) -> None:
        page = client.get("/p/support/taxonomy/").content.decode()
        assert "classification@2 is being drafted" in page
        assert "Go on with the draft" in page


class TestChange:
    def test_a_category(self, client: Client) -> None:
        more = {
            "name": "Overlooked",
            "use_when": "Often.",
            "weight-major": "7.5",
            "example-input": ["in", ""],
            "example-output": ["out", ""],
            "example-why": ["", ""],
            "meaning_changed": "on",
        }
        answer = client.post(DRAFT + "category/", sent(**more), follow=True)
        assert answer.redirect_chain[-1][0] == f"{DRAFT}?category={LEAF}"
        one = drafts.category(draft(), LEAF)
        assert (one.name, one.use_when, one.weights["major"]) == ("Overlooked", "Often.", 7.5)
        assert one.examples == (interchange.Example(input="in", output="out"),)
        assert LEAF in draft().moves.relabel
        assert "to “Overlooked”" in answer.content.decode()

    def test_what_is_wrong_stands_beside_its_field(self, client: Client) -> None:
        answer = client.post(DRAFT + "category/", sent(hotkey="f", name="Kept as typed"))
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "is a key of the review desk" in page
        assert 'value="Kept as typed"' in page

    def test_what_is_wrong_with_an_example(self, client: Client) -> None:
        example = {"example-input": "in", "example-output": " ", "example-why": ""}
        page = client.post(DRAFT + "category/", sent(**example)).content.decode()
        assert "Example 1, output: missing" in page

    def test_a_new_one(self, client: Client) -> None:
        data = {"revision": 1, "beside": LEAF, "name": "New one", "definition": "It is new."}
        answer = client.post(DRAFT + "category/", data)
        assert answer["Location"].endswith("?category=label.new-one")

    def test_moves_removes_splits_merges(self, client: Client) -> None:
        client.post(DRAFT + "move/", {"revision": 1, "of": OTHER, "way": "up"})
        client.post(DRAFT + "split/", {"revision": 2, "of": LEAF, "names": "Missed\nNot seen"})
        assert draft().moves.categories[LEAF] == (LEAF, "label.not-seen")
        data = {"revision": 3, "keys": ["label.not-seen", OTHER], "into": LEAF}
        client.post(DRAFT + "merge/", data)
        assert draft().moves.categories[OTHER] == (LEAF,)
        client.post(DRAFT + "remove/", {"revision": 4, "of": LEAF, "into": ""})
        assert draft().moves.categories[OTHER] == ()

    def test_what_labels_become(self, client: Client) -> None:
        data = {"revision": 1, "of": LEAF, "targets": [OTHER], "relabel": "on"}
        assert client.post(DRAFT + "assign/", data)["Location"].endswith("?do=labels")
        assert draft().moves.categories[LEAF] == (OTHER,)
        assert LEAF in draft().moves.relabel

    def test_severities(self, client: Client) -> None:
        data = {"revision": 1, "of": "major", "name": "Grave", "key": "major", "weight": "6"}
        client.post(DRAFT + "severity/", data)
        client.post(DRAFT + "severity/", {"revision": 2, "name": "Worst", "weight": "50"})
        client.post(DRAFT + "severity-move/", {"revision": 3, "of": "worst", "way": "up"})
        client.post(DRAFT + "severity-remove/", {"revision": 4, "of": "critical", "into": "worst"})
        names = [one.name for one in draft().new.severities]
        assert names[-2:] == ["Grave", "Worst"]
        assert draft().moves.severities["critical"] == "worst"

    def test_a_bad_severity_is_told_in_its_row(self, client: Client) -> None:
        data = {"revision": 1, "of": "major", "name": "", "weight": "x"}
        page = client.post(DRAFT + "severity/", data).content.decode()
        assert "Enter a number." in page

    def test_the_title(self, client: Client) -> None:
        client.post(DRAFT + "about/", {"revision": 1, "title": "Ours", "description": "d"})
        assert draft().new.title == "Ours"

    def test_a_file(self, client: Client) -> None:
        text = interchange.write(draft().new).replace("name: Missed", "name: Overlooked")
        bad = SimpleUploadedFile("t.yaml", text.replace("weight: 25", "weight: x").encode())
        answer = client.post(DRAFT + "import/", {"revision": 1, "file": bad})
        assert "line " in answer.content.decode()
        client.post(DRAFT + "import/", {"revision": 1, "text": text})
        assert named(LEAF) == "Overlooked"

    def test_a_preset(self, client: Client) -> None:
        client.post(DRAFT + "preset/", {"revision": 1, "preset": "translation"})
        assert "ranslation" in draft().new.title

    def test_nonsense(self, client: Client) -> None:
        assert client.post(DRAFT + "nonsense/", {}).status_code == 404
        for verb in ("category", "move", "remove", "merge", "split", "assign", "about", "severity"):
            for data in ({"revision": 1}, {"revision": 1, "of": "gone", "into": "gone"}):
                assert client.post(f"{DRAFT}{verb}/", data).status_code in (200, 422), verb
        assert TaxonomyVersion.objects.get(state="draft").revision == 1


class TestTwoPeople:
    def test_the_second_is_told_and_keeps_the_text(
        self, client: Client, as_user, olga: User
    ) -> None:
        client.post(DRAFT + "category/", sent(name="Alice's word"))
        answer = as_user(olga).post(DRAFT + "category/", sent(name="Olga's word"))
        page = answer.content.decode()
        assert answer.status_code == 409
        assert "alice changed this draft" in page
        assert "alice renamed “Missed” to “Alice’s word”".replace("’", "&#x27;") in page
        assert 'value="Olga&#x27;s word"' in page
        assert "Theirs beside mine" in page
        assert named(LEAF) == "Alice's word"
        assert 'name="revision" value="2"' in page

    def test_saving_again_puts_it_on_top(self, client: Client, as_user, olga: User) -> None:
        client.post(DRAFT + "category/", sent(name="Alice's word"))
        as_user(olga).post(DRAFT + "category/", sent(revision=2, name="Olga's word"))
        assert named(LEAF) == "Olga's word"

    def test_a_category_that_is_gone_becomes_a_new_one(
        self, client: Client, as_user, olga: User
    ) -> None:
        mine = sent(name="Olga's word")
        client.post(DRAFT + "remove/", {"revision": 1, "of": LEAF, "into": ""})
        page = as_user(olga).post(DRAFT + "category/", mine).content.decode()
        assert "alice removed “Missed”" in page
        assert "A new category" in page
        assert 'value="Olga&#x27;s word"' in page

    def test_a_fragment_says_the_same(self, client: Client) -> None:
        client.post(DRAFT + "move/", {"revision": 1, "of": OTHER, "way": "up"})
        answer = client.post(DRAFT + "category/", sent(name="Mine"), **HTMX)
        assert answer.status_code == 200
        assert "You changed this draft elsewhere" in answer.content.decode()


class TestPreview:
    def test_it_works(self, client: Client) -> None:
        answer = client.post(DRAFT + "preview/", sent(name="While typing"), **HTMX)
        page = answer.content.decode()
        assert "Renamed “Missed” to “While typing”" in page
        assert named(LEAF) == "Missed"

    def test_a_clash_is_told_at_once(self, client: Client) -> None:
        taken = drafts.category(draft(), OTHER).hotkey
        page = client.post(DRAFT + "preview/", sent(hotkey=taken), **HTMX).content.decode()
        assert f"“{taken}” is taken by" in page


class TestUndo:
    def test_it_works(self, client: Client) -> None:
        client.post(DRAFT + "category/", sent(name="Other"))
        client.post(DRAFT + "undo/", {"revision": 2})
        assert named(LEAF) == "Missed"

    def test_nothing_to_undo(self, client: Client) -> None:
        assert client.post(DRAFT + "undo/", {"revision": 1}).status_code == 302


class TestPublish:
    def test_it_works(self, client: Client, project: Project) -> None:
        client.post(DRAFT + "category/", sent(name="Other"))
        assert "keeps its meaning" in client.get(DRAFT + "publish/").content.decode()
        page = client.post(DRAFT + "publish/", {"revision": 2, "adopt": "on"}, follow=True)
        assert "classification@2 is published" in page.content.decode()
        project.refresh_from_db()
        assert project.taxonomy_version.number == 2

    def test_problems(self, client: Client) -> None:
        page = client.get(DRAFT + "publish/").content.decode()
        assert "It cannot be published yet" in page
        answer = client.post(DRAFT + "publish/", {"revision": 1})
        assert answer.status_code == 422

    def test_what_changed_meanwhile(self, client: Client) -> None:
        client.post(DRAFT + "category/", sent(name="Other"))
        answer = client.post(DRAFT + "publish/", {"revision": 1})
        assert "Nothing was published: alice was here first" in answer.content.decode()

    def test_labels_have_to_be_confirmed(self, client: Client, labelled, olga: User) -> None:
        category = labelled.category.key
        client.post(DRAFT + "remove/", {"revision": 1, "of": category, "into": ""})
        page = client.get(DRAFT + "publish/").content.decode()
        assert "1 label keeps it and cannot be shown in the new version" in page
        assert client.post(DRAFT + "publish/", {"revision": 2}).status_code == 422
        answer = client.post(DRAFT + "publish/", {"revision": 2, "understood": "on"})
        assert answer.status_code == 302


class TestDiscard:
    def test_it_works(self, client: Client) -> None:
        page = client.post(DRAFT + "discard/", {"revision": 1}, follow=True).content.decode()
        assert "is discarded" in page
        assert TaxonomyVersion.objects.count() == 1

    def test_what_changed_meanwhile(self, client: Client) -> None:
        client.post(DRAFT + "category/", sent(name="Other"))
        page = client.post(DRAFT + "discard/", {"revision": 1}, follow=True).content.decode()
        assert "Nothing was discarded" in page
