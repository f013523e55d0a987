"""The pages of complaint sheets: the list, the sheet, and its steps."""

from copy import copy

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from complaints import sheets as service
from complaints import trail
from complaints.forms import FilterForm, SheetForm
from complaints.models import Severity, Sheet
from tickets import acknowledging, ladder_story
from tickets.models import Metric, Ticket
from tickets.workflow import MoveRefused

PAGE = 30


@login_required
@require_safe
def sheets(request: HttpRequest) -> HttpResponse:
    form = FilterForm(request.GET)
    closed = form.value("state") == "closed"
    severity = form.value("severity")
    found = Sheet.objects.visible_to(request.user).filter(closed_at__isnull=not closed)
    if severity:
        found = found.filter(severity=severity)
    rows = list(_page(found, form.value("after"), closed)[: PAGE + 1])
    query = request.GET.copy()
    query.pop("after", None)
    first_url = f"?{query.urlencode()}" if form.value("after") else ""
    query["after"] = rows[PAGE - 1].pk if len(rows) > PAGE else ""
    context = {
        "rows": rows[:PAGE], "closed": closed, "severity": severity, "severities": Severity.choices,
        "first_url": first_url, "next_url": f"?{query.urlencode()}" if len(rows) > PAGE else "",
    }
    return render(request, "complaints/list.html", context)


def _page(found: QuerySet[Sheet], after: int | None, closed: bool) -> QuerySet[Sheet]:
    """Open sheets by their deadline, closed ones newest first, from the row behind `after` on."""
    last = after and found.filter(pk=after).only("solution_due_at").first()
    if last and closed:
        found = found.filter(pk__lt=last.pk)
    elif last:
        due = last.solution_due_at
        found = found.filter(Q(solution_due_at__gt=due) | Q(solution_due_at=due, pk__gt=last.pk))
    ordered = found.order_by("-pk") if closed else found.order_by("solution_due_at", "pk")
    return ordered.select_related("ticket__customer__tier", "ticket__owner").defer("ticket__customer__attributes")


@login_required
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The sheet; posting saves it."""
    row = _visible(request, pk)
    if request.method != "POST":
        return _sheet_page(request, row, SheetForm(instance=row))
    answer = _save(request, row)
    if answer:
        return answer
    messages.success(request, _("Saved"))
    return redirect("complaints:sheet", pk=pk)


def _visible(request: HttpRequest, pk: int) -> Sheet:
    rows = Sheet.objects.visible_to(request.user).select_related(
        "ticket__customer__tier", "ticket__owner", "ticket__opened_by", "opened_by", "closed_by"
    )
    return get_object_or_404(rows, pk=pk)


def _save(request: HttpRequest, row: Sheet) -> HttpResponse | None:
    """Saves what was posted; an answer only where that did not work, with everything typed kept."""
    form = SheetForm(request.POST, instance=copy(row))
    if not form.is_valid():
        return _sheet_page(request, row, form, status=422)
    try:
        service.save_sheet(row, by=request.user, version=form.cleaned_data["version"], **form.written())
    except service.StaleSheet as error:
        data = request.POST.copy()
        data["version"] = error.current.version  # saving again is then a decision, with both versions seen
        form = SheetForm(data, instance=copy(error.current))
        return _sheet_page(request, row, form, status=409, stale=error)
    except service.SheetRefused as error:
        return _sheet_page(request, row, form, status=422, refused=error)
    return None


def _sheet_page(request: HttpRequest, row: Sheet, form: SheetForm, *, status: int = 200, **extra) -> HttpResponse:
    ticket = row.ticket
    timers = list(ticket.timers.select_related("policy", "calendar").order_by("started_at", "id"))
    told = list(ticket.escalations.select_related("to", "acknowledgement__by").order_by("id"))
    newest = {timer.metric: timer for timer in timers}
    lines = ladder_story.lines(ticket, timers, told)
    context = {
        "sheet": row, "ticket": ticket, "form": form, "left": service.missing(row),
        "solved_at": service.solved_at(row), "rungs": lines,
        "may": {one.open_step.pk for one in lines if one.open_step and acknowledging.may(one.open_step, request.user)},
        "timers": [newest[metric] for metric in Metric if metric in newest], "trail": trail.entries(row), **extra,
    }
    return render(request, "complaints/sheet.html", context, status=status)


@login_required
@require_POST
def investigated(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, service.record_investigated, _("The investigation is finished."))


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, service.close_sheet, _("The sheet is closed."))


def _step(request: HttpRequest, pk: int, step, done: str) -> HttpResponse:
    """Saves what is on the page, then takes the step."""
    row = _visible(request, pk)
    if "version" in request.POST and not row.closed_at:
        answer = _save(request, row)
        if answer:
            return answer
    try:
        step(row, by=request.user)
    except service.SheetRefused as error:
        row = _visible(request, pk)
        return _sheet_page(request, row, SheetForm(instance=row), status=422, refused=error)
    messages.success(request, done)
    return redirect("complaints:sheet", pk=pk)


@login_required
@require_POST
def open_sheet(request: HttpRequest, ticket: int) -> HttpResponse:
    """Opens the sheet of a complaint, by the agent's choice."""
    row = get_object_or_404(Ticket.objects.visible_to(request.user), pk=ticket)
    ground = request.POST.get("ground", "")
    try:
        opened = service.open_sheet(row, by=request.user, ground=ground if ground in Sheet.Special else "")
    except (service.SheetRefused, MoveRefused) as error:
        messages.error(request, str(error))
        return redirect("desk:ticket", pk=row.pk)
    return redirect("complaints:sheet", pk=opened.pk)
