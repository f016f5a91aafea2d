"""Members, invitations and tokens."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from reviewapp.access import Action
from reviewapp.actions import members, tokens
from reviewapp.api.auth import enter
from reviewapp.api.paging import PARAMETERS, page_of, paged
from reviewapp.api.schema import operation
from reviewapp.models import ApiToken, Membership, Role


class Member(serializers.Serializer[Any]):
    username = serializers.CharField(source="user.username")
    role = serializers.CharField()
    adjudicates = serializers.BooleanField(help_text="A reviewer who was named to.")
    since = serializers.DateTimeField(source="created_at")


class Adjudicators(serializers.Serializer[Any]):
    usernames = serializers.ListField(
        child=serializers.CharField(), help_text="Reviewers who adjudicate beside leads and owners."
    )


class NewInvitation(serializers.Serializer[Any]):
    role = serializers.ChoiceField(Role.choices)
    note = serializers.CharField(
        max_length=150, default="", allow_blank=True, help_text="For whom."
    )


class Link(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="Of this installation; works once, for seven days.")


class NewToken(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80, help_text="What it is for.")


class Token(serializers.ModelSerializer[ApiToken]):
    username = serializers.CharField(source="user.username", help_text="Whom it acts as.")

    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "username", "created_at", "last_used_at", "revoked_at")


class MadeToken(Token):
    token = serializers.CharField(help_text="Shown this once.")

    class Meta(Token.Meta):
        fields = (*Token.Meta.fields, "token")  # type: ignore[assignment]


@operation("members.list", "Members", answer=page_of(Member), parameters=PARAMETERS)
@api_view(["GET"])
def members_of(request: Request, slug: str) -> Response:
    access = enter(request, slug)
    rows = Membership.objects.filter(project=access.project).select_related("user")
    return paged(request, rows, Member)


class AdjudicatorsOf(APIView):
    @operation("adjudicators.get", "Who adjudicates beside leads", answer=Adjudicators)
    def get(self, request: Request, slug: str) -> Response:
        access = enter(request, slug)
        named = Membership.objects.filter(project=access.project, adjudicates=True)
        return Response({"usernames": list(named.values_list("user__username", flat=True))})

    @operation("adjudicators.set", "Name them", body=Adjudicators, answer=Adjudicators)
    def put(self, request: Request, slug: str) -> Response:
        """These reviewers and no others."""
        access = enter(request, slug, Action.CONFIGURE)
        sent = Adjudicators(data=request.data)
        sent.is_valid(raise_exception=True)
        try:
            named = members.name_adjudicators(
                project=access.project, by=access.user, **sent.validated_data
            )
        except ValueError as error:
            raise serializers.ValidationError({"usernames": str(error)}) from None
        return Response({"usernames": named})


@operation("invitations.create", "Invite a person", body=NewInvitation, answer=Link, status=201)
@api_view(["POST"])
def invitations(request: Request, slug: str) -> Response:
    """A one-time link that makes whoever follows it a member."""
    access = enter(request, slug, Action.MEMBERS)
    new = NewInvitation(data=request.data)
    new.is_valid(raise_exception=True)
    secret = members.invite(project=access.project, by=access.user, **new.validated_data)
    return Response({"path": reverse("join", args=[secret])}, status=201)


class Tokens(APIView):
    @operation("tokens.list", "Tokens", answer=page_of(Token), parameters=PARAMETERS)
    def get(self, request: Request, slug: str) -> Response:
        """One's own; an owner sees everybody's. Never their secrets."""
        access = enter(request, slug)
        rows = ApiToken.objects.filter(project=access.project).select_related("user")
        if not access.may(Action.MEMBERS):
            rows = rows.filter(user=access.user)
        return paged(request, rows, Token)

    @operation("tokens.create", "A new token", body=NewToken, answer=MadeToken, status=201)
    def post(self, request: Request, slug: str) -> Response:
        """It acts as you, with the role that you have at the time, in this project only."""
        access = enter(request, slug)
        new = NewToken(data=request.data)
        new.is_valid(raise_exception=True)
        token, secret = tokens.make(project=access.project, by=access.user, **new.validated_data)
        return Response({**Token(token).data, "token": secret}, status=201)


@operation("tokens.revoke", "Revoke a token", status=204)
@api_view(["DELETE"])
def token(request: Request, slug: str, pk: int) -> Response:
    """One's own; an owner may revoke anybody's. It stops working at once."""
    access = enter(request, slug)
    rows = ApiToken.objects.filter(project=access.project, pk=pk)
    if not access.may(Action.MEMBERS):
        rows = rows.filter(user=access.user)
    found = rows.first()
    if found is None:
        raise Http404(f"There is no token {pk} of yours in this project.")
    tokens.revoke(token=found, by=access.user)
    return Response(status=204)
