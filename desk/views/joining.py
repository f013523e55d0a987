"""Making two tickets one, taking that back, and splitting one in two."""

import re

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk import case, relations_panel, ticket_merging
from desk.relation_forms import SplitForm, ticket_named
from tickets import joining, splitting
from tickets.models import Join, Ticket


def _seen(request, pk: int) -> Ticket:
    return get_object_or_404(case.seen(request.user), pk=pk)


@login_required
def merge(request, pk):
    """GET shows both tickets side by side; POST makes them one and leads to the one that stays."""
    found = _seen(request, pk)
    data = request.POST if request.method == "POST" else request.GET
    typed = data.get("other", "").strip()[:20]
    if not typed:
        return _choose(request, found)
    try:
        other = ticket_named(typed, request.user)
    except ValidationError as wrong:
        return _choose(request, found, typed, wrong.messages[0])
    pair = sorted((found, other), key=lambda one: (one.opened_at, one.pk))
    survivor = next((one for one in pair if str(one.pk) == data.get("stays")), pair[0])
    goes = other if survivor.pk == found.pk else found
    error = ticket_merging.refusal(survivor, goes)
    if request.method == "POST" and not error:
        try:
            ticket_merging.merge(survivor, other=goes, by=request.user, note=data.get("note", "")[:400])
        except joining.JoinRefused as refused:
            error = str(refused)
        else:
            facts = {"number": goes.number, "survivor": survivor.number}
            messages.success(request, _("%(number)s is now a part of %(survivor)s.") % facts)
            return redirect("desk:ticket", pk=survivor.pk)
    context = {
        "ticket": found, "other": other, "survivor": survivor, "goes": goes, "error": error,
        "note": data.get("note", ""),
        "sides": list(relations_panel.compared(survivor, goes).values()) if found.pk != other.pk else [],
    }
    return render(request, "desk/ticket_merge.html", context, status=422 if request.method == "POST" else 200)


def _choose(request, ticket: Ticket, typed: str = "", error: str = ""):
    context = {
        "ticket": ticket, "typed": typed, "error": error,
        "others": relations_panel.open_of_customer(ticket, request.user),
    }
    return render(request, "desk/ticket_merge_with.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def undo(request, pk):
    """Takes a merge back, as long as nothing was done on the ticket since."""
    seen = Ticket.objects.visible_to(request.user)
    join = get_object_or_404(Join.objects.filter(survivor__in=seen, joined__in=seen), pk=pk)
    try:
        joining.undo(join, by=request.user)
        messages.success(request, _("The merge is undone; both tickets are back."))
    except joining.JoinRefused as refused:
        messages.warning(request, str(refused))
    return redirect("desk:ticket", pk=join.survivor_id)


@login_required
def split(request, pk):
    """Chosen entries become a ticket of their own."""
    found = _seen(request, pk)
    form = SplitForm(request.POST or None, ticket=found)
    chosen = [int(one) for one in request.POST.getlist("post") if re.fullmatch(r"[0-9]{1,18}", one)]
    if request.method == "POST" and form.is_valid():
        try:
            made = splitting.split(found, posts=chosen, by=request.user, **form.cleaned_data)
        except splitting.SplitRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("%(number)s is open with what was split off.") % {"number": made.number})
            return redirect("desk:ticket", pk=made.pk)
    posts = found.posts.select_related("author").order_by("-pk")[: splitting.MOST]
    context = {"ticket": found, "form": form, "posts": list(posts)[::-1], "chosen": chosen, "now": timezone.now()}
    return render(request, "desk/ticket_split.html", context, status=422 if form.errors else 200)
