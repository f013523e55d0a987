"""The workbench: the queue by time left, the views that people keep, and what waits for this person today."""

import re
import secrets
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from desk import queue, waiting
from desk.queue_order import SORTS
from followups.models import Callback
from messaging.models import Call
from tickets import bulk, saved_views, workflow
from tickets.list_models import BulkAction, SavedView
from tickets.models import Grade, Kind, Priority, State

CALLBACKS_SHOWN = 6
CALLBACK_TIER = [f"ticket__customer__tier__{name}" for name in ("badge", "name_zh", "name_en")]


@login_required
@require_GET
def workbench(request):
    """The whole page, or for htmx the queue with the counts around it."""
    return show(request, request.GET)


def show(request, asked, status: int = 200, **refused):
    """The workbench as `asked`; `refused` is what could not be saved, with what was typed."""
    now = timezone.now()
    filters = queue.Filters.of(asked, request.user).checked()
    kept = queue.saved_views(request.user)
    counted = queue.counts(request.user, now, kept)
    request.breached = counted.by_view["breached"]
    context = {
        "filters": filters,
        "current": queue.CODES[filters.view],
        "page": queue.page(request.user, filters, now),
        "views": [(view, counted.by_view[view.code], view.code in counted.more) for view in queue.VIEWS],
        "saved_views": [
            (view, counted.by_view[code], code in counted.more) for view, _asked in kept for code in [f"saved{view.pk}"]
        ],
        "figures": {
            "open": counted.by_view[queue.default_view(request.user)],
            "open_more": queue.default_view(request.user) in counted.more,
            "breached": counted.by_view["breached"],
            "breached_more": "breached" in counted.more,
            "closed_today": counted.closed_today,
        },
        "now": now,
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "desk/_queue_answer.html", context)
    context |= filter_choices(request.user) | kept_choices(request, kept, filters) | today(request.user, now)
    return render(request, "desk/workbench.html", context | refused, status=status)


def filter_choices(user) -> dict:
    states = [(value, label) for value, label in State.choices if value != State.ARCHIVED]
    colleagues, categories, tags = queue.people_topics_and_tags(user)
    return {
        "kinds": Kind.choices, "states": states, "priorities": Priority.choices,
        "colleagues": colleagues, "others": [(pk, name) for pk, name in colleagues if pk != user.pk],
        "categories": categories, "tags": tags, "sorts": SORTS.items(), "columns": queue.COLUMNS,
    }


def kept_choices(request, kept, filters) -> dict:
    """The saved view that is shown, if it is one, and the way back of one just deleted."""
    current = next((view for view, _asked in kept if str(view.pk) == filters.saved), None)
    token, done = request.GET.get("deleted", "")[:2000], request.GET.get("bulk", "")
    known = re.fullmatch("[0-9]{1,18}", done)
    action = BulkAction.objects.filter(user=request.user, pk=done).first() if known else None
    return {
        "key": secrets.token_hex(8),
        "bulk": action,
        "may_undo": action is not None and bulk.may_undo(action, timezone.now()),
        "urgencies": Grade.choices,
        "saved": current,
        "saved_is_mine": current is not None and saved_views.may_change(current, request.user),
        "may_share": bool(request.user.supervises and request.user.team_id),
        "deleted": {"token": token, "name": name} if (name := saved_views.deleted_name(token, request.user)) else None,
    }


def today(user, now) -> dict:
    """The right column: callbacks this person owes today, what else is with them, and a call they have not finished."""
    owed = Q(assignee=user) | Q(assignee=None) if user.role in workflow.CENTRE else Q(assignee=user)
    callbacks = (
        Callback.objects.visible_to(user)
        .open()
        .filter(owed, due_at__lt=queue.end_of_today(now))
        .select_related("ticket__customer__tier")
        .only("due_at", "ticket__subject", "ticket__customer__name", *CALLBACK_TIER)
    )[: CALLBACKS_SHOWN + 1]
    unfinished = Call.objects.filter(agent=user, ended_at=None).select_related("customer").only(
        "masked", "picked_up_at", "direction", "customer__name"
    )
    callbacks = list(callbacks)
    return {
        "callbacks": callbacks[:CALLBACKS_SHOWN],
        "more_callbacks": len(callbacks) > CALLBACKS_SHOWN,
        "waiting": waiting.of(user, now),
        "unfinished_call": unfinished.order_by("-pk").first(),
    }


def _shown(view: SavedView):
    return redirect(f"{reverse('desk:workbench')}?{view.query}&saved={view.pk}")


def _asked(request) -> str:
    """The filters that were sent along, put in order; what they may not say is left out."""
    return queue.Filters.of(QueryDict(request.POST.get("query", "")[:2000]), request.user).query


def _refused(request, form: str, refused, query: str):
    """The page again, with the dialog open and what was typed in it."""
    typed = {"form": form, "name": request.POST.get("name", "")[:200], "text": str(refused)}
    return show(request, QueryDict(query), 422, refused_view=typed)


@login_required
@require_POST
def save_view(request):
    """Keeps what is shown under a name."""
    query = _asked(request)
    try:
        view = saved_views.save(
            name=request.POST.get("name", ""), query=query, by=request.user, shared="shared" in request.POST
        )
    except saved_views.ViewRefused as refused:
        return _refused(request, "save", refused, query)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return _shown(view)


@login_required
@require_POST
def rename_view(request, pk):
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    query = f"{view.query}&saved={view.pk}"
    try:
        saved_views.rename(view, name=request.POST.get("name", ""), by=request.user)
    except saved_views.ViewRefused as refused:
        return _refused(request, "rename", refused, query)
    return _shown(view)


@login_required
@require_POST
def delete_view(request, pk):
    """Takes a saved view away; the page that follows offers it back."""
    view = get_object_or_404(SavedView.objects.visible_to(request.user), pk=pk)
    try:
        token = saved_views.delete(view, by=request.user)
    except saved_views.ViewRefused as refused:
        return _refused(request, "delete", refused, f"{view.query}&saved={view.pk}")
    return redirect(f"{reverse('desk:workbench')}?{urlencode({'deleted': token})}")


@login_required
@require_POST
def restore_view(request):
    try:
        return _shown(saved_views.restore(request.POST.get("token", ""), by=request.user))
    except saved_views.ViewRefused as refused:
        return _refused(request, "restore", refused, "")
