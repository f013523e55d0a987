from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core import events
from desk import promise
from tickets import sla
from tickets.models import Metric, SLATimer, Ticket


@login_required
@require_GET
def timer(request, pk, timer):
    """Every second of one promise: what counted, what waited, and why it was due when it was."""
    ticket = get_object_or_404(Ticket.objects.visible_to(request.user).select_related("customer__tier"), pk=pk)
    rows = SLATimer.objects.filter(ticket=ticket).select_related("policy", "calendar", "breach")
    found = get_object_or_404(rows, pk=timer)
    return render(request, "desk/timer.html", promise.page(ticket, found, now=timezone.now()))


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
