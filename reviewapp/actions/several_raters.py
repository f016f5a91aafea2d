"""What several labels of one thing make together in a project."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from evals.models import Project, Run, SeveralRaters
from reviewapp.actions import audit
from reviewapp.actions.audit import By
from reviewapp.actions.imported import alone
from reviewapp.labelling.importing.states import settle_again
from reviewapp.models import Review


@transaction.atomic
def set_several_raters(*, project: Project, several: str, by: By) -> Project:
    """Whether several labels of one item or output have to agree, or are averaged. A run that draws
    items takes it for good with its first review: nobody chooses by what came out. Items whose
    labels came from elsewhere are settled again."""
    if several not in SeveralRaters.values:
        raise ValidationError({"several_raters": "write adjudicate or average"})
    alone(project)  # what is being imported is settled by the one or the other
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    changes = locked.several_raters != several
    judged = Review.objects.filter(item__run=OuterRef("pk"))
    others = Run.objects.filter(~Exists(judged), project=project).exclude(several_raters=several)
    turned = others.update(several_raters=several)
    if changes:
        locked.several_raters = several
        locked.save(update_fields=["several_raters"])
        settle_again(locked, timezone.now())
    if changes or turned:
        audit.record(
            project=project,
            by=by,
            verb="changed",
            subject="several raters",
            data={"several_raters": several, "runs": turned},
        )
    project.several_raters = several
    return project
