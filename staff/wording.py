"""The lines under the bell, worded when shown, so that each reader gets them in their own language."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from staff.floor_models import spoken
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
    "escalated_ahead": ("alarm", _("A promise on ticket %(ticket)s is running out and has been escalated to you.")),
    "escalated_ahead_many": (
        "alarm",
        ngettext_lazy(
            "%(count)d promise that is running out has been escalated to you.",
            "%(count)d promises that are running out have been escalated to you.",
            "count",
        ),
    ),
    "sla_warning": ("hourglass-split", _("A promise on ticket %(ticket)s is soon due.")),
    "sla_warning_many": (
        "hourglass-split",
        ngettext_lazy(
            "%(count)d promise on your tickets is soon due.", "%(count)d promises on your tickets are soon due.",
            "count",
        ),
    ),
    "wait_over": ("play", _("The wait on ticket %(ticket)s is over; its clock runs again.")),
    "pause_asked": ("hourglass-split", _("%(by)s asks you for a longer wait on ticket %(ticket)s.")),
    "pause_consented": ("pause", _("%(by)s consented: ticket %(ticket)s waits, its clock stands still.")),
    "pause_refused": ("play", _("%(by)s did not consent to a longer wait on ticket %(ticket)s; its clock runs on.")),
    "no_policy": ("sliders", _("No active policy promises anything for ticket %(ticket)s; look at the policies.")),
    "chased": ("megaphone", _("The customer asks again about ticket %(ticket)s; times asked: %(times)s.")),
    "handed_over": ("arrow-left-right", _("%(by)s handed a call over to your team: ticket %(ticket)s.")),
    "request_overdue": ("shield-exclamation", _("Data request %(number)s is past its 30 days.")),
    "mentioned": ("at", _("%(by)s mentioned you in ticket %(ticket)s.")),
    "step_overdue": ("alarm", _("A step of the process on ticket %(ticket)s is late.")),
    "step_overdue_many": (
        "alarm",
        ngettext_lazy("%(count)d process step is late.", "%(count)d process steps are late.", "count"),
    ),
    "plan_accepted": ("patch-check", _("The customer has confirmed the plan of ticket %(ticket)s.")),
    "plan_declined": ("patch-exclamation", _("The customer has not accepted the plan of ticket %(ticket)s.")),
    "watched_wrote": ("eye", _("The customer wrote on ticket %(ticket)s, which you watch.")),
    "watched_replied": ("eye", _("%(name)s replied on ticket %(ticket)s, which you watch.")),
    "watched_moved": ("eye", _("Ticket %(ticket)s, which you watch, has moved on.")),
    "watched_breached": ("eye", _("Ticket %(ticket)s, which you watch, is overdue.")),
    "watched_breached_many": (
        "eye",
        ngettext_lazy(
            "%(count)d ticket that you watch is overdue.", "%(count)d tickets that you watch are overdue.", "count"
        ),
    ),
    "task": ("check2-square", _("%(by)s gave you a task on ticket %(ticket)s.")),
    "feedback": ("clipboard-data", _("%(by)s handed you the feedback record of ticket %(ticket)s.")),
    "feedback_back": ("clipboard-x", _("%(by)s returned the feedback record of ticket %(ticket)s to you.")),
    "woken": ("sunrise", _("Ticket %(ticket)s, put aside until now, is back.")),
    "transferred": ("people", _("Ticket %(ticket)s of a colleague who is away has come to you.")),
    "transferred_many": (
        "people",
        ngettext_lazy(
            "%(count)d ticket of a colleague who is away has come to you.",
            "%(count)d tickets of a colleague who is away have come to you.",
            "count",
        ),
    ),
    "handed_on": (
        "person-walking",
        ngettext_lazy(
            "%(count)d piece of your work was handed on while you are away.",
            "%(count)d pieces of your work were handed on while you are away.",
            "count",
        ),
    ),
    "visit_dispatched": ("send", _("Visit %(number)s is yours: %(window)s.")),
    "visit_taken_off": ("arrow-left-right", _("Somebody else goes to visit %(number)s.")),
    "visit_appointed": ("calendar-check", _("The customer of visit %(number)s agreed: %(window)s.")),
    "visit_changed": ("calendar-event", _("Visit %(number)s has a new time: %(window)s.")),
    "visit_cancelled": ("calendar-x", _("Visit %(number)s is cancelled.")),
    "visit_arrived": ("geo-alt", _("Visit %(number)s: the technician has arrived.")),
    "visit_completed": ("clipboard-check", _("Visit %(number)s is completed.")),
    "visit_failed": ("x-octagon", _("Visit %(number)s failed and needs a new appointment.")),
    "visit_tomorrow": ("calendar-check", _("Visit %(number)s is tomorrow: %(window)s.")),
    "visit_late": ("alarm", _("Visit %(number)s: the window has passed, nobody has arrived.")),
    "visit_call_to_remind": ("telephone", _("Visit %(number)s is tomorrow; no mail address, so please call.")),
    "announced": ("broadcast", _("News for the floor: %(title)s")),
    "calendar_missing": (
        "calendar-x", _("The calendar %(name)s lacks the holidays and make-up workdays of %(year)s; fill them in."),
    ),
    "calendar_unannounced": (
        "calendar-x", _("The calendar %(name)s has no make-up workdays of %(year)s yet; enter them once announced."),
    ),
    "webhook_paused": ("plug", _("The webhook %(name)s failed too often and is paused.")),
    "bounced": ("envelope-x", _("A mail sent from ticket %(ticket)s was returned.")),
}
OTHER = ("bell", _("There is news about ticket %(ticket)s."))
NAMELESS = ("bell", _("There is news for you."))


def line(row: Notification) -> Line:
    """Words and address of a notification; of a kind without words it still says where to look."""
    icon, words = WORDS.get(row.kind) or (OTHER if row.ticket_id else NAMELESS)
    title = spoken(row.data.get("title_zh", ""), row.data.get("title_en", ""))
    nobody = {"by": _("Somebody"), "name": _("Somebody"), "title": title, "count": 0}
    nobody |= dict.fromkeys(("number", "window", "year"), "")
    facts = {**nobody, **row.data, "ticket": f"T-{row.ticket_id}"}
    overdue = f"{reverse('desk:workbench')}?view=breached"
    url = reverse("desk:ticket", args=[row.ticket_id]) if row.ticket_id else overdue
    if row.ticket_id and isinstance(row.data.get("post"), int):
        url += f"#post-{row.data['post']}"
    if isinstance(row.data.get("visit"), int):
        url = reverse("visits:visit", args=[row.data["visit"]])
    if row.kind.startswith("escalated"):
        url = f"{url}#ladder" if row.ticket_id else reverse("desk:escalations")
    if row.kind == "pause_asked":
        url += "#pause-request"
    if row.kind == "request_overdue":
        url = reverse("desk:request", args=[row.data["request"]])
    if isinstance(row.data.get("announcement"), int):
        url = reverse("desk:announcement", args=[row.data["announcement"]])
    if isinstance(row.data.get("calendar"), int):
        url = reverse("admin:core_workcalendar_change", args=[row.data["calendar"]])
    if row.kind == "webhook_paused":
        url = reverse("admin:staff_webhook_changelist")
    return Line(row, icon, str(words % facts), url)
