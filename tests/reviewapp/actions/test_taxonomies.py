from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection

from evals.models import Project
from reviewapp.actions import taxonomies
from reviewapp.models import AuditEvent, User
from taxonomy import drafts, interchange, presets
from taxonomy.drafts import stored
from taxonomy.interchange import TaxonomyError
from taxonomy.models import Category, DraftEdit, TaxonomyVersion


def rename(name: str) -> taxonomies.Edit:
    return lambda draft: drafts.edit(draft, draft.new.categories[-1].key, name=name)


@pytest.fixture
def draft(project: Project, alice: User) -> TaxonomyVersion:
    return taxonomies.start_draft(project=project, by=alice)


@pytest.fixture
def edit(project: Project, draft: TaxonomyVersion, alice: User):
    """Makes one edit on top of the newest revision, and holds what is stored against it."""

    def made(change: taxonomies.Edit) -> drafts.Draft:
        draft.refresh_from_db()
        wanted = change(stored.load(draft))
        taxonomies.edit(
            project=project, version=draft, revision=draft.revision, change=change, by=alice
        )
        draft.refresh_from_db()
        found = stored.load(draft)
        assert found == replace(wanted, said="")
        return found

    return made


@pytest.mark.django_db
class TestStartDraft:
    def test_it_works(self, project: Project, draft: TaxonomyVersion) -> None:
        assert (str(draft), draft.state, draft.revision) == ("classification@2", "draft", 1)
        assert draft.based_on == project.taxonomy_version
        content = interchange.content_of(project.taxonomy_version)
        assert stored.load(draft) == drafts.begin(content)
        event = AuditEvent.objects.latest("id")
        assert (event.actor, event.verb) == ("alice", "started taxonomy draft")

    def test_there_is_one(self, project: Project, draft: TaxonomyVersion, olga: User) -> None:
        assert taxonomies.start_draft(project=project, by=olga) == draft

    def test_it_begins_as_the_version_in_force(self, project, draft, edit, alice, olga) -> None:
        edit(rename("Newer"))
        taxonomies.publish(project=project, version=draft, revision=2, adopt=False, by=alice)
        second = taxonomies.start_draft(project=project, by=olga)
        assert (second.number, second.based_on.number) == (3, 1)


@pytest.mark.django_db
class TestEdit:
    def test_it_works(self, draft: TaxonomyVersion, edit) -> None:
        found = edit(rename("Other word"))
        assert found.new.categories[-1].name == "Other word"
        assert (draft.revision, draft.edited_by) == (2, "alice")
        event = AuditEvent.objects.latest("id")
        assert event.verb == "edited taxonomy draft"
        assert event.data["change"].endswith("to “Other word”")

    def test_whatever_is_edited_is_stored(self, draft: TaxonomyVersion, edit) -> None:
        first = edit(rename("Other")).new.categories
        leaf, heading = first[-1].key, first[0].key
        edit(lambda d: drafts.move(d, leaf, "up"))
        edit(lambda d: drafts.edit(d, leaf, key="another", hotkey="", meaning_changed=True))
        edit(lambda d: drafts.split(d, "another", ["One", "Two"]))
        edit(lambda d: drafts.move(d, heading, "down"))
        edit(lambda d: drafts.remove(d, heading))
        edit(lambda d: drafts.add(d, name="Child", definition="d", parent=d.new.categories[-1].key))
        edit(lambda d: drafts.describe(d, title="T", description="D", source=""))
        edit(lambda d: drafts.edit_severity(d, "major", key="big", hotkey="X"))
        edit(lambda d: drafts.add_severity(d, name="Worst", weight=Decimal(50)))
        edit(lambda d: drafts.move_severity(d, "worst", "up"))
        edit(lambda d: drafts.remove_severity(d, "big", "worst"))
        edit(lambda d: drafts.replace_content(d, presets.load("translation"), "took a preset"))

    def test_hotkeys_and_keys_change_places(self, draft: TaxonomyVersion, edit) -> None:
        def swap(d: drafts.Draft) -> drafts.Draft:
            one, two = [c for c in d.new.categories if c.hotkey][:2]
            swapped = {
                one.key: replace(one, hotkey=two.hotkey),
                two.key: replace(two, hotkey=one.hotkey),
            }
            both = tuple(swapped.get(c.key, c) for c in d.new.categories)
            flipped = tuple(reversed(d.new.severities))
            content = replace(d.new, categories=both, severities=flipped)
            return drafts.replace_content(d, content, "swapped")

        edit(swap)

    def test_a_bad_one_leaves_all_as_it_was(self, project, draft, alice) -> None:
        with pytest.raises(TaxonomyError):
            taxonomies.edit(
                project=project, version=draft, revision=1, change=rename(" "), by=alice
            )
        draft.refresh_from_db()
        assert draft.revision == 1
        assert not DraftEdit.objects.exists()

    def test_on_another_revision_nothing_is_written(self, project, draft, edit, olga) -> None:
        edit(rename("Mine"))
        with pytest.raises(taxonomies.DraftChanged) as caught:
            taxonomies.edit(
                project=project, version=draft, revision=1, change=rename("Theirs"), by=olga
            )
        assert caught.value.who == "alice"
        assert caught.value.edits[0].said.endswith("to “Mine”")
        assert not Category.objects.filter(name="Theirs").exists()

    def test_a_published_one_cannot_be(self, project, draft, olga) -> None:
        version = project.taxonomy_version
        with pytest.raises(taxonomies.DraftChanged):
            taxonomies.edit(
                project=project, version=version, revision=1, change=rename("x"), by=olga
            )


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_is_told(project: Project, alice: User, olga: User) -> None:
    draft = taxonomies.start_draft(project=project, by=alice)

    def attempt(by: User) -> str:
        try:
            taxonomies.edit(
                project=project,
                version=draft,
                revision=1,
                change=rename(f"By {by.username}"),
                by=by,
            )
        except taxonomies.DraftChanged as error:
            return f"told of {error.who}"
        else:
            return by.username
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        found = set(threads.map(attempt, [alice, olga]))
    draft.refresh_from_db()
    assert found in ({"alice", "told of alice"}, {"olga", "told of olga"})
    assert draft.revision == 2
    assert DraftEdit.objects.count() == 1


