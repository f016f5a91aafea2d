"""The draft of a project's next taxonomy version: begun, edited, undone, published, discarded.

An edit names the revision of the draft that its maker saw. Whoever comes second is told who
changed what (DraftChanged), and nothing of theirs is written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evals.models import Project
from reviewapp.actions import audit, projects
from reviewapp.models import User
from taxonomy import drafts, interchange
from taxonomy.drafts import rows, stored
from taxonomy.models import DraftEdit, Taxonomy, TaxonomyVersion

Edit = Callable[[drafts.Draft], drafts.Draft]

#: So many edits can be undone; what the draft was before each is kept.
UNDOABLE = 50


class DraftChanged(Exception):
    """Somebody else edited, published or discarded the draft since it was read."""

    def __init__(self, said: list[DraftEdit], who: str, when: datetime) -> None:
        self.edits, self.who, self.when = said, who, when
        what = "; ".join(one.said for one in said) or "the draft is no longer open"
        super().__init__(f"{who or 'somebody'} was here first: {what}")


@transaction.atomic
def start_draft(*, project: Project, by: User) -> TaxonomyVersion:
    """A draft that begins as the version in force; the one that is open, if there is one."""
    base = project.taxonomy_version
    # The lock makes two who come at once take turns.
    taxonomy = Taxonomy.objects.select_for_update().get(pk=base.taxonomy_id)
    if found := stored.open_draft(taxonomy):
        return found
    version = stored.start(base, by.get_username())
    data: dict[str, object] = {"based_on": str(base)}
    audit.record(project=project, by=by, verb="started taxonomy draft", subject=version, data=data)
    return version


@transaction.atomic
def start_from(*, project: Project, content: interchange.Content, by: User) -> TaxonomyVersion:
    """A draft that says `content`. Raises TaxonomyError where a draft is open."""
    if stored.open_draft(project.taxonomy_version.taxonomy):
        message = "a draft is open: put the file into it, or publish or discard it first"
        raise interchange.TaxonomyError([interchange.Problem(None, "draft", message)])
    version = start_draft(project=project, by=by)

    def change(draft: drafts.Draft) -> drafts.Draft:
        return drafts.replace_content(draft, content, "put the content of a file in its place")

    return edit(project=project, version=version, revision=1, change=change, by=by)[0]


@transaction.atomic
def edit(
    *,
    project: Project,
    version: TaxonomyVersion,
    revision: int,
    change: Edit,
    by: User,
    read: drafts.Draft | None = None,
) -> tuple[TaxonomyVersion, drafts.Draft]:
    """Makes `change` to the draft as it was at `revision`, and gives what it is then. `read` is
    what the caller has read of that revision. Raises DraftChanged, TaxonomyError."""
    version = _take(version, revision, by)
    before = read or stored.load(version)
    after = change(before)
    _write(version, before, after, by)
    _record(project, version, after.said, by)
    return version, after


@transaction.atomic
def undo(*, project: Project, version: TaxonomyVersion, revision: int, by: User) -> TaxonomyVersion:
    """Takes back the last edit that was not taken back yet. Raises DraftChanged, TaxonomyError."""
    version = _take(version, revision, by)
    last = version.draft_edits.filter(undone=False, before__isnull=False).last()
    if last is None or last.before is None:
        nothing = interchange.Problem(None, "undo", "there is no edit that could be undone")
        raise interchange.TaxonomyError([nothing])
    before = stored.load(version)
    after = stored.from_json(before, last.before, f"undid: {last.said}")
    rows.save(version, before, after)
    DraftEdit.objects.filter(pk=last.pk).update(undone=True, before=None)
    DraftEdit.objects.create(
        version=version, revision=version.revision, by=by.get_username(), said=after.said
    )
    _record(project, version, after.said, by)
    return version


@transaction.atomic
def publish(
    *, project: Project, version: TaxonomyVersion, revision: int, adopt: bool, by: User
) -> TaxonomyVersion:
    """Seals the draft, and with `adopt` makes it what new runs use. Raises DraftChanged, and
    TaxonomyError where something stands in the way."""
    version = _take(version, revision, by)
    draft = stored.load(version)
    if found := drafts.problems(draft):
        raise interchange.TaxonomyError(interchange.Problem(None, "", one) for one in found)
    version.draft_edits.update(before=None)  # who changed what stays
    version.state = TaxonomyVersion.State.PUBLISHED
    version.digest = interchange.digest(draft.new)
    version.published_at = timezone.now()
    version.save(update_fields=["state", "digest", "published_at"])
    said = list(version.draft_edits.filter(undone=False).values_list("said", flat=True))
    data: dict[str, object] = {"digest": version.digest, "changes": said}
    audit.record(project=project, by=by, verb="published taxonomy", subject=version, data=data)
    if adopt:
        projects.set_taxonomy(project=project, version=version, by=by)
    return version


@transaction.atomic
def discard(*, project: Project, version: TaxonomyVersion, revision: int, by: User) -> None:
    """Throws the draft away. Raises DraftChanged."""
    version = _take(version, revision, by)
    said = list(version.draft_edits.filter(undone=False).values_list("said", flat=True))
    audit.record(
        project=project,
        by=by,
        verb="discarded taxonomy draft",
        subject=version,
        data={"changes": said},
    )
    stored.throw_away(version)


def _take(version: TaxonomyVersion, revision: int, by: User) -> TaxonomyVersion:
    """The draft, locked and one revision on. Raises DraftChanged: of two who edit the same
    revision, this statement lets one through."""
    mine = TaxonomyVersion.objects.filter(
        pk=version.pk, revision=revision, state=TaxonomyVersion.State.DRAFT
    )
    taken = mine.update(
        revision=F("revision") + 1, edited_by=by.get_username(), edited_at=timezone.now()
    )
    found = TaxonomyVersion.objects.select_related("taxonomy", "based_on__taxonomy")
    now = found.filter(pk=version.pk).first()
    if taken and now:
        return now
    edits = DraftEdit.objects.filter(version=version.pk, revision__gt=revision)
    said = list(edits.defer("before"))
    who, when = (now.edited_by, now.edited_at) if now else ("", timezone.now())
    raise DraftChanged(said, said[-1].by if said else who, said[-1].at if said else when)


def _write(version: TaxonomyVersion, before: drafts.Draft, after: drafts.Draft, by: User) -> None:
    rows.save(version, before, after)
    DraftEdit.objects.create(
        version=version,
        revision=version.revision,
        by=by.get_username(),
        said=after.said,
        before=stored.as_json(before),
    )
    old = version.draft_edits.filter(before__isnull=False).order_by("-revision")
    too_old = list(old.values_list("pk", flat=True)[UNDOABLE : UNDOABLE + 20])
    DraftEdit.objects.filter(pk__in=too_old).update(before=None)


def _record(project: Project, version: TaxonomyVersion, said: str, by: User) -> None:
    data: dict[str, object] = {"revision": version.revision, "change": said}
    audit.record(project=project, by=by, verb="edited taxonomy draft", subject=version, data=data)
