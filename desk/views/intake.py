"""Phone intake 来电受理: one page from picking up to the outcome."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from complaints.sheets import SheetRefused
from core import phones
from customers import lookup as customer_lookup
from customers.models import Customer
from desk import call_guide, handover
from desk import calls as desk_calls
from desk.intake_forms import KINDS, CallForm, StartForm, draft_of, open_tickets
from messaging import calls
from messaging.models import Call
from tickets import classification, topics
from tickets.models import Grade, Kind, Level, Priority
from tickets.routing import AssignRefused
from tickets.workflow import MoveRefused

OUTCOMES = [  # outcome, key, icon
    (Call.Outcome.ANSWERED, "F6", "check2-circle"),
    (Call.Outcome.TICKET, "F7", "ticket-detailed"),
    (Call.Outcome.CALLBACK, "F8", "calendar-plus"),
    (Call.Outcome.ESCALATE, "F9", "arrow-up-right-circle"),
    (Call.Outcome.DROPPED, "F10", "telephone-minus"),
]
REFUSALS = (desk_calls.CallRefused, MoveRefused, AssignRefused, SheetRefused, phones.BadPhone)


def _calls_of(user):
    """A call is its agent's own page; nobody else fills it in."""
    return Call.objects.filter(agent=user).select_related("customer__tier", "team", "agent", "outgoing")


def _page_of(call: Call) -> HttpResponse | None:
    """A call that we made has a page of its own."""
    made = getattr(call, "outgoing", None)
    return redirect("followups:call", pk=made.pk) if made else None


@login_required
@require_GET
def intake(request):
    """The call in progress, as it was left; else the start of one."""
    running = calls.current(request.user)
    if running:
        return _page_of(_calls_of(request.user).get(pk=running.pk)) or redirect("desk:intake_call", pk=running.pk)
    return _start_page(request, StartForm())


@login_required
@require_POST
def start(request):
    if request.user.team is None:
        raise PermissionDenied(_("You belong to no team yet, so calls have nowhere to go. Ask an administrator."))
    form = StartForm(request.POST)
    if not form.is_valid():
        return _start_page(request, form, status=422)
    number, direction = form.cleaned_data["number"], Call.Direction.IN
    if form.cleaned_data["redial"]:
        dropped = get_object_or_404(_calls_of(request.user), pk=form.cleaned_data["redial"])
        number, direction = dropped.number, Call.Direction.OUT
    call = calls.start(team=request.user.team, agent=request.user, number=number, direction=direction)
    return redirect("desk:intake_call", pk=call.pk)


def _start_page(request, form, status=200):
    context = {"form": form, "dropped": calls.dropped_today(request.user)}
    return render(request, "desk/intake.html", context, status=status)


@login_required
@require_GET
def call(request, pk):
    call = get_object_or_404(_calls_of(request.user), pk=pk)
    if elsewhere := _page_of(call):
        return elsewhere
    if call.ended_at:
        return _onward(desk_calls.Finished(call, desk_calls.ticket_of(call)))
    return _call_page(request, call, CallForm(initial=call.draft, call=call, user=request.user))


@login_required
@require_GET
def lookup(request):
    """Who has this number, name or customer number; within sight, masked."""
    call = get_object_or_404(_calls_of(request.user), pk=_whole(request.GET.get("call")))
    text = request.GET.get("phone", "").strip()
    hits = customer_lookup.as_typed(request.user, text)
    complete = _is_number(text)
    elsewhere = customer_lookup.elsewhere(request.user, text) if complete and not hits else None
    context = {"call": call, "text": text, "hits": hits, "complete": complete, "elsewhere": elsewhere}
    response = render(request, "desk/_intake_hits.html", context)
    if complete and not hits:
        response["HX-Trigger"] = "new-number"
    return response


@login_required
@require_POST
def customer(request, pk):
    """Says who is calling, or takes it back."""
    call = get_object_or_404(_calls_of(request.user), pk=pk)
    chosen = None
    if request.POST.get("customer"):
        seen = Customer.objects.visible_to(request.user).select_related("tier")
        chosen = get_object_or_404(seen, pk=_whole(request.POST["customer"]))
    try:
        calls.attach_customer(call, chosen, by=request.user)
    except calls.CallClosed:
        return _gone(call)
    form = CallForm(initial=call.draft, call=call, user=request.user)
    return render(request, "desk/_intake_caller.html", _context(call, form, request.user) | {"swapped": True})


@login_required
@require_POST
def suggest(request):
    """A class and topics proposed from the words typed, with the words that speak for them; the agent decides."""
    text = f"{request.POST.get('subject', '')}\n{request.POST.get('words', '')}"[:4000]
    found = classification.suggest(text)
    context = {
        "suggestion": found,
        "offer": topics.suggest(text),
        "kind_label": Kind(found.kind).label if found.kind else "",
        "special": found.level == Level.SPECIAL,
        "urgent": found.urgency == Grade.HIGH,
    }
    return render(request, "desk/_intake_suggestion.html", context)


