"""The workbench: the queue by time left, and what waits for this person today."""

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from desk import queue
from followups.models import Callback
from messaging.models import Call
from tickets import workflow
from tickets.models import Kind, State

CALLBACKS_SHOWN = 6


@login_required
@require_GET
def workbench(request):
    """The whole page, or for htmx the queue with the counts around it."""
    now = timezone.now()
    filters = queue.Filters.of(request.GET, request.user)
    counted = queue.counts(request.user, now)
    context = {
        "filters": filters,
        "current": queue.CODES[filters.view],
        "page": queue.page(request.user, filters, now),
        "views": [(view, counted.by_view[view.code]) for view in queue.VIEWS],
        "capped": counted.capped,
        "figures": {
            "open": counted.by_view[queue.default_view(request.user)],
            "breached": counted.by_view["breached"],
            "closed_today": queue.closed_today(request.user, now),
        },
        "now": now,
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "desk/_queue_answer.html", context)
    return render(request, "desk/workbench.html", context | filter_choices(request.user) | today(request.user, now))


def filter_choices(user) -> dict:
    states = [(value, label) for value, label in State.choices if value != State.ARCHIVED]
    return {"kinds": Kind.choices, "states": states, "colleagues": queue.colleagues(user)}


def today(user, now) -> dict:
    """The right column: callbacks this person owes today, and a call they have not finished."""
    owed = Q(assignee=user) | Q(assignee=None) if user.role in workflow.CENTRE else Q(assignee=user)
    callbacks = (
        Callback.objects.visible_to(user)
        .open()
        .filter(owed, due_at__lt=queue.end_of_today(now))
        .select_related("ticket__customer__tier")
        .defer("ticket__customer__attributes")
    )[: CALLBACKS_SHOWN + 1]
    unfinished = Call.objects.filter(agent=user, ended_at=None).select_related("customer").only(
        "masked", "picked_up_at", "direction", "customer__name"
    )
    callbacks = list(callbacks)
    return {
        "callbacks": callbacks[:CALLBACKS_SHOWN],
        "more_callbacks": len(callbacks) > CALLBACKS_SHOWN,
        "unfinished_call": unfinished.order_by("-pk").first(),
    }
