"""The pages of callbacks: the calendar, and the drawer in which one is audited and called."""

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from followups import audits, board, booking, outgoing
from followups import callbacks as service
from followups.forms import AttemptForm, AuditForm
from followups.models import Attempt, Callback
from tickets.models import Cause, Kind
from tickets.workflow import MoveRefused


@login_required
@require_safe
def callbacks(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = board.context(request.user, board.View.of(request.GET, now), now=now)
    return render(request, "followups/callbacks.html", {**context, "here": request.get_full_path()})


@login_required
@require_safe
def callback(request: HttpRequest, pk: int) -> HttpResponse:
    return _drawer(request, _visible(request, pk))


@login_required
@require_POST
def audit(request: HttpRequest, pk: int) -> HttpResponse:
    row = _visible(request, pk)
    form = AuditForm(request.POST)
    if not form.is_valid():
        return _drawer(request, row, audit_form=form, status=422)
    refused = _try(lambda: audits.audit(row, by=request.user, **form.cleaned_data))
    if refused:
        return _drawer(request, _visible(request, pk), audit_form=form, refused=refused, status=422)
    if row.state == Callback.State.CANCELLED:
        messages.success(request, _("The record goes back to its handler."))
        return _next(request)
    messages.success(request, _("The record has passed; now call the customer."))
    return redirect("followups:callback", pk=pk)


@login_required
@require_POST
def attempt(request: HttpRequest, pk: int) -> HttpResponse:
    row = _visible(request, pk)
    form = AttemptForm(request.POST, last_try=last_try(row.attempts.order_by("id")))
    if not form.is_valid():
        return _drawer(request, row, form=form, status=422)
    refused = _try(lambda: service.record_attempt(row, by=request.user, **form.cleaned_data))
    if refused:
        return _drawer(request, _visible(request, pk), form=form, refused=refused, status=422)
    messages.success(request, _said(row, form.cleaned_data["outcome"]))
    return _next(request)


def _visible(request: HttpRequest, pk: int) -> Callback:
    rows = Callback.objects.visible_to(request.user).select_related(
        "ticket__customer__tier", "ticket__handler", "ticket__owner", "resolution", "assignee"
    )
    return get_object_or_404(rows, pk=pk)


def _try(act: Callable) -> str:
    """Runs a service and returns why it refused, '' when it did not. Not being the right person answers 403."""
    try:
        act()
    except service.NotYours as error:
        raise PermissionDenied(str(error)) from error
    except (service.CallbackRefused, MoveRefused) as error:
        return str(error)
    return ""


def _next(request: HttpRequest) -> HttpResponse:
    following = board.next_for(request.user)
    return redirect("followups:callback", pk=following.pk) if following else redirect("followups:callbacks")


def last_try(attempts: Iterable[Attempt]) -> bool:
    """Whether a missed call now would be the third that counts."""
    now = Attempt(outcome=Attempt.Outcome.NO_ANSWER, at=timezone.now())
    return len(booking.counted([*attempts, now])) >= booking.TRIES


def _said(row: Callback, outcome: str) -> str:
    if row.state == Callback.State.PLANNED:
        due = timezone.localtime(row.due_at)
        return _("Recorded; the next call is due %(when)s.") % {"when": f"{due:%m-%d %H:%M}"}
    ticket = row.ticket
    ticket.refresh_from_db(fields=["state"])
    return _("Recorded; %(number)s is now “%(state)s”.") % {
        "number": ticket.number, "state": ticket.get_state_display()
    }


def _drawer(request: HttpRequest, row: Callback, *, status: int = 200, **extra) -> HttpResponse:
    """The calendar with one callback open beside it."""
    now = timezone.now()
    view = board.View.of(request.GET if "day" in request.GET else {"day": timezone.localdate(row.due_at)}, now)
    context = board.context(request.user, view, now=now)
    attempts = list(row.attempts.select_related("by").order_by("id"))
    passed = next((audit for audit in row.audits.select_related("by") if audit.passed), None)
    phone = row.ticket.customer.contacts.filter(kind="phone").order_by("-preferred", "id").first()
    last = last_try(attempts)
    following = board.next_for(request.user, after=row)
    context |= {
        "here": reverse("followups:callback", args=[row.pk]) + view.query(),
        "callback": row, "ticket": row.ticket, "attempts": attempts, "dots": board.dots(attempts), "phone": phone,
        "last": attempts[-1] if attempts else None, "passed": passed, "last_try": last,
        "late": row.state == Callback.State.PLANNED and row.due_at < now,
        "barred": service.refusal(row, request.user), "skip_to": following.pk if following else None,
        "unwanted": not service.wanted(row), "script": outgoing.script(row, by=request.user),
    }
    if row.state == Callback.State.PLANNED and not context["barred"]:
        context |= _forms(row, passed, attempts, last)
    return render(request, "followups/callback.html", {**context, **extra}, status=status)


def _forms(row: Callback, passed, attempts: list[Attempt], last_try: bool) -> dict:
    if row.needs_audit and not passed:
        return {"audit_form": AuditForm(), "axes": _axes(row)}
    return {"form": AttemptForm(initial={"seen": len(attempts), "cause": likely_cause(row)}, last_try=last_try)}


def likely_cause(row: Callback) -> str:
    return row.ticket.cause or (Cause.INFORMATION if row.ticket.kind == Kind.CONSULT else "")


def _axes(row: Callback) -> list[tuple[str, str, list[audits.Finding]]]:
    found = audits.findings(row.ticket)
    return [(axis, audits.label_of(axis), [f for f in found if f.axis == axis]) for axis in audits.AXES]