@login_required
@require_POST
def draft(request, pk):
    call = get_object_or_404(_calls_of(request.user), pk=pk)
    data = draft_of(request.POST)
    try:
        calls.save_draft(call, data, steps=desk_calls.steps_proved_by(data))
    except calls.CallClosed:
        return _gone(call)
    context = {"guide": call_guide.guide(call, subject=data.get("subject", "")), "call": call, "swapped": True}
    context |= {"saved_at": timezone.now(), "priority": _priority(call, data)}
    return render(request, "desk/_intake_saved.html", context)


@login_required
@require_POST
def finish(request, pk):
    call = get_object_or_404(_calls_of(request.user), pk=pk)
    if call.ended_at:
        return _onward(desk_calls.Finished(call, desk_calls.ticket_of(call)))
    form = CallForm(request.POST, call=call, user=request.user)
    try:
        calls.save_draft(call, draft_of(request.POST), steps=desk_calls.steps_proved_by(draft_of(request.POST)))
        if form.is_valid():
            done = desk_calls.finish(
                call=call, outcome=form.cleaned_data["outcome"], facts=form.facts(), by=request.user
            )
            topics.count(chosen=form.cleaned_data["category"], offer=request.POST.get(topics.FIELD, ""))
            _say(request, done)
            return _onward(done)
    except calls.CallClosed:  # the same form, sent twice at once
        return redirect("desk:intake_call", pk=call.pk)
    except REFUSALS as refusal:
        form.add_error("outcome", str(refusal))
    return _call_page(request, call, form, status=422)


@login_required
@require_POST
def hand_over(request, pk):
    """The caller is another team's customer: they get the words of the call, the agent gets the ticket's number."""
    call = get_object_or_404(_calls_of(request.user), pk=pk)
    form = CallForm({**request.POST.dict(), "outcome": Call.Outcome.DROPPED}, call=call, user=request.user)
    try:
        if form.is_valid():
            facts = form.facts()
            ticket = handover.hand_over(call=call, phone=facts.phone or call.number, facts=facts, by=request.user)
            messages.success(request, _("Handed over. Tell the caller the number: %(number)s.") % {
                "number": ticket.number
            })
            return redirect("desk:intake")
    except (handover.HandOverRefused, phones.BadPhone) as refusal:
        form.add_error("words", str(refusal))
    return _call_page(request, call, form, status=422)


def _call_page(request, call, form, status=200):
    return render(request, "desk/intake_call.html", _context(call, form, request.user), status=status)


def _context(call: Call, form: CallForm, user) -> dict:
    """Everything that the page and its parts show."""
    data = draft_of(form.data) if form.is_bound else call.draft
    head = desk_calls.head_of(call.team, but=user)
    hints = {
        Call.Outcome.ANSWERED: _("Consult only, archive at once"),
        Call.Outcome.TICKET: _("Mine"),
        Call.Outcome.CALLBACK: _("At the time picked"),
        Call.Outcome.ESCALATE: _("To %(name)s") % {"name": head} if head else _("Nobody to escalate to"),
        Call.Outcome.DROPPED: _("No ticket, number kept"),
    }
    return {
        "call": call,
        "form": form,
        "kinds": KINDS,
        "kind": data.get("kind", ""),
        "chase": data.get("chase", ""),
        "open_tickets": open_tickets(call, user)[:5],
        "guide": call_guide.guide(call, subject=data.get("subject", "")),
        "greeting": call_guide.greeting(call.customer) if call.customer else "",
        "contact": customer_lookup.shown_contact(call.customer) if call.customer else "",
        "priority": _priority(call, data),
        "outcomes": [(outcome, key, icon, hints[outcome]) for outcome, key, icon in OUTCOMES],
        "identify_within": int(calls.IDENTIFY_WITHIN.total_seconds()),
    }


def _priority(call: Call, data: dict) -> Priority:
    """What urgency × importance × difficulty come to, with the tier of the caller."""
    grades = {name: _grade(data.get(name)) for name in ("urgency", "importance", "difficulty")}
    return classification.priority(**grades, tier_rank=call.customer.tier.rank if call.customer else 3)


def _whole(text: str | None) -> int:
    """The id that a browser sent; 0, which no row has, for anything else."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else 0


def _grade(value) -> int:
    return int(value) if value in ("1", "2", "3") else Grade.MEDIUM


def _say(request, done: desk_calls.Finished) -> None:
    if done.ticket is None:
        messages.info(request, _("The call was closed without a ticket; its number is kept."))
    elif done.ticket.is_archived:
        messages.success(request, _("%(number)s was answered and archived.") % {"number": done.ticket.number})
    else:
        messages.success(request, _("%(number)s was saved.") % {"number": done.ticket.number})


def _onward(done: desk_calls.Finished):
    """Open work is shown next; after the rest the desk is ready for the next call."""
    if done.ticket is not None and not done.ticket.is_archived:
        return redirect("desk:ticket", pk=done.ticket.pk)
    return redirect("desk:intake")


def _gone(call: Call) -> HttpResponse:
    """An answer to htmx from a page whose call has ended meanwhile: go where it went."""
    return HttpResponse(headers={"HX-Redirect": reverse("desk:intake_call", args=[call.pk])})


def _is_number(text: str) -> bool:
    try:
        phones.normalise(text)
    except phones.BadPhone:
        return False
    return True
