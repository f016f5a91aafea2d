"""Following an invitation link: a new account, or one more project for an account that is there."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import login
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from reviewapp.actions import members
from reviewapp.forms.pages import AccountForm
from reviewapp.models import Invitation, Membership, User


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    try:
        invitation = members.find(secret)
        if isinstance(request.user, User):
            return _as_member(request, request.user, secret, invitation)
        return _as_newcomer(request, secret, invitation)
    except members.InvitationSpent as error:
        return render(request, "join.html", {"spent": str(error)}, status=410)


def _as_member(
    request: HttpRequest, user: User, secret: str, invitation: Invitation
) -> HttpResponse:
    already = Membership.objects.filter(project=invitation.project, user=user).first()
    if request.method == "POST" and not already:
        return _welcome(request, members.accept(secret=secret, user=user))
    return render(request, "join.html", {"invitation": invitation, "already": already})


def _as_newcomer(request: HttpRequest, secret: str, invitation: Invitation) -> HttpResponse:
    form = AccountForm(request.POST or None)
    if form.is_valid():
        try:
            with transaction.atomic():  # a link that is spent meanwhile leaves no account behind
                user = form.save()
                membership = members.accept(secret=secret, user=user)
        except IntegrityError:
            form.add_error("username", "Somebody took this name a moment ago: choose another.")
        else:
            login(request, user)
            return _welcome(request, membership)
    return render(request, "join.html", {"invitation": invitation, "form": form})


def _welcome(request: HttpRequest, membership: Membership | None) -> HttpResponse:
    if membership is None:
        messages.success(request, "Your account is there. Make the first project.")
        return redirect("home")
    messages.success(request, f"You are {membership.role} of {membership.project.name} now.")
    return redirect("project", membership.project.slug)
