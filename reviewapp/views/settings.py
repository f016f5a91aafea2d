"""What a project is configured to. Everybody in it sees the values; the forms are for who may."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from evals.models import ModelVersion
from evals.sampling import SamplingPlan
from reviewapp.access import ALLOWED, Access, Action, open_project
from reviewapp.actions import members as member_actions
from reviewapp.actions import models as model_actions
from reviewapp.actions import projects
from reviewapp.actions import tokens as token_actions
from reviewapp.forms.configuration import ModelVersionForm, SamplingForm
from reviewapp.forms.gate import GateForm
from reviewapp.forms.pages import InviteForm, TokenForm
from reviewapp.models import ApiToken, GatePolicy, Invitation, Membership, Role
from reviewapp.plans import plan_in_words

HISTORY = 20


def _open(request: HttpRequest, slug: str, action: Action) -> tuple[Access, dict[str, Any]]:
    """Anybody of the project may look; `action` is needed to send a form."""
    access = open_project(request.user, slug, action if request.method == "POST" else Action.VIEW)
    return access, {"access": access, "section": "settings", "may": access.may(action)}


@login_required
@require_http_methods(["GET", "POST"])
def members(request: HttpRequest, slug: str) -> HttpResponse:
    """Members and open invitations. A POST makes a link, which this answer alone shows."""
    access, context = _open(request, slug, Action.MEMBERS)
    form, link = InviteForm(request.POST or None), ""
    if form.is_valid():
        secret = member_actions.invite(project=access.project, by=access.user, **form.cleaned_data)
        link, form = request.build_absolute_uri(reverse("join", args=[secret])), InviteForm()
    people = Membership.objects.filter(project=access.project).select_related("user")
    open_links = Invitation.objects.filter(
        project=access.project, accepted_at=None, expires_at__gt=timezone.now()
    )
    context |= {
        "people": _with_what_they_did(access, people).order_by("user__username"),
        "invitations": open_links.select_related("created_by"),
        "roles": Role.values,
        "allowed": [(role, sorted(actions)) for role, actions in ALLOWED.items()],
        "form": form,
        "link": link,
        "valid_days": member_actions.VALID.days,
    }
    return render(request, "settings_members.html", context)


def _with_what_they_did(access: Access, people: QuerySet[Membership]) -> QuerySet[Membership]:
    """Members with their reviews and live tokens, for the question before one is removed."""
    live = Q(user__tokens__project=access.project, user__tokens__revoked_at=None)
    theirs = Q(user__raters__project=access.project, user__raters__reviews__live=True)
    return people.annotate(
        tokens=Count("user__tokens", filter=live, distinct=True),
        reviews=Count("user__raters__reviews", filter=theirs, distinct=True),
    )


@login_required
@require_POST
def member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Changes a member's role, or with role "" removes them."""
    access = open_project(request.user, slug, Action.MEMBERS)
    found = get_object_or_404(Membership, project=access.project, pk=pk)
    role = request.POST.get("role")
    if role not in ("", *Role.values):
        raise Http404(f"There is no role {role!r}.")
    try:
        if role:
            member_actions.change_role(membership=found, role=role, by=access.user)
            messages.success(request, f"{found.user} is {role} now.")
        else:
            member_actions.remove(membership=found, by=access.user)
            messages.success(request, f"{found.user} is no member any more.")
    except member_actions.LastOwner as error:
        messages.error(request, str(error))
    gone = found.user_id == access.user.pk and not role
    return redirect("home") if gone else redirect("settings", slug)


@login_required
@require_POST
def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = open_project(request.user, slug, Action.MEMBERS)
    found = get_object_or_404(Invitation, project=access.project, pk=pk)
    try:
        member_actions.withdraw(invitation=found, by=access.user)
        messages.success(request, "The link does not work any more.")
    except member_actions.InvitationSpent as error:
        messages.error(request, str(error))
    return redirect("settings", slug)


@login_required
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest, slug: str) -> HttpResponse:
    """One's own tokens; an owner sees everybody's. A new secret is in this answer only."""
    access, context = _open(request, slug, Action.VIEW)
    form, secret = TokenForm(request.POST or None), ""
    if form.is_valid():
        _, secret = token_actions.make(project=access.project, by=access.user, **form.cleaned_data)
        form = TokenForm()
    context |= {"tokens": _tokens(access).order_by("revoked_at", "-created_at")}
    context |= {"form": form, "secret": secret, "everybody": access.may(Action.MEMBERS)}
    return render(request, "settings_tokens.html", context)


