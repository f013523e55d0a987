"""The page of an outgoing call: the script on the left, the structured answers beside it."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from customers.models import Task
from followups import callbacks, outgoing
from followups.models import Callback, Outgoing
from followups.outgoing_forms import OutgoingForm, draft_of
from followups.views import last_try, likely_cause
from messaging import calls
from tickets.models import Ticket
from tickets.workflow import MoveRefused

REFUSALS = (outgoing.OutgoingRefused, callbacks.CallbackRefused, MoveRefused)


@login_required
@require_POST
def dial_ticket(request: HttpRequest, ticket: int) -> HttpResponse:
    seen = Ticket.objects.visible_to(request.user).select_related("customer")
    found = get_object_or_404(seen, pk=ticket)
    return _dial(request, lambda: outgoing.dial(by=request.user, ticket=found), reverse("desk:ticket", args=[ticket]))


@login_required
@require_POST
def dial_callback(request: HttpRequest, pk: int) -> HttpResponse:
    seen = Callback.objects.visible_to(request.user).select_related("ticket__customer", "resolution")
    found = get_object_or_404(seen, pk=pk)
    back = reverse("followups:callback", args=[pk])
    return _dial(request, lambda: outgoing.dial(by=request.user, callback=found), back)


@login_required
@require_POST
def dial_task(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Task.objects.visible_to(request.user).select_related("customer"), pk=pk)
    return _dial(request, lambda: outgoing.dial(by=request.user, task=found), reverse("desk:customer_tasks"))


def _dial(request: HttpRequest, dial: Callable[[], Outgoing], back: str) -> HttpResponse:
    try:
        return redirect("followups:call", pk=dial().pk)
    except callbacks.NotYours as error:
        raise PermissionDenied(str(error)) from error
    except REFUSALS as refused:
        messages.error(request, str(refused))
        return redirect(back)


@login_required
def call(request: HttpRequest, pk: int) -> HttpResponse:
    """The call in progress; posting ends it with its outcome."""
    row = _own(request, pk)
    if row.call.ended_at:
        return redirect(_back(row))
    tries = row.callback.attempts.count() if row.callback else 0
    last = bool(row.callback and last_try(row.callback.attempts.order_by("id")))
    if request.method != "POST":
        start = {"seen": tries, "cause": likely_cause(row.callback) if row.callback else ""}
        return _page(request, row, OutgoingForm(initial=start | row.call.draft, about=row, last_try=last))
    form = OutgoingForm(request.POST, about=row, last_try=last)
    if form.is_valid():
        try:
            outgoing.save_draft(row, draft_of(request.POST))
            outgoing.finish(row, by=request.user, **form.answers())
        except calls.CallClosed:  # the same form, sent twice at once
            return redirect(_back(row))
        except callbacks.NotYours as error:
            raise PermissionDenied(str(error)) from error
        except REFUSALS as refused:
            form.add_error("outcome", str(refused))
        else:
            messages.success(request, _("The call is recorded."))
            return redirect(_back(row))
    return _page(request, row, form, status=422)


@login_required
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    row = _own(request, pk)
    try:
        row.call = outgoing.save_draft(row, draft_of(request.POST))
    except calls.CallClosed:
        return HttpResponse(headers={"HX-Redirect": _back(row)})
    context = {"guide": outgoing.guide(row), "outgoing": row, "saved_at": timezone.now(), "swapped": True}
    return render(request, "followups/_call_saved.html", context)


def _own(request: HttpRequest, pk: int) -> Outgoing:
    """A call is its agent's own page."""
    rows = Outgoing.objects.select_related(
        "call__customer__tier", "call__agent__team", "callback__ticket", "callback__resolution", "ticket__customer",
        "task",
    )
    return get_object_or_404(rows, pk=pk, call__agent=request.user)


def _back(row: Outgoing) -> str:
    if row.callback_id:
        return reverse("followups:callback", args=[row.callback_id])
    return reverse("desk:ticket", args=[row.ticket_id]) if row.ticket_id else reverse("desk:customer_tasks")


def _page(request: HttpRequest, row: Outgoing, form: OutgoingForm, status: int = 200) -> HttpResponse:
    context = {
        "outgoing": row, "call": row.call, "customer": row.call.customer, "ticket": row.ticket, "form": form,
        "guide": outgoing.guide(row), "back": _back(row),
    }
    return render(request, "followups/call.html", context, status=status)
