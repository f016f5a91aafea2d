"""People and things that many tests need. Alice leads, Bob and Dana review, Erin is the engineer,
Olga owns; Charlie is an outsider."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from evals.models import ModelVersion, Project
from reviewapp.actions import models as model_actions
from reviewapp.actions import projects
from reviewapp.models import Membership, Rater, Role, User


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    """The real hashers take 0.13 s a user, on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _fresh_cache(request: pytest.FixtureRequest) -> None:
    if "db" in request.fixturenames or "transactional_db" in request.fixturenames:
        cache.clear()


def _user(name: str) -> User:
    return User.objects.create_user(username=name, password=f"{name}-password-1")


@pytest.fixture
def olga(db: None) -> User:
    return _user("olga")


@pytest.fixture
def project(olga: User) -> Project:
    return projects.create(slug="support", name="Support triage", preset="classification", by=olga)


def _member(project: Project, name: str, role: str) -> User:
    user = _user(name)
    Membership.objects.create(project=project, user=user, role=role)
    return user


@pytest.fixture
def alice(project: Project) -> User:
    return _member(project, "alice", Role.LEAD)


@pytest.fixture
def bob(project: Project) -> User:
    return _member(project, "bob", Role.REVIEWER)


@pytest.fixture
def dana(project: Project) -> User:
    return _member(project, "dana", Role.REVIEWER)


@pytest.fixture
def erin(project: Project) -> User:
    return _member(project, "erin", Role.ENGINEER)


@pytest.fixture
def charlie(db: None) -> User:
    return _user("charlie")


@pytest.fixture
def as_user() -> Callable[[User], Client]:
    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture
def rater() -> Callable[[Project, User], Rater]:
    def of(project: Project, user: User) -> Rater:
        return Rater.objects.get_or_create(
            project=project, user=user, defaults={"kind": "member", "name": user.username}
        )[0]

    return of


@pytest.fixture
def models(project: Project, olga: User) -> tuple[ModelVersion, ModelVersion]:
    """Two model versions whose outputs are uploaded: production and the candidate."""
    fields: dict[str, Any] = {"project": project, "by": olga}
    return (
        model_actions.define(name="triage-09", **fields),
        model_actions.define(name="triage-11", **fields),
    )
