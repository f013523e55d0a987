"""What is done to the service process in the panel of a ticket, and the list of its steps over all tickets."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from desk import case, forms, steps_page, work
from processes import confirmations, running
from processes.models import Process, Step, Template
from processes.running import StepRefused
from staff.models import User
from tickets.models import Ticket


def _number(data: QueryDict, name: str) -> int:
    text = data.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _process(ticket: Ticket) -> Process:
    found = ticket.processes.order_by("-pk").first()
    if found is None:
        raise StepRefused(_("No process runs on this ticket."))
    return found


def _step(ticket: Ticket, data: QueryDict) -> Step:
    found = Step.objects.filter(process__ticket=ticket, pk=_number(data, "step")).first()
    if found is None:
        raise StepRefused(_("This step is not on this ticket; load the page again."))
    return found


def _start(ticket, data, request):
    template = Template.objects.filter(pk=_number(data, "template")).first()
    if template is None:
        raise StepRefused(_("Choose a template."))
    running.start(ticket, template=template, by=request.user)


def _plan(ticket, data, request):
    process = _process(ticket)
    running.write_plan(process, text=forms.with_plain_breaks(data.get("plan", "")), by=request.user)
    if data.get("step"):
        running.complete(_step(ticket, data), by=request.user)


def _finish(ticket, data, request):
    step, words = _step(ticket, data), data.get("result", "")[:4000]
    if data.get("do") == "skip":
        running.skip(step, by=request.user, reason=words)
    else:
        running.complete(step, by=request.user, result=words)


def _assign(ticket, data, request):
    people = User.objects.filter(is_active=True, team=ticket.team_id)
    to = request.user if data.get("do") == "take" else people.filter(pk=_number(data, "to")).first()
    if to is None:
        raise StepRefused(_("Choose somebody of the ticket's team."))
    running.assign(_step(ticket, data), to=to, by=request.user)


def _ask(ticket, data, request):
    confirmations.invite(_process(ticket), by=request.user, root=request.build_absolute_uri("/"))


def _answer(ticket, data, request):
    kind, _colon, pk = data.get("proof", "").partition(":")
    process, found = _process(ticket), {"post": None, "call": None}
    rows = {"post": confirmations.mails, "call": confirmations.calls}.get(kind)
    if rows and pk.isdecimal() and len(pk) < 19 and process.plan_at:
        found[kind] = rows(process).filter(pk=int(pk)).first()
    confirmations.record(
        process, accepted=data.get("answer") == "accept", words=data.get("words", ""), by=request.user, **found
    )


def _log(ticket, data, request):
    running.note(_process(ticket), what=data.get("what", ""), by=request.user)


def _stop(ticket, data, request):
    running.stop(_process(ticket), by=request.user, reason=data.get("reason", ""))


def _deed(name: str, act: Callable[[Ticket, QueryDict, HttpRequest], None]):
    """A view that acts and answers with the whole panel: 422 and what was typed where it was refused."""

    @login_required
    @require_POST
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        ticket = get_object_or_404(case.seen(request.user), pk=pk)
        try:
            act(ticket, request.POST, request)
        except StepRefused as refused:
            if not request.htmx:
                messages.error(request, str(refused))
                return redirect("desk:ticket", pk=pk)
            context = work.page(ticket, request.user, now=timezone.now())
            context |= {"process_refused": {"deed": name, "text": str(refused)}, "process_typed": request.POST}
            return render(request, "desk/_ticket_work.html", context, status=422)
        if not request.htmx:
            return redirect("desk:ticket", pk=pk)
        ticket = get_object_or_404(case.seen(request.user), pk=pk)
        return render(request, "desk/_ticket_work.html", work.page(ticket, request.user, now=timezone.now()))

    return view


start = _deed("start", _start)
plan = _deed("plan", _plan)
finish = _deed("finish", _finish)
assign = _deed("assign", _assign)
ask = _deed("ask", _ask)
answer = _deed("answer", _answer)
log = _deed("log", _log)
stop = _deed("stop", _stop)


@login_required
@require_GET
def steps(request: HttpRequest) -> HttpResponse:
    """Open steps by their due time, one's own or the team's, and where steps take longest."""
    filters = steps_page.Filters.of(request.GET, request.user)
    context = steps_page.page(request.user, filters, now=timezone.now())
    onward = context.pop("onward")
    context |= {
        "next_url": f"?{urlencode({'whose': filters.whose, 'after': onward})}" if onward else "",
        "first_url": f"?{urlencode({'whose': filters.whose})}" if filters.after else "",
    }
    return render(request, "desk/steps.html", context)
