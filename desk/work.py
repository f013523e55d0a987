"""The work on a ticket beside its conversation: one part for each app that has some, read after the page itself."""

from datetime import datetime

from desk import escalations_page, pause_requests_panel, relations_panel, visits_panel
from followups.feedback_models import Feedback
from processes import panel as process_panel
from staff.models import User
from tickets.models import Ticket


def page(ticket: Ticket, user: User, *, now: datetime) -> dict:
    """The context of the panel; each part is a key of its own and absent where the ticket has none of it."""
    record = Feedback.objects.filter(ticket=ticket).select_related("holder").first()
    found = {"ticket": ticket, "user": user, "now": now, "record": record}
    found["process"] = process_panel.part(ticket, user, now=now)
    found["wait"] = pause_requests_panel.part(ticket, user)
    found["ladder"] = escalations_page.panel(ticket, user, now=now)
    found["visits"] = visits_panel.part(ticket, user, now=now)
    return found | relations_panel.panel(ticket, user, now=now)
