"""One deed on many tickets of the queue, and a ticket put aside: what was asked for, the service, the way back."""

import re
from datetime import datetime

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk import forms
from desk.list_forms import SnoozeForm
from desk.queue import Filters, colleagues
from desk.views import ticket as ticket_page
from desk.views.workbench import show
from tickets import bulk, relations, snoozing
from tickets.list_models import BulkAction
from tickets.models import Tag


def value_of(request, kind: str):
    """What the form says of the deed; None where it says nothing that can be."""
    if kind == BulkAction.Kind.ASSIGN:
        return next((user for user in colleagues(request.user) if str(user.pk) == request.POST.get("to")), None)
    if kind == BulkAction.Kind.URGENCY:
        urgency = request.POST.get("urgency", "")
        return int(urgency) if re.fullmatch("[0-9]", urgency) else None
    if kind == BulkAction.Kind.TAG:
        return relations.tag_named(request.POST.get("tag", "")[:200])
    if kind == BulkAction.Kind.UNTAG:
        return Tag.objects.named(" ".join(request.POST.get("tag", "")[:200].split()).lstrip("#")).first()
    return moment(request.POST.get("until", "")) if kind == BulkAction.Kind.SNOOZE else None


def moment(text: str) -> datetime | None:
    found = forms.moment_of(text)
    return found if found is None or timezone.is_aware(found) else timezone.make_aware(found)


@login_required
@require_POST
def act(request):
    """Acts on the selected rows and shows the list again with what became of each."""
    kind = request.POST.get("kind", "")
    query = QueryDict(request.POST.get("query", "")[:2000])
    picked = [int(pk) for pk in request.POST.getlist("pick") if re.fullmatch(r"[0-9]{1,18}", pk)]
    key = request.POST.get("key", "")[:40]
    try:
        value = value_of(request, kind)
        if kind == BulkAction.Kind.ASSIGN and value is None:
            raise bulk.BulkRefused(_("Choose whom to assign them to."))
        if not key:
            raise bulk.BulkRefused(_("The form has lost its key; load the page again."))
        action = bulk.act(
            kind=kind, tickets=picked, by=request.user, key=key, value=value,
            reason=request.POST.get("reason", "")[:400],
        )
    except (bulk.BulkRefused, relations.TagRefused) as refused:
        return show(request, query, 422, refused_bulk={"text": str(refused), "picked": picked})
    return redirect(f"{reverse('desk:workbench')}?{Filters.of(query, request.user).address}&bulk={action.pk}")


@login_required
@require_POST
def undo(request, pk):
    """Puts back what the action did, as far as nobody has touched it since."""
    action = get_object_or_404(BulkAction.objects.filter(user=request.user), pk=pk)
    try:
        bulk.undo(action, by=request.user)
    except bulk.BulkRefused as refused:
        messages.warning(request, str(refused))
    query = Filters.of(QueryDict(request.POST.get("query", "")[:2000]), request.user).address
    return redirect(f"{reverse('desk:workbench')}?{query}&bulk={action.pk}")


@login_required
@require_POST
def snooze(request, pk):
    """Puts one ticket aside, or takes it back without a moment."""
    found = ticket_page._seen(request, pk)
    form = SnoozeForm(request.POST)
    if "wake" in request.POST:
        snoozing.wake(found, by=request.user)
        return ticket_page._answer(request, found, forms.ActForm("snooze"), _("The ticket is back in the lists."))
    if form.is_valid():
        try:
            snoozing.snooze(found, until=form.cleaned_data["until"], by=request.user)
        except snoozing.SnoozeRefused as refused:
            form.add_error("until", str(refused))
    return ticket_page._answer(request, found, form, _("The ticket is put aside."))
