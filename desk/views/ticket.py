"""The page of one ticket and what is done on it. Every fetch goes through sight; GET never writes."""

import re
from contextlib import contextmanager
from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from desk import case, composer, forms
from desk.views.composer import as_download
from messaging.models import PICTURES, Attachment
from tickets import conversation, pause_requests, reopening, routing, sla, topics, viewers, workflow
from tickets import details as tickets_details
from tickets.models import PauseCause

REFUSALS = (
    conversation.ReplyRefused, routing.AssignRefused, routing.ClaimRefused, sla.PauseRefused,
    reopening.ReopenRefused, tickets_details.AmendRefused, workflow.MoveRefused,
)
SAFE_TYPES = PICTURES | {"application/pdf", "text/plain"}


def _seen(request, pk: int):
    return get_object_or_404(case.seen(request.user), pk=pk)


def _before(request) -> int | None:
    before = request.GET.get("before", "")
    return int(before) if re.fullmatch(r"[0-9]{1,18}", before) else None


@contextmanager
def _refusals_in(form):
    """What a service refuses becomes an error of the form, in the user's words."""
    try:
        yield
    except REFUSALS as refused:
        form.add_error(None, str(refused))


def _answer(request, ticket, form, done: str):
    """After an action: the main area for htmx, a redirect otherwise; 422 with what was typed if it was refused."""
    if not form.errors:
        conversation.mark_read(ticket, by=request.user)
        if not request.htmx:
            messages.success(request, done)
            return redirect("desk:ticket", pk=ticket.pk)
    fresh = _seen(request, ticket.pk)
    bound = form if form.errors else None
    context = case.page(fresh, request.user, before=None, now=timezone.now(), bound=bound)
    context["compose"] = form.name
    # What has no place of its own on the page, or whose place is gone, is said under the head.
    context["refused"] = bound if bound and (fresh.is_archived or form.name == "claim") else None
    template = "desk/_ticket.html" if request.htmx else "desk/ticket.html"
    response = render(request, template, context, status=422 if form.errors else 200)
    if not form.errors:
        response["X-Announce"] = quote(str(done))
    return response


@login_required
@require_GET
def ticket(request, pk):
    found = _seen(request, pk)
    context = case.page(found, request.user, before=_before(request), now=timezone.now())
    return render(request, "desk/ticket.html", context | {"compose": request.GET.get("compose", "reply")})


@login_required
@require_GET
def thread(request, pk):
    """The conversation for htmx: refreshed with its head, or with `before` the page of earlier posts."""
    context = case.head(_seen(request, pk), request.user, before=_before(request), now=timezone.now())
    return render(request, "desk/_ticket_earlier.html" if context["before"] else "desk/_ticket_refresh.html", context)


@login_required
@require_GET
def side(request, pk):
    """The right column for htmx."""
    return render(request, "desk/_ticket_side.html", case.side(_seen(request, pk), request.user, now=timezone.now()))


@login_required
@require_GET
def viewed(request, pk):
    """Who else has the ticket open, for htmx."""
    found = _seen(request, pk)
    context = {"ticket": found, "viewers": viewers.others(found.pk, request.user)}
    return render(request, "desk/_ticket_viewers.html", context)


@login_required
@require_POST
def read(request, pk):
    """The page was opened by whoever answers for the ticket."""
    conversation.mark_read(_seen(request, pk), by=request.user)
    return HttpResponse(status=204)


@login_required
@require_POST
def reply(request, pk):
    found, form = _seen(request, pk), forms.ReplyForm(request.POST)
    if form.is_valid():
        with _refusals_in(form):
            conversation.reply(found, by=request.user, **_written(form.cleaned_data))
    return _answer(request, found, form, _("The reply is on its way."))


def _written(cleaned: dict) -> dict:
    """What the service wants to know of a reply, with what quality wants to know of its wording."""
    due, marks = cleaned["next_update_at"], cleaned.pop("articles")
    return cleaned | {"noted": composer.noted(cleaned["body"], marks, due=due, now=timezone.now())}


@login_required
@require_POST
def note(request, pk):
    found, form = _seen(request, pk), forms.NoteForm(request.POST)
    if form.is_valid():
        with _refusals_in(form):
            conversation.note(found, by=request.user, **form.cleaned_data)
    return _answer(request, found, form, _("Note added."))


@login_required
@require_POST
def move(request, pk):
    found = _seen(request, pk)
    form = forms.MoveForm.sent(request.POST, found)
    if form.is_valid():
        with _refusals_in(form):
            workflow.move(found, by=request.user, **form.cleaned_data)
    return _answer(request, found, form, _("Moved on: %(state)s.") % {"state": found.get_state_display()})


