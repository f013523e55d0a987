"""The lines under the bell, worded when shown, so that each reader gets them in their own language."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from staff.models import Notification


@dataclass(frozen=True)
class Line:
    """One line as the page shows it."""

    row: Notification
    icon: str
    text: str
    url: str


WORDS: dict[str, tuple[str, str | Promise]] = {
    "assigned": ("person-check", _("%(by)s gave you ticket %(ticket)s.")),
    "routed": ("signpost-split", _("Ticket %(ticket)s has come to you by rule.")),
    "taken_over": ("arrow-left-right", _("%(by)s took ticket %(ticket)s off you; the reason stands on it.")),
    "managed": ("person-heart", _("Ticket %(ticket)s is of a customer of yours.")),
    "escalated": ("alarm", _("Ticket %(ticket)s is overdue and has been escalated to you.")),
    "escalated_many": (
        "alarm",
        ngettext_lazy(
            "%(count)d overdue ticket has been escalated to you.",
            "%(count)d overdue tickets have been escalated to you.",
            "count",
        ),
    ),
    "chased": ("megaphone", _("The customer asks again about ticket %(ticket)s; times asked: %(times)s.")),
    "handed_over": ("arrow-left-right", _("%(by)s handed a call over to your team: ticket %(ticket)s.")),
    "request_overdue": ("shield-exclamation", _("Data request %(number)s is past its 30 days.")),
    "mentioned": ("at", _("%(by)s mentioned you in ticket %(ticket)s.")),
    "woken": ("sunrise", _("Ticket %(ticket)s, put aside until now, is back.")),
    "bounced": ("envelope-x", _("A mail sent from ticket %(ticket)s was returned.")),
}
OTHER = ("bell", _("There is news about ticket %(ticket)s."))
NAMELESS = ("bell", _("There is news for you."))


def line(row: Notification) -> Line:
    """Words and address of a notification; of a kind without words it still says where to look."""
    icon, words = WORDS.get(row.kind) or (OTHER if row.ticket_id else NAMELESS)
    facts = {"by": _("Somebody"), "count": 0, "number": "", **row.data, "ticket": f"T-{row.ticket_id}"}
    overdue = f"{reverse('desk:workbench')}?view=breached"
    url = reverse("desk:ticket", args=[row.ticket_id]) if row.ticket_id else overdue
    if row.ticket_id and isinstance(row.data.get("post"), int):
        url += f"#post-{row.data['post']}"
    if row.kind == "request_overdue":
        url = reverse("desk:request", args=[row.data["request"]])
    return Line(row, icon, str(words % facts), url)
