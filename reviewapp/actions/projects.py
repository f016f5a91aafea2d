"""Projects and what is configured on them. A change is never silent: each is one audit event."""

from __future__ import annotations

from django.db import transaction

from evals.comparators.pipeline import Pipeline
from evals.models import Project
from evals.sampling import SamplingPlan
from reviewapp.actions import audit
from reviewapp.actions.audit import By
from reviewapp.models import GatePolicy, Membership, Role, User
from taxonomy import interchange, presets
from taxonomy.models import TaxonomyVersion


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
def set_taxonomy(*, project: Project, version: TaxonomyVersion, by: By) -> Project:
    """The taxonomy version of runs that start from now on."""
    project.taxonomy_version = version
    project.save(update_fields=["taxonomy_version"])
    audit.record(project=project, by=by, verb="adopted taxonomy", subject=version)
    return project


@transaction.atomic
def import_taxonomy(
    *, project: Project, name: str, content: interchange.Content, by: By
) -> TaxonomyVersion:
    """Publishes `content` as a version of the project's taxonomy `name` (unless its latest says
    the same) and adopts it. Raises TaxonomyError."""
    version = interchange.create_version(project=project.slug, name=name, content=content)
    if version.pk != project.taxonomy_version_id:
        set_taxonomy(project=project, version=version, by=by)
    return version


@transaction.atomic
def set_policy(*, project: Project, margin: float, critical_margin: float, by: By) -> GatePolicy:
    """The margins that hold from now on; earlier ones are kept."""
    policy = GatePolicy.objects.create(
        project=project,
        margin=margin,
        critical_margin=critical_margin,
        created_by=by if isinstance(by, User) else None,
    )
    audit.record(
        project=project,
        by=by,
        verb="set the gate policy",
        subject=policy,
        data={"margin": margin, "critical_margin": critical_margin},
    )
    return policy
