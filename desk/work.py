"""The work on a ticket beside its conversation: one part for each app that has some, read after the page itself."""

from datetime import datetime

from staff.models import User
from tickets.models import Ticket


def page(ticket: Ticket, user: User, *, now: datetime) -> dict:
    """The context of the panel; each part is a key of its own and absent where the ticket has none of it."""
    return {"ticket": ticket, "user": user, "now": now}
