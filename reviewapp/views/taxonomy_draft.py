"""The editor of a taxonomy's draft: what it shows, and the edits that it takes.

All of it works without script: each panel has an address, each form is sent and answered by a
redirect. With htmx the answer is the editor itself, in its place.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import push_url

from evals.values import row_number
from reviewapp import drafting
from reviewapp.access import Access, Action, open_project
from reviewapp.actions import taxonomies
from reviewapp.actions.taxonomies import DraftChanged
from reviewapp.forms.taxonomy import FORMS, CategoryForm, EditForm, MergeForm
from taxonomy.drafts import Draft, stored
from taxonomy.interchange import TaxonomyError
from taxonomy.models import TaxonomyVersion


class NoDraft(Exception):
    """Nobody has begun one, or it was published or discarded since."""


def draft_of(access: Access) -> TaxonomyVersion:
    """The draft of the taxonomy in force. Raises NoDraft."""
    found = stored.open_draft(access.project.taxonomy_version.taxonomy)
    if found is None:
        raise NoDraft
    return found


def gone(request: HttpRequest, slug: str) -> HttpResponse:
    """The way on where there is no draft."""
    messages.error(request, "There is no draft now: it was published or discarded.")
    address = reverse("taxonomy", args=[slug])
    if is_fragment(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)


@login_required
@require_GET
def editor(request: HttpRequest, slug: str) -> HttpResponse:
    """?category=KEY shows its form; ?do= split, remove, new, merge, assign, about, severities,
    import, labels another panel."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    try:
        version = draft_of(access)
    except NoDraft:
        return redirect("taxonomy", slug)
    draft = stored.load(version)
    panel = asked(draft, request.GET)
    return shown(request, access, version, draft, panel=panel, address=request.get_full_path())


def asked(draft: Draft, query: QueryDict) -> EditForm | str:
    """What ?category= and ?do= ask for: a form, or the name of a panel without one of its own."""
    do, key = query.get("do", ""), query.get("category", "")
    if do in ("severities", "labels", "import"):
        return do
    try:
        if do == "new":
            places = {name: query.get(name, "") for name in ("beside", "under")}
            return CategoryForm(draft, initial=places)
        if do == "merge":
            return MergeForm(draft, initial={"keys": query.getlist("keys")})
        if do in ("remove", "split", "assign", "about"):
            return FORMS[do](draft, key)
        return CategoryForm(draft, key or draft.new.categories[0].key)
    except TaxonomyError:
        return "missing"


