"""Accounts are made by invitation only: nobody signs up by themselves."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.db.models import BigIntegerField
from django.http import HttpRequest

from reviewapp.models import User
from reviewapp.prepared import Given, Kept

_USER = Kept(lambda: User.objects.filter(pk=Given("pk", BigIntegerField())))


class InvitedOnly(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class Accounts(AuthenticationBackend):  # type: ignore[misc]
    """Who a session is of is asked with each request."""

    def get_user(self, user_id: int) -> User | None:
        user = _USER.first(pk=user_id)
        return user if user and self.user_can_authenticate(user) else None
