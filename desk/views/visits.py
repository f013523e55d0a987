"""Visits in the panel of work beside a ticket: planned there, and moved on from there."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from desk import case, visits_panel, work
from visits import acting, flow
from visits.forms import PlanForm
from visits.models import Visit


@login_required
@require_POST
def plan(request, pk):
    """A new visit on the ticket."""
    ticket = get_object_or_404(case.seen(request.user), pk=pk)
    form = PlanForm(request.POST, ticket=ticket)
    if form.is_valid():
        try:
            flow.request(ticket, by=request.user, **form.given())
        except flow.VisitRefused as refused:
            form.add_error(None, str(refused))
        else:
            form = None
    return _panel(request, ticket, plan=form)


@login_required
@require_POST
def step(request, pk, visit, act):
    """One step of a visit of the ticket."""
    ticket = get_object_or_404(case.seen(request.user), pk=pk)
    row = get_object_or_404(Visit.objects.visible_to(request.user).select_related("ticket__team"), ticket=pk, pk=visit)
    if act not in acting.BY_NAME:
        raise Http404
    try:
        form = acting.take(row, act, request.POST, by=request.user, now=timezone.now())
    except flow.NotYours as refused:
        raise PermissionDenied(str(refused)) from refused
    return _panel(request, ticket, step=(row.pk, act, form) if form else None)


def _panel(request, ticket, *, plan=None, step=None):
    """The whole panel again; without scripts, back to the ticket."""
    refused = plan is not None or step is not None
    if not request.htmx and not refused:
        return redirect("desk:ticket", pk=ticket.pk)
    ticket = get_object_or_404(case.seen(request.user), pk=ticket.pk)
    context = work.page(ticket, request.user, now=timezone.now())
    context |= {"visits": visits_panel.part(ticket, request.user, now=context["now"], plan=plan, step=step)}
    return render(request, "desk/_ticket_work.html", context, status=422 if refused else 200)
