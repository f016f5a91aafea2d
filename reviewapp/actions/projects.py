"""Projects and what is configured on them. A change is never silent: each is one audit event."""

from __future__ import annotations

from django.db import transaction

from evals.comparators.pipeline import Pipeline
from evals.models import Project
from evals.sampling import SamplingPlan
from reviewapp.actions import audit
from reviewapp.actions.audit import By
from reviewapp.imports import BY_KEY, SaidMap, Unconfirmed, plan
from reviewapp.models import GatePolicy, Membership, Role, User
from taxonomy import interchange, presets
from taxonomy.models import Taxonomy, TaxonomyVersion


@transaction.atomic
def create(*, slug: str, name: str, preset: str, by: User) -> Project:
    """A project with its taxonomy from a preset; whoever makes it owns it."""
    return create_with(slug=slug, name=name, content=presets.load(preset), taxonomy=preset, by=by)


@transaction.atomic
def create_with(
    *, slug: str, name: str, content: interchange.Content, taxonomy: str, by: User
) -> Project:
    version = interchange.create_version(project=slug, name=taxonomy, content=content)
    project = Project.objects.create(
        slug=slug, name=name, taxonomy_version=version, sampling=SamplingPlan().as_dict()
    )
    Membership.objects.create(project=project, user=by, role=Role.OWNER)
    audit.record(
        project=project, by=by, verb="created", subject=project, data={"taxonomy": str(version)}
    )
    return project


@transaction.atomic
def set_pipeline(*, project: Project, pipeline: object, by: By) -> Project:
    """The comparators of runs that start from now on. Raises ConfigError."""
    digest = Pipeline.parse(pipeline).digest
    project.pipeline = pipeline
    project.save(update_fields=["pipeline"])
    audit.record(
        project=project, by=by, verb="changed", subject="comparators", data={"digest": digest}
    )
    return project


@transaction.atomic
def set_sampling(*, project: Project, plan: SamplingPlan, by: By) -> Project:
    """The sampling plan of runs that start from now on; the lease holds at once."""
    project.sampling = plan.as_dict()
    project.save(update_fields=["sampling"])
    audit.record(
        project=project, by=by, verb="changed", subject="sampling plan", data=project.sampling
    )
    return project


@transaction.atomic
def set_taxonomy(
    *, project: Project, version: TaxonomyVersion, by: By, data: dict[str, object] | None = None
) -> Project:
    """The taxonomy version of runs that start from now on; those that have started keep theirs.
    Raises TaxonomyError for a version that is a draft, retired, or of another project."""
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    state = TaxonomyVersion.objects.filter(taxonomy__project=project.slug, pk=version.pk)
    now = state.values_list("state", flat=True).first()
    if now != TaxonomyVersion.State.PUBLISHED:
        words = {None: "is of another project", "draft": "is a draft: publish it first"}
        what = words.get(now, "is retired: take it back into use first")
        raise _refusal("version", f"{version} {what}")
    if locked.taxonomy_version_id != version.pk:
        locked.taxonomy_version = version
        locked.save(update_fields=["taxonomy_version"])
        audit.record(project=project, by=by, verb="adopted taxonomy", subject=version, data=data)
    project.taxonomy_version = version
    return project


@transaction.atomic
def import_taxonomy(
    *,
    project: Project,
    name: str,
    content: interchange.Content,
    by: By,
    said: SaidMap = BY_KEY,
    draft: bool = False,
    confirmed: bool = False,
) -> TaxonomyVersion:
    """Publishes `content` as a version of the project's taxonomy `name` (unless its latest says
    the same) and adopts it; or makes it the draft.

    Raises TaxonomyError; and Unconfirmed, unless `confirmed`, where a label that was made would
    come to mean something else.
    """
    # The lock keeps the plan true until it is carried out.
    list(Taxonomy.objects.select_for_update().filter(project=project.slug, name=name))
    found = plan(project, name, content, said)
    if not (confirmed or draft) and found.warnings:
        raise Unconfirmed(found)
    version = interchange.create_version(
        project=project.slug, name=name, content=content, moves=found.moves, publish=not draft
    )
    told: dict[str, object] = {"changes": [change.sentence for change in found.changes]}
    if draft:
        who = by.get_username() if isinstance(by, User) else by
        TaxonomyVersion.objects.filter(pk=version.pk).update(edited_by=who)
        audit.record(
            project=project, by=by, verb="imported taxonomy draft", subject=version, data=told
        )
        return version
    set_taxonomy(project=project, version=version, by=by, data=told)
    return version


@transaction.atomic
def retire_taxonomy(*, project: Project, version: TaxonomyVersion, by: By) -> TaxonomyVersion:
    """Takes a version out of use: nobody can adopt it, runs that have it go on. Raises
    TaxonomyError for the version in force, and for a draft."""
    version = _locked(project, version)
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if locked.taxonomy_version_id == version.pk:
        raise _refusal("version", f"{version} is in force: adopt another version first")
    return _into(version, TaxonomyVersion.State.RETIRED, project, "retired taxonomy", by)


@transaction.atomic
def unretire_taxonomy(*, project: Project, version: TaxonomyVersion, by: By) -> TaxonomyVersion:
    """Takes a retired version back into use. Raises TaxonomyError for a draft."""
    version = _locked(project, version)
    return _into(version, TaxonomyVersion.State.PUBLISHED, project, "unretired taxonomy", by)


def _locked(project: Project, version: TaxonomyVersion) -> TaxonomyVersion:
    locked = TaxonomyVersion.objects.select_for_update(of=("self",)).select_related("taxonomy")
    return locked.get(pk=version.pk, taxonomy__project=project.slug)


def _into(
    version: TaxonomyVersion, state: str, project: Project, verb: str, by: By
) -> TaxonomyVersion:
    if version.state == TaxonomyVersion.State.DRAFT:
        raise _refusal("version", f"{version} is a draft: publish or discard it")
    if version.state != state:
        version.state = state
        version.save(update_fields=["state"])
        audit.record(project=project, by=by, verb=verb, subject=version)
    return version


def _refusal(where: str, what: str) -> interchange.TaxonomyError:
    return interchange.TaxonomyError([interchange.Problem(None, where, what)])


@transaction.atomic
def set_policy(
    *,
    project: Project,
    margin: float,
    critical_margin: float,
    label_budget: int | None = None,
    looks: int = 14,
    hold_to_j: bool = False,
    by: By,
) -> GatePolicy:
    """The margins that hold from now on, and the looks by which they do; earlier ones are kept.
    Without a label budget there is one look, at a run's end."""
    policy = GatePolicy.objects.create(
        project=project,
        margin=margin,
        critical_margin=critical_margin,
        label_budget=label_budget,
        looks=looks,
        hold_to_j=hold_to_j,
        created_by=by if isinstance(by, User) else None,
    )
    audit.record(
        project=project,
        by=by,
        verb="set the gate policy",
        subject=policy,
        data={
            "margin": margin,
            "critical_margin": critical_margin,
            "label_budget": label_budget,
            "looks": looks,
            "hold_to_j": hold_to_j,
        },
    )
    return policy