@pytest.mark.django_db
class TestUndo:
    def undo(self, project: Project, draft: TaxonomyVersion, by: User) -> drafts.Draft:
        draft.refresh_from_db()
        taxonomies.undo(project=project, version=draft, revision=draft.revision, by=by)
        return stored.load(draft)

    def test_it_works_edit_by_edit(self, project, draft, edit, alice) -> None:
        start = stored.load(draft)
        one = edit(rename("One"))
        edit(lambda d: drafts.remove(d, d.new.categories[0].key))
        assert self.undo(project, draft, alice) == one
        assert self.undo(project, draft, alice) == start
        with pytest.raises(TaxonomyError, match="no edit that could be undone"):
            self.undo(project, draft, alice)
        assert DraftEdit.objects.filter(undone=True).count() == 2
        assert AuditEvent.objects.latest("id").data["change"].startswith("undid: renamed")

    def test_an_edit_after_it_is_undone_first(self, project, draft, edit, alice) -> None:
        one = edit(rename("One"))
        edit(rename("Two"))
        self.undo(project, draft, alice)
        edit(rename("Three"))
        assert self.undo(project, draft, alice) == one


@pytest.mark.django_db
class TestPublish:
    def test_it_works(self, project, draft, edit, alice) -> None:
        found = edit(rename("Newer"))
        version = taxonomies.publish(
            project=project, version=draft, revision=2, adopt=True, by=alice
        )
        project.refresh_from_db()
        assert project.taxonomy_version == version
        assert (version.state, version.digest) == ("published", interchange.digest(found.new))
        assert interchange.moves_of(version) == found.moves
        assert not DraftEdit.objects.filter(before__isnull=False).exists()

    def test_without_adopting(self, project, draft, edit, alice) -> None:
        edit(rename("Newer"))
        taxonomies.publish(project=project, version=draft, revision=2, adopt=False, by=alice)
        project.refresh_from_db()
        assert project.taxonomy_version.number == 1

    def test_nothing_new_is_refused(self, project, draft, alice) -> None:
        with pytest.raises(TaxonomyError, match="nothing to publish"):
            taxonomies.publish(project=project, version=draft, revision=1, adopt=True, by=alice)
        draft.refresh_from_db()
        assert draft.state == "draft"

    def test_what_changed_meanwhile_is_told(self, project, draft, edit, olga) -> None:
        edit(rename("Newer"))
        with pytest.raises(taxonomies.DraftChanged):
            taxonomies.publish(project=project, version=draft, revision=1, adopt=True, by=olga)


@pytest.mark.django_db
class TestDiscard:
    def test_it_works(self, project, draft, edit, alice) -> None:
        edit(lambda d: drafts.replace_content(d, presets.load("translation"), "took a preset"))
        taxonomies.discard(project=project, version=draft, revision=2, by=alice)
        assert TaxonomyVersion.objects.count() == 1
        assert AuditEvent.objects.latest("id").data == {"changes": ["took a preset"]}

    def test_what_changed_meanwhile_is_told(self, project, draft, edit, olga) -> None:
        edit(rename("Newer"))
        with pytest.raises(taxonomies.DraftChanged):
            taxonomies.discard(project=project, version=draft, revision=1, by=olga)
