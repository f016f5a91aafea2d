"""Who asks: a token in a header, or the session of a signed-in page (then with its CSRF token).

A token acts as the member who made it, with the role they have now, and in its own project only.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from reviewapp.access import Access, Action, open_by_token, open_project
from reviewapp.actions import tokens
from reviewapp.models import ApiToken, User


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer cc_…`; request.auth is the ApiToken."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = tokens.find(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is not known here, or it was revoked.")
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Crosscheck"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI description names it."""

    target_class = "reviewapp.api.auth.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "cc_…"}


def enter(request: Request, slug: str, action: Action = Action.VIEW) -> Access:
    """Access to a project for who asks. To every project but its own, a token is a stranger."""
    if isinstance(request.auth, ApiToken):
        return open_by_token(request.auth, slug, action)
    return open_project(request.user, slug, action)
