"""Everything that the page of one ticket shows, read in as many queries for forty posts as for two."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Count, Prefetch, Q, QuerySet, Window
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models import Consent, Contact
from desk import clocks, forms, relation_forms, relations_panel, timeline
from followups.models import Callback
from loyalty import ledger
from staff.models import User
from staff.sight import visible_teams
from tickets import drafts, reopening, viewers, workflow
from tickets.draft_models import Draft
from tickets.models import State, Ticket

RECENT = 5
TIMERS = 8
KEYS = {State.ESCALATED: "shift+e"}


@dataclass(frozen=True)
class Step:
    """A button of the next steps: the move, its key, or the reason why it is not this user's."""

    move: workflow.Move
    digit: int = 0
    key: str = ""
    refused: str = ""


@dataclass
class NextSteps:
    """What may happen to the ticket now, for one user."""

    moves: list[Step] = field(default_factory=list)
    archive: workflow.Move | None = None
    refused: list[Step] = field(default_factory=list)
    callback: Callback | None = None
    by_callback: bool = False  # the stage ends by a recorded callback, on its own page


def seen(user: User) -> QuerySet[Ticket]:
    """Tickets within sight with all that the head of the page names."""
    contacts = Contact.objects.only("customer_id", "kind", "masked", "preferred").order_by("-preferred", "pk")
    return (
        Ticket.objects.visible_to(user)
        .select_related("customer__tier", "owner", "team", "category__parent__parent", "sheet", "snooze")
        .defer("customer__attributes", "customer__tier_reason")
        .prefetch_related(Prefetch("customer__contacts", contacts))
        .annotate(**relations_panel.head_facts(user))
    )


def page(ticket: Ticket, user: User, *, before: int | None, now: datetime, bound=None) -> dict:
    """The context of the ticket page; `bound` is a form that was refused and keeps what was typed."""
    top = head(ticket, user, before=before, now=now)
    return top | side(ticket, user, now=now, bound=bound) | composer(ticket, user, bound)


def head(ticket: Ticket, user: User, *, before: int | None, now: datetime) -> dict:
    """Head, stages and conversation: what the live refresh of the thread needs."""
    thread = timeline.read(ticket, before=before, now=now)
    stages = [
        (stage, timeline.stamp(stage.since, now) if stage.since else "")
        for stage in workflow.stages(ticket, thread.moved)
    ]
    so_far = clocks.span((now - ticket.state_since).total_seconds())
    beside = viewers.others(ticket.pk, user)
    return {
        "ticket": ticket, "thread": thread, "stages": stages, "so_far": so_far, "before": before, "now": now,
        "viewers": beside, **_ending(ticket, user),
    }


def _ending(ticket: Ticket, user: User) -> dict:
    """How an archived matter goes on: its later cycles, and whether this user may reopen it."""
    if not ticket.is_archived:
        return {}
    later = list(ticket.cycles.visible_to(user).order_by("pk"))
    ended = bool(later or ticket.merged_into)  # type: ignore[attr-defined]  # a column of `seen`
    return {"later_cycles": later, "may_reopen": not ended and not reopening.refusal(ticket, user)}


def side(ticket: Ticket, user: User, *, now: datetime, bound=None) -> dict:
    """The right column: next steps, promises, the customer and their tickets."""
    customer = ticket.customer
    recent = list(
        Ticket.objects.visible_to(user)
        .filter(customer=customer)
        .exclude(pk=ticket.pk)
        .annotate(open_others=Window(Count("pk", filter=~Q(state=State.ARCHIVED))))
        .only("subject", "kind", "state", "opened_at")
        .order_by("-pk")[:RECENT]
    )
    consents = Consent.objects.filter(customer=customer).order_by("purpose", "-at", "-pk").distinct("purpose")
    timers = promises(ticket, now)
    waits = next((timer.get_waits_for_display() for timer, _chip in timers if timer.waits_for), "")
    return {
        "ticket": ticket,
        "steps": next_steps(ticket, user),
        "forms": blank_forms(ticket, bound),
        "timers": timers,
        "waits": waits,
        "customer": customer,
        "may_open_customer": ticket.team_id == customer.team_id
        or visible_teams(user).filter(pk=customer.team_id).exists(),
        "contacts": list(customer.contacts.all()),
        "points": ledger.balance(customer),
        "consents": list(consents),
        "recent": recent,
        "open_others": recent[0].open_others if recent else 0,
        "now": now,
    }


def promises(ticket: Ticket, now: datetime) -> list:
    """The latest timers with their chips; a breach, once recorded, stands beside them."""
    timers = ticket.timers.select_related("policy", "calendar", "breach").order_by("metric", "-pk")[:TIMERS]
    return [(timer, clocks.of_timer(timer, now=now)) for timer in timers]


def composer(ticket: Ticket, user: User, bound=None) -> dict:
    """The address a reply goes to, and what the user has begun to write."""
    address = next((contact.masked for contact in ticket.customer.contacts.all() if contact.kind == "email"), "")
    kept = drafts.of(ticket, user)
    words = {kind: kept_words(draft) for kind, draft in kept.items() if draft.text}
    return {"address": address, "drafts": kept, "kept": words, "compose_forms": compose_forms(kept, bound)}


def compose_forms(kept: dict[str, Draft], bound=None) -> dict:
    """Reply and note with their drafts in them, the refused one as it was sent."""
    found = {"reply": forms.ReplyForm(draft=kept.get("reply")), "note": forms.NoteForm(draft=kept.get("note"))}
    return found | ({bound.name: bound} if bound is not None and bound.name in found else {})


def kept_words(draft: Draft) -> str:
    """Draft kept 14:03."""
    at = timezone.localtime(draft.updated_at)
    time = at.strftime("%H:%M" if at.date() == timezone.localdate() else "%m-%d %H:%M")
    return _("Draft kept %(time)s") % {"time": time}


def blank_forms(ticket: Ticket, bound=None) -> dict:
    """All forms of the page by name, the refused one as it was sent."""
    fresh = {
        "move": forms.MoveForm(),
        "archive": forms.archive_form(ticket),
        "final": forms.final_form(ticket),
        "reclassify": forms.ReclassifyForm(ticket=ticket),
        "details": forms.DetailsForm(ticket=ticket),
        "assign": forms.AssignForm(ticket=ticket),
        "takeover": forms.TakeOverForm(ticket=ticket),
        "pause": forms.PauseForm(),
        "reopen": forms.ReopenForm(),
        "tag": relation_forms.TagForm(),
    }
    return fresh | ({bound.name: bound} if bound is not None else {})


def next_steps(ticket: Ticket, user: User) -> NextSteps:
    """Splits the arrows of the flow into buttons, the archive form, and a word on what is not this user's."""
    steps = NextSteps()
    if ticket.state in workflow.CALLBACK_STATES:
        steps.by_callback = True
        steps.callback = Callback.objects.visible_to(user).open().filter(ticket=ticket).first()
    for move in workflow.moves_of(ticket):
        if move.level and ticket.level and move.level != ticket.level:
            continue
        refused = workflow.refusal(ticket, move, user)
        if refused:
            steps.refused.append(Step(move, refused=refused))
        elif steps.by_callback:
            continue
        elif move.to == State.ARCHIVED:
            steps.archive = move
        else:
            steps.moves.append(Step(move, len(steps.moves) + 1, KEYS.get(move.to, "")))
    return steps
