"""The promises of a new ticket: planned before it is saved, so that it is written once with its first due time."""

from datetime import datetime

from django.db import connection

from tickets.models import Metric, Segment, SLATimer, Ticket
from tickets.rulebook import Promise, Rulebook
from tickets.sla_policies import Case, check_found, ranked
from tickets.sla_timers import draft, set_due, whole

AT_OPENING = (Metric.FIRST_RESPONSE, Metric.RESOLUTION, Metric.PROPOSAL, Metric.INVESTIGATION)


def promised(ticket: Ticket, *, book: Rulebook) -> dict[str, Promise]:
    """What is promised from the opening on, by metric."""
    case = Case.of(ticket)
    asked = [promise for promise in book.promises if promise.metric in AT_OPENING]
    return ranked(asked, case, line=book.line_of(case.category_id))


def plan(ticket: Ticket, found: dict[str, Promise], *, answered: bool, now: datetime) -> list[SLATimer]:
    """Unsaved timers of these promises; puts the earliest due time on the unsaved ticket.

    `answered` says that the ticket came by a call, which is the first response already.
    """
    timers = [
        draft(ticket, found[metric], now=now, clock=found[metric].clock) for metric in AT_OPENING if metric in found
    ]
    if answered:
        ticket.first_response_at = now
        for timer in timers:
            if timer.metric == Metric.FIRST_RESPONSE:
                _met_at_once(timer, now)
    set_due(ticket, [timer for timer in timers if timer.stopped_at is None])
    return timers


def start(ticket: Ticket, timers: list[SLATimer], found: dict[str, Promise], *, now: datetime) -> None:
    """Saves the planned timers of a ticket that is saved now; in the transaction that opens it."""
    for timer in timers:
        timer.ticket = ticket  # takes over the id that it has got since
    if timers:
        _insert(timers)
    if over := [whole(timer) for timer in timers if timer.stopped_at is not None]:
        Segment.objects.bulk_create(over)
    check_found(ticket, AT_OPENING, found, now=now)


def _insert(timers: list[SLATimer]) -> None:
    """`bulk_create` in half its time: every new ticket passes here."""
    names = [field.attname for field in SLATimer._meta.concrete_fields if not field.primary_key]
    row = f"({', '.join(['%s'] * len(names))})"
    with connection.cursor() as cursor:
        cursor.execute(  # every name is the model's own
            f"INSERT INTO tickets_slatimer ({', '.join(names)}) VALUES {', '.join([row] * len(timers))} RETURNING id",  # noqa: S608
            [getattr(timer, name) for timer in timers for name in names],
        )
        for timer, (pk,) in zip(timers, cursor.fetchall(), strict=True):
            timer.pk, timer._state.adding = pk, False


def _met_at_once(timer: SLATimer, now: datetime) -> None:
    timer.state, timer.stopped_at = SLATimer.State.MET, now
    timer.next_escalation_at = timer.warns_at = None
