"""Tags, watching, tasks and links of one ticket; what is done in the panel of work answers with the whole panel."""

from urllib.parse import quote

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from desk import case, forms, relation_forms, relations_panel, work
from desk.views import ticket as ticket_page
from tickets import relations, todo, watching
from tickets.models import Link, Tag, Task, Ticket

REFUSALS = (relations.LinkRefused, todo.TaskRefused)


def _seen(request, pk: int) -> Ticket:
    return get_object_or_404(case.seen(request.user), pk=pk)


def _panel(request, ticket: Ticket, done: str, form=None):
    """The panel for htmx, the page otherwise; a refused form comes back as it was sent, with 422."""
    refused = form if form is not None and form.errors else None
    if not request.htmx:
        text = " ".join(str(error) for errors in refused.errors.values() for error in errors) if refused else done
        (messages.warning if refused else messages.success)(request, text)
        return redirect("desk:ticket", pk=ticket.pk)
    now = timezone.now()
    context = work.page(ticket, request.user, now=now)
    if refused:
        context |= relations_panel.panel(ticket, request.user, now=now, refused=refused)
    response = render(request, "desk/_ticket_work.html", context, status=422 if refused else 200)
    if not refused:
        response["X-Announce"] = quote(str(done))
    return response


# --- Tags and watching ------------------------------------------------------------------------------------------


@login_required
def tags(request, pk):
    """POST puts a tag on the ticket; GET offers the names that there are."""
    found = _seen(request, pk)
    if request.method != "POST":
        return render(request, "desk/_tag_options.html", {"names": relations_panel.tag_names()})
    form = relation_forms.TagForm(request.POST)
    if form.is_valid():
        try:
            relations.tag(found, tag=relations.tag_named(form.cleaned_data["tag"]), by=request.user)
        except relations.TagRefused as refused:
            form.add_error("tag", str(refused))
    return ticket_page._answer(request, found, form, _("The tag is on the ticket."))


@login_required
@require_POST
def remove_tag(request, pk, tag):
    found = _seen(request, pk)
    relations.untag(found, tag=get_object_or_404(Tag, pk=tag), by=request.user)
    return ticket_page._answer(request, found, forms.ActForm("tag"), _("The tag is off the ticket."))


@login_required
@require_POST
def watch(request, pk):
    """Begins or ends watching, as `on` says."""
    found = _seen(request, pk)
    if request.POST.get("on"):
        watching.watch(found, user=request.user)
        done = _("You watch this ticket.")
    else:
        watching.unwatch(found, user=request.user)
        done = _("You watch this ticket no more.")
    return ticket_page._answer(request, found, forms.ActForm("watch"), done)


# --- Tasks ------------------------------------------------------------------------------------------------------


@login_required
@require_POST
def add_task(request, pk):
    found = _seen(request, pk)
    form = relation_forms.TaskForm(request.POST, ticket=found)
    if form.is_valid():
        try:
            todo.add(found, by=request.user, **form.cleaned_data)
        except todo.TaskRefused as refused:
            form.add_error(None, str(refused))
    return _panel(request, found, _("The task is added."), form)


@login_required
@require_POST
def act_on_task(request, pk, todo_id):
    """Ticks a task off, drops it with a reason, or takes the tick back."""
    found, form = _seen(request, pk), forms.ActForm("act")
    task = get_object_or_404(Task.objects.filter(ticket=found), pk=todo_id)
    act = request.POST.get("act", "")
    try:
        if act == "reopen":
            todo.reopen(task, by=request.user)
        else:
            todo.close(
                task, by=request.user, dropped_because=request.POST.get("reason", "") if act == "drop" else None
            )
    except todo.TaskRefused as refused:
        form.add_error(None, str(refused))
    return _panel(request, found, _("The task is changed."), form)


# --- Links ------------------------------------------------------------------------------------------------------


@login_required
def links(request, pk):
    """POST links another ticket; GET offers tickets for what was typed."""
    found = _seen(request, pk)
    if request.method != "POST":
        offered = relations_panel.offered(found, request.GET.get("number", ""), request.user)
        return render(request, "desk/_ticket_options.html", {"tickets": offered})
    form = relation_forms.LinkForm(request.POST, user=request.user)
    if form.is_valid():
        other, as_what = form.cleaned_data["number"], form.cleaned_data["as_what"]
        one, two = (other, found) if as_what == "parent" else (found, other)
        kind = {"child": Link.Kind.PARENT, "duplicate_of": Link.Kind.DUPLICATE}.get(as_what, as_what)
        try:
            relations.link(one, target=two, kind=kind, by=request.user)
        except relations.LinkRefused as refused:
            form.add_error(None, str(refused))
    return _panel(request, found, _("The tickets are linked."), form)


@login_required
@require_POST
def unlink(request, pk, link):
    """Takes a link away that stands on this ticket, and whose other end is within sight."""
    found, seen = _seen(request, pk), Ticket.objects.visible_to(request.user)
    row = get_object_or_404(Link.objects.filter(source__in=seen, target__in=seen), pk=link)
    if found.pk in (row.source_id, row.target_id):
        relations.unlink(row, by=request.user)
    return _panel(request, found, _("The link is gone."))
