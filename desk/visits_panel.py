"""What the panel beside a ticket shows of its visits."""

from datetime import datetime

from staff.models import User
from tickets.models import Ticket
from visits import acting
from visits.forms import PlanForm, StepForm
from visits.models import Visit

SHOWN = 6


def part(
    ticket: Ticket, user: User, *, now: datetime, plan: PlanForm | None = None,
    step: tuple[int, str, StepForm] | None = None,
) -> dict | None:
    """The visits with their next steps, and the form for another; None where there is none and none can be planned.

    `plan` and `step` (visit, act, form) were refused and are shown as they were sent.
    """
    rows = list(
        Visit.objects.filter(ticket=ticket).select_related("technician__user", "ticket__team").order_by("-pk")[:SHOWN]
    )
    if not rows and ticket.is_archived:
        return None
    found = []
    for row in rows:
        mine = step if step and step[0] == row.pk else (0, "", None)
        steps = acting.steps(row, office=True, now=now, bound=mine[2], name=mine[1]) if row.is_open else []
        found.append((row, steps, row.is_late(now)))
    form = None if ticket.is_archived else plan or PlanForm(ticket=ticket)
    return {"rows": found, "plan": form, "refused": plan is not None, "open": any(row.is_open for row in rows)}