@login_required
@require_POST
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access = open_project(request.user, slug)
    found = get_object_or_404(_tokens(access), pk=pk)
    token_actions.revoke(token=found, by=access.user)
    messages.success(request, f"{found.name} is revoked: whatever uses it is refused from now on.")
    return redirect("settings_tokens", slug)


def _tokens(access: Access) -> QuerySet[ApiToken]:
    """The tokens that a member may see and revoke."""
    found = ApiToken.objects.filter(project=access.project).select_related("user")
    return found if access.may(Action.MEMBERS) else found.filter(user=access.user)


@login_required
@require_GET
def models(request: HttpRequest, slug: str) -> HttpResponse:
    access, context = _open(request, slug, Action.RUN)
    context["models"] = access.project.models.annotate(count=Count("outputs")).order_by("name")
    return render(request, "settings_models.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def model_new(request: HttpRequest, slug: str) -> HttpResponse:
    access, context = _open(request, slug, Action.RUN)
    access.require(Action.RUN)
    form = ModelVersionForm(request.POST or None)
    if form.is_valid():
        try:
            made = model_actions.define(project=access.project, by=access.user, **form.cleaned_data)
        except model_actions.ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{made.name} is defined.")
            return redirect("settings_models", slug)
    return render(request, "model.html", {**context, "form": form, "model": None})


@login_required
@require_http_methods(["GET", "POST"])
def model(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    access, context = _open(request, slug, Action.RUN)
    found = get_object_or_404(ModelVersion, project=access.project, pk=pk)
    outputs = found.outputs.count()
    form = ModelVersionForm(request.POST or None, instance=found, frozen=outputs > 0)
    if form.is_valid():
        try:
            model_actions.change(model=found, by=access.user, **form.cleaned_data)
        except model_actions.ValidationError as error:
            form.add_error(None, error)
        except model_actions.Frozen as error:  # an output came in while this was typed
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{found.name} is changed.")
            return redirect("settings_models", slug)
    name = ModelVersion.objects.values_list("name", flat=True).get(pk=pk)
    context |= {"form": form, "model": found, "name": name, "outputs": outputs}
    return render(request, "model.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def sampling(request: HttpRequest, slug: str) -> HttpResponse:
    access, context = _open(request, slug, Action.CONFIGURE)
    plan = SamplingPlan.parse(access.project.sampling)
    form = SamplingForm(request.POST) if request.method == "POST" else SamplingForm.of(plan)
    if form.is_valid():
        projects.set_sampling(project=access.project, plan=form.plan, by=access.user)
        messages.success(request, "Runs that start from now on are drawn by this plan.")
        return redirect("settings_sampling", slug)
    reviewers = access.project.memberships.filter(role=Role.REVIEWER).select_related("user")
    context |= {"form": form, "words": plan_in_words(plan), "reviewers": reviewers}
    return render(request, "settings_sampling.html", context)


@login_required
@require_POST
def adjudicators(request: HttpRequest, slug: str) -> HttpResponse:
    """Names the reviewers who adjudicate beside leads and owners."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    names = request.POST.getlist("adjudicator")
    try:
        member_actions.name_adjudicators(project=access.project, usernames=names, by=access.user)
        messages.success(request, "They may adjudicate from now on, and no other reviewer.")
    except ValueError as error:
        messages.error(request, f"Nothing was changed: {error}.")
    return redirect("settings_sampling", slug)


@login_required
@require_http_methods(["GET", "POST"])
def gate(request: HttpRequest, slug: str) -> HttpResponse:
    access, context = _open(request, slug, Action.CONFIGURE)
    policies = GatePolicy.objects.filter(project=access.project).select_related("created_by")
    history = list(policies.order_by("-id")[:HISTORY])
    form = GateForm.of(history[0] if history else None, request.POST or None)
    if form.is_valid():
        projects.set_policy(project=access.project, by=access.user, **form.policy)
        messages.success(request, "These margins hold from now on, for running runs too.")
        return redirect("settings_gate", slug)
    critical = access.project.taxonomy_version.categories.filter(critical=True)
    context |= {"form": form, "history": history, "critical": critical}
    return render(request, "settings_gate.html", context)
