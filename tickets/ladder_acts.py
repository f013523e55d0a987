"""What a rung does besides telling somebody: gives the ticket away, raises its priority. Each act once, by the beat.

The ticket is locked before its timers here as everywhere, which is why these are not done while timers are claimed.
Complaint sheets lie above tickets: `complaints.sheets` asks for their acts itself.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from tickets import details, routing
from tickets.models import Act, Ticket

OVERDUE = gettext_noop("By the escalation ladder: the promise is late")
SETTLED = Act.Result.SETTLED


def carry_out(*, now: datetime | None = None, limit: int = 200) -> int:
    """One batch of waiting acts, oldest first; returns how many. Two at once share them, a killed one leaves them."""
    now = now or timezone.now()
    waiting = Act.objects.filter(done_at=None, kind__in=[Act.Kind.REASSIGN, Act.Kind.PRIORITY])
    done = 0
    for pk in list(waiting.order_by("pk").values_list("pk", flat=True)[:limit]):
        with transaction.atomic():
            act = claim(pk)
            if act is not None:
                finish(act, *_do(act, now), now=now)
                done += 1
    return done


def claim(pk: int) -> Act | None:
    """The waiting act and its ticket, locked; None where somebody else is at it, or was."""
    rows = Act.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, done_at=None)
    act = rows.select_related("to", "escalation__timer").first()
    if act is None:
        return None
    ticket = Ticket.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=act.ticket_id).first()
    if ticket is None:
        return None  # somebody works on it just now: next time
    act.ticket = ticket
    return act


def is_settled(act: Act) -> bool:
    """Whether the promise was settled meanwhile, so that nothing is left to do."""
    act.escalation.timer.refresh_from_db(fields=["stopped_at"])
    return act.escalation.timer.stopped_at is not None


def finish(act: Act, result: Act.Result, why: str = "", *, now: datetime) -> None:
    """Writes down what became of it, in the transaction that did it."""
    act.done_at, act.result, act.why = now, result, why[:200]
    act.save(update_fields=["done_at", "result", "why"])


def _do(act: Act, now: datetime) -> tuple[Act.Result, str]:
    if is_settled(act):
        return SETTLED, ""
    if act.kind == Act.Kind.PRIORITY:
        raised = details.raise_priority(act.ticket, now=now)
        return (Act.Result.DONE if raised else SETTLED), ""
    if act.to is None:
        return SETTLED, ""
    try:
        routing.assign(act.ticket, to=act.to, by=None, reason=OVERDUE, now=now)
    except routing.AssignRefused as refused:
        return Act.Result.REFUSED, str(refused)
    return Act.Result.DONE, ""