@login_required
@require_POST
def change(request: HttpRequest, slug: str, verb: str) -> HttpResponse:
    """One edit, by the form that `verb` names."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    if verb not in FORMS:
        raise Http404(f"A draft cannot be edited by {verb!r}.")
    try:
        version = draft_of(access)
    except NoDraft:
        return gone(request, slug)
    draft = stored.load(version)
    changed = drafting.missed(version, row_number(request.POST.get("revision", "")))
    form = sent(request.POST, request.FILES, verb, draft, version)
    if changed is None and isinstance(form, EditForm) and form.is_valid():
        try:
            version, draft = taxonomies.edit(
                project=access.project,
                version=version,
                revision=form.cleaned_data["revision"],
                change=form.change,
                by=access.user,
                read=draft,
            )
        except TaxonomyError as error:
            form.tell(error)
        except DraftChanged as error:
            changed = error
            try:
                version = draft_of(access)
            except NoDraft:
                return gone(request, slug)
            draft = stored.load(version)
            form = sent(request.POST, request.FILES, verb, draft, version)
        else:
            return done(request, access, version, draft, form)
    return shown(request, access, version, draft, panel=form, changed=changed)


def sent(
    posted: QueryDict, files: Any, verb: str, draft: Draft, version: TaxonomyVersion
) -> EditForm | str:
    """The form with what was sent, to be sent again on the draft as it is now. A category that is
    gone is a new one: what was typed about it is not lost."""
    data = posted.copy()
    data["revision"] = str(version.revision)
    of = data.get("of", "")
    try:
        return FORMS[verb](draft, of, data, files=files or None)
    except TaxonomyError:
        data["of"] = ""
        return CategoryForm(draft, "", data) if verb == "category" else "missing"


def done(
    request: HttpRequest,
    access: Access,
    version: TaxonomyVersion,
    draft: Draft,
    form: EditForm,
) -> HttpResponse:
    """The editor after an edit, at the panel that goes on from it."""
    address = reverse("taxonomy_draft", args=[access.project.slug])
    query = QueryDict(mutable=True)
    if form.panel in ("severities", "about"):
        query["do"] = form.panel
    elif form.panel == "assign":
        query["do"] = "labels"
    elif key := form.goes_to(draft):
        query["category"] = key
    address += f"?{query.urlencode()}" if query else ""
    if not is_fragment(request):
        return redirect(address)
    return shown(request, access, version, draft, panel=asked(draft, query), address=address)


@login_required
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """What the review form and the list of changes would be with what is typed; writes nothing."""
    access = open_project(request.user, slug, Action.CONFIGURE)
    try:
        version = draft_of(access)
    except NoDraft:
        return HttpResponse(status=204)
    draft = stored.load(version)
    data = request.POST.copy()
    # What is not written yet must not hide what is wrong with what is.
    data["name"], data["definition"] = data.get("name") or "…", data.get("definition") or "…"
    form = sent(data, None, "category", draft, version)
    after = draft
    if isinstance(form, EditForm) and form.is_valid():
        try:
            after = form.change(draft)
        except TaxonomyError as error:
            form.tell(error)
    context = drafting.consequences(after, drafting.labels_before(version)) | {
        "access": access,
        "version": version,
        "form": form,
        "typed": after is not draft,
    }
    return render(request, "taxonomy_draft.html#live", context)


@login_required
@require_POST
def undo(request: HttpRequest, slug: str) -> HttpResponse:
    access = open_project(request.user, slug, Action.CONFIGURE)
    changed = None
    try:
        version = draft_of(access)
        taxonomies.undo(
            project=access.project,
            version=version,
            revision=row_number(request.POST.get("revision", "")),
            by=access.user,
        )
        version = draft_of(access)
    except NoDraft:
        return gone(request, slug)
    except TaxonomyError:
        pass  # nothing left to undo: the page says so
    except DraftChanged as error:
        changed = error
    draft = stored.load(version)
    htmx: Any = getattr(request, "htmx", None)
    here = htmx.current_url_abs_path if htmx else None
    panel = asked(draft, QueryDict((here or "").partition("?")[2]))
    panel = asked(draft, QueryDict()) if panel == "missing" else panel
    if changed is None and not is_fragment(request):
        return redirect("taxonomy_draft", slug)
    return shown(request, access, version, draft, panel=panel, changed=changed)


def is_fragment(request: HttpRequest) -> bool:
    htmx: Any = getattr(request, "htmx", None)
    return bool(htmx) and not htmx.history_restore_request


def shown(
    request: HttpRequest,
    access: Access,
    version: TaxonomyVersion,
    draft: Draft,
    *,
    panel: EditForm | str,
    changed: DraftChanged | None = None,
    address: str = "",
) -> HttpResponse:
    """The editor at a panel, as a page or as a fragment."""
    context = drafting.editor(version, draft, panel) | {
        "access": access,
        "section": "taxonomy",
        "changed": changed,
    }
    if is_fragment(request):
        # 200 whatever is wrong: htmx would not show another answer, and nothing failed.
        response = render(request, "taxonomy_draft.html#editor", context)
        return push_url(response, address) if address else response
    wrong = isinstance(panel, EditForm) and panel.is_bound
    status = 409 if changed else 422 if wrong else 200
    return render(request, "taxonomy_draft.html", context, status=status)
