"""A project with one run of twelve items, and people as raters."""

from collections.abc import Callable

import pytest

from evals.models import ModelVersion, Project, Run
from evals.sampling import SamplingPlan
from reviewapp.models import Rater, ReviewItem, User
from tests.reviewapp.actions import scenes


@pytest.fixture(autouse=True)
def quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def as_rater(project: Project, rater) -> Callable[[User], Rater]:
    return lambda user: rater(project, user)


@pytest.fixture
def run(project: Project, models: tuple[ModelVersion, ModelVersion]) -> Run:
    """Eight pairs differ and four are the same; all are drawn, for one reviewer each."""
    return scenes.recorded(project, models, [scenes.DIFFER] * 8 + [scenes.SAME] * 4)


@pytest.fixture
def item(run: Run) -> ReviewItem:
    return ReviewItem.objects.filter(run=run, stratum="differ/far").first()


@pytest.fixture
def double(project: Project, models: tuple[ModelVersion, ModelVersion]) -> ReviewItem:
    """An item for two reviewers, the only one of its run."""
    plan = SamplingPlan(slots=2)
    run = scenes.recorded(project, models, [scenes.DIFFER], name="double", plan=plan)
    return ReviewItem.objects.get(run=run)
