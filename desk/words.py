"""Where masked words stand and whose they are: every row whose free text keeps originals, fetched through sight."""

from django.db.models import Model, Q, QuerySet

from complaints.models import Sheet
from core.models import Event
from core.redaction import WithOriginals
from customers.models import Communication, Consent, Customer, DeliveryPlan, Need, Order, OrderReturn, Task
from followups.models import Attempt, Audit, Feedback, HandOff, Outgoing
from loyalty.models import PointsEntry
from messaging.models import Attachment
from processes.models import Confirmation, LogEntry, Process, Step
from staff.models import User
from tickets.models import Post, Ticket
from tickets.models import Task as TicketTask
from visits.models import Appointment, Slip, Visit

# Name in the log → (model, way to its ticket or customer)
OF_TICKET: dict[str, tuple[type[Model], str]] = {
    "post": (Post, "ticket"),
    "todo": (TicketTask, "ticket"),
    "sheet": (Sheet, "ticket"),
    "process": (Process, "ticket"),
    "step": (Step, "process__ticket"),
    "log": (LogEntry, "process__ticket"),
    "confirmation": (Confirmation, "process__ticket"),
    "attempt": (Attempt, "callback__ticket"),
    "audit": (Audit, "callback__ticket"),
    "feedback": (Feedback, "ticket"),
    "handoff": (HandOff, "record__ticket"),
    "outgoing": (Outgoing, "ticket"),
    "file": (Attachment, "message__post__ticket"),
    "sent": (Attachment, "outgoing__post__ticket"),
    "visit": (Visit, "ticket"),
    "appointment": (Appointment, "visit__ticket"),
    "slip": (Slip, "visit__ticket"),
}
OF_CUSTOMER: dict[str, tuple[type[Model], str]] = {
    "need": (Need, "customer"),
    "task": (Task, "customer"),
    "consent": (Consent, "customer"),
    "points": (PointsEntry, "customer"),
    "order": (Order, "customer"),
    "plan": (DeliveryPlan, "order__customer"),
    "contact": (Communication, "order__customer"),
    "return": (OrderReturn, "order__customer"),
}
NAMES = frozenset({"ticket", "event", *OF_TICKET, *OF_CUSTOMER})


def find(what: str, pk: int, user: User) -> tuple[WithOriginals, Customer] | None:
    """The row and whom it is about, where the user sees it."""
    row = _rows(what, user).filter(pk=pk).first()
    if row is None:
        return None
    owner = row.customer_id if what in ("ticket", "event") else _along(row, _way(what))
    customer = Customer.objects.filter(pk=owner).first()
    return (row, customer) if customer else None


def _rows(what: str, user: User) -> QuerySet:
    tickets, customers = Ticket.objects.visible_to(user), Customer.objects.visible_to(user)
    if what == "ticket":
        return tickets
    if what == "event":
        return Event.objects.filter(
            Q(ticket_id__in=tickets.values("pk")) | Q(ticket_id=None, customer_id__in=customers.values("pk"))
        )
    if what in OF_TICKET:
        model, way = OF_TICKET[what]
        return model._default_manager.filter(**{f"{way}__in": tickets})
    model, way = OF_CUSTOMER[what]
    return model._default_manager.filter(**{f"{way}__in": customers})


def _way(what: str) -> str:
    return f"{OF_TICKET[what][1]}__customer_id" if what in OF_TICKET else f"{OF_CUSTOMER[what][1]}_id"


def _along(row: Model, way: str):
    for step in way.split("__"):
        row = getattr(row, step)
    return row