@login_required
@require_POST
def reclassify(request, pk):
    found = _seen(request, pk)
    form = forms.ReclassifyForm(request.POST, ticket=found)
    if form.is_valid():
        with _refusals_in(form):
            workflow.reclassify(found, by=request.user, **form.cleaned_data)
    return _answer(request, found, form, _("The class has changed."))


@login_required
@require_POST
def reopen(request, pk):
    """Takes an archived ticket up again; the answer is the ticket to work on, which may be its new cycle."""
    found, form = _seen(request, pk), forms.ReopenForm(request.POST)
    if form.is_valid():
        with _refusals_in(form):
            taken_up = reopening.reopen(found, by=request.user, reason=form.cleaned_data["reason"])
            messages.success(request, _("%(number)s is open again.") % {"number": taken_up.number})
            address = reverse("desk:ticket", args=[taken_up.pk])
            if request.htmx:
                return HttpResponse(status=204, headers={"HX-Redirect": address})
            return redirect(address)
    return _answer(request, found, form, "")


@login_required
@require_POST
def details(request, pk):
    found = _seen(request, pk)
    form = forms.DetailsForm(request.POST, ticket=found)
    if form.is_valid():
        with _refusals_in(form):
            was = found.category_id
            try:
                tickets_details.amend(found, by=request.user, **form.cleaned_data)
            except tickets_details.StaleDetails as stale:
                form.show_both(stale)
                raise
            if found.category_id != was:
                topics.count(chosen=found.category, offer=request.POST.get(topics.FIELD, ""))
    return _answer(request, found, form, _("The details are saved."))


@login_required
@require_POST
def claim(request, pk):
    """Takes the ticket, from its page or from the queue, which asks for itself again."""
    found, form = _seen(request, pk), forms.ActForm("claim")
    with _refusals_in(form):
        routing.claim(found, by=request.user)
    if "next" not in request.POST:
        return _answer(request, found, form, _("The ticket is yours."))
    if form.errors:
        messages.warning(request, " ".join(form.non_field_errors()))
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Trigger": "live"})
    return redirect(_within(request, request.POST["next"]))


def _within(request, address: str) -> str:
    """A way back that stays on this site."""
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if safe else "desk:workbench"


@login_required
@require_POST
def assign(request, pk):
    found = _seen(request, pk)
    form = forms.AssignForm(request.POST, ticket=found)
    if form.is_valid():
        with _refusals_in(form):
            routing.assign(found, by=request.user, **form.cleaned_data)
    return _answer(request, found, form, _("Assigned to %(name)s.") % {"name": found.owner or _("nobody yet")})


@login_required
@require_POST
def take_over(request, pk):
    """Takes the ticket from a colleague, who is told; asks why."""
    found = _seen(request, pk)
    form = forms.TakeOverForm(request.POST, ticket=found)
    if form.is_valid():
        with _refusals_in(form):
            routing.take_over(found, by=request.user, **form.cleaned_data)
    if form.errors:
        # The form comes back with whoever has the ticket now, so that a second try is meant for them.
        form.data = {**form.data.dict(), "former": _seen(request, pk).owner_id}
    return _answer(request, found, form, _("The ticket is yours."))


@login_required
@require_POST
def pause(request, pk):
    found, form = _seen(request, pk), forms.PauseForm(request.POST)
    if form.is_valid():
        with _refusals_in(form):
            cause = form.cleaned_data["cause"] or PauseCause.CUSTOMER
            try:
                sla.pause(found, by=request.user, reason=form.cleaned_data["reason"], cause=cause)
            except sla.OverCap:
                form.needs_consent = True
                raise
    return _answer(request, found, form, _("The clock is paused."))


@login_required
@require_POST
def ask_to_pause(request, pk):
    """Beyond the cap: the team lead is asked, and the clock runs on."""
    found, form = _seen(request, pk), forms.PauseForm(request.POST)
    form.needs_consent = True
    if form.is_valid():
        with _refusals_in(form):
            asked = form.cleaned_data
            pause_requests.ask(
                found, by=request.user, reason=asked["reason"], cause=asked["cause"] or PauseCause.CUSTOMER,
                days=asked["days"],
            )
    return _answer(request, found, form, _("The team lead is asked; the clock runs on until they consent."))


@login_required
@require_POST
def resume(request, pk):
    found, form = _seen(request, pk), forms.ActForm("resume")
    with _refusals_in(form):
        sla.resume(found, by=request.user)
    return _answer(request, found, form, _("The clock runs again."))


@login_required
@require_GET
def attachment(request, pk, attachment):
    """A file of the conversation, always as a download."""
    found = _seen(request, pk)
    of_ticket = Q(message__post__ticket=found) | Q(outgoing__post__ticket=found)
    file = get_object_or_404(Attachment.objects.filter(of_ticket).defer("content"), pk=attachment)
    return as_download(file, file.content_type if file.content_type in SAFE_TYPES else "")
