from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import events
from desk import breach_list, promise
from tickets import sla
from tickets.models import Breach, Metric, SLATimer, Ticket


@login_required
@require_GET
def timer(request, pk, timer):
    """Every second of one promise: what counted, what waited, and why it was due when it was."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user).select_related("customer__tier"), pk=pk)
    rows = SLATimer.objects.filter(ticket=ticket).select_related("policy", "calendar", "breach")
    found = get_object_or_404(rows, pk=timer)
    return render(request, "desk/timer.html", promise.page(ticket, found, now=timezone.now()))


@login_required
@require_GET
def due(request, pk):
    """From a ticket's next deadline in a list to the page of its promise."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=pk)
    timer = ticket.timers.filter(metric=ticket.due_kind).order_by("-pk").first()
    return redirect("desk:ticket_timer", pk, timer.pk) if timer else redirect("desk:ticket", pk)


@login_required
@require_GET
def breaches(request):
    """Every promise that was missed, for whoever acts on it; each opens to its stretches and their sum."""
    if not request.user.supervises:
        raise PermissionDenied(_("The list of breaches is for team leads and supervisors."))
    filters = breach_list.Filters.of(request.GET)
    context = breach_list.page(request.user, filters, now=timezone.now())
    onward, query = context.pop("onward"), filters.as_query()
    context |= {
        "next_url": f"?{urlencode(query | {'after': onward})}" if onward else "",
        "first_url": f"?{urlencode(query)}" if filters.after else "",
    }
    return render(request, "desk/breaches.html", context)


@login_required
@require_GET
def breach(request, pk):
    """Why this promise was missed: the page of its ticket's timer, or that of a call's."""
    rows = Breach.objects.visible_to(request.user).select_related("timer__policy", "timer__calendar", "call__customer")
    found = get_object_or_404(rows, pk=pk)
    if found.ticket_id:
        return redirect("desk:ticket_timer", found.ticket_id, found.timer_id)
    return render(request, "desk/timer.html", promise.page(None, found.timer, now=timezone.now()))


@login_required
@require_POST
def investigated(request, pk):
    """The investigation of a complaint without a sheet is finished (C6)."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user), pk=pk)
    with transaction.atomic():
        stopped = sla.stop(ticket, Metric.INVESTIGATION)
        if stopped:
            events.record(
                "investigated", ticket, by=request.user, ticket_id=ticket.pk, customer_id=ticket.customer_id,
                team_id=ticket.team_id,
            )  # fmt: skip
    if stopped:
        messages.success(request, _("The investigation is finished."))
        return redirect("desk:ticket_timer", pk, stopped.pk)
    return redirect("desk:ticket", pk)
