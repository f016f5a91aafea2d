"""A model server on loopback, a version that asks it, and runs that want its outputs.
Properties are checked without a time limit each: a busy machine is no failure."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from evals import compare
from evals.models import ModelVersion, Project, Run
from evals.sampling import SamplingPlan
from reviewapp.actions import models as model_actions
from reviewapp.actions import projects, runs
from reviewapp.models import User
from tests.evals.model_server import ModelServer

settings.register_profile("crosscheck", deadline=None)
settings.load_profile("crosscheck")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def model(project: Project, olga: User, server: ModelServer) -> ModelVersion:
    return model_actions.define(
        project=project,
        name="asked",
        provider="openai",
        base_url=server.url,
        upstream_model="tiny",
        price_input="2.5",
        price_output="10",
        by=olga,
    )


@pytest.fixture
def start(project: Project, models: Any, model: ModelVersion, olga: User) -> Any:
    """A recorded run of `count` requests whose candidate is asked."""

    from tests.evals.test_ingest import send

    def started(count: int, noise: float = 0.0, **sides: ModelVersion) -> Run:
        plan = SamplingPlan(noise_share=noise)
        projects.set_sampling(project=project, plan=plan, by=olga)
        send(project, *[{"id": f"r{i}", "input": f"q{i}"} for i in range(count)])
        sides = {"baseline": models[0], "candidate": model, **sides}
        name = f"run-{Run.objects.count()}"
        run = runs.start(project=project, name=name, recorded=True, by=olga, **sides)
        compare.enrol(run)
        return run

    return started
