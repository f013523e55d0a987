"""The mail to a customer whom three calls did not reach, in their language."""

from datetime import datetime

from django.utils import translation
from django.utils.translation import gettext as _

from followups.models import Callback
from messaging import outbox
from messaging.models import Mailbox, Outbox


def write(callback: Callback, *, now: datetime) -> Outbox | None:
    """Queues the mail, once per callback; None where no address is known."""
    ticket = callback.ticket
    address = ticket.customer.contacts.filter(kind="email").order_by("-preferred", "id").first()
    if address is None:
        return None
    with translation.override(ticket.customer.language):
        subject = _("We could not reach you about “%(subject)s”") % {"subject": ticket.subject}
        body = _(
            "Dear customer,\n\n"
            "we called you three times to ask whether “%(subject)s” has been solved to your satisfaction, and could "
            "not reach you. We have closed the matter under the number %(number)s.\n\n"
            "If anything is still open, please answer this mail; we take it up again at once.\n\n"
            "Thank you for your time."
        ) % {"subject": ticket.subject, "number": ticket.number}
    return outbox.put(
        key=f"unreached:{callback.pk}", to=address.value, customer=ticket.customer, purpose="service",
        subject=f"{subject} [{ticket.number}]", body=body,
        mailbox=Mailbox.objects.filter(team=ticket.team_id).first(), auto=True, now=now,
    )
