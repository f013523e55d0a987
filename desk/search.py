"""What the palette finds: tickets and customers by number, contact, name or words, always within sight."""

import re

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from core import redaction
from customers import lookup
from customers.models import Contact, Customer
from staff.models import User
from tickets.models import Ticket

SHOWN = 6
NEWEST = 2000  # summaries and inner parts of names are looked for among so many newest records
LONGEST = 100
TICKET_NUMBER = re.compile(r"(?P<sign>#|t-?)?(?P<id>\d{1,18})", re.IGNORECASE)
CUSTOMER_NUMBER = re.compile(r"k-?(\d{1,18})", re.IGNORECASE)


def find(text: str, user: User) -> list[dict]:
    """Groups of results for the palette; each row has url and title, and what its kind of record shows."""
    text = " ".join(text.replace("\0", "").split())[:LONGEST]
    if not text or text == "#":
        return []
    customers = _customers(text, user)
    tickets = _tickets(text, user, customers)
    return [
        {"label": _("Customers"), "icon": "person", "rows": [_customer_row(customer) for customer in customers]},
        {"label": _("Tickets"), "icon": "ticket-detailed", "rows": [_ticket_row(ticket) for ticket in tickets]},
    ]


def _customers(text: str, user: User) -> list[Customer]:
    """What the lookup finds, then those of the newest in whose names the text stands further inside."""
    if (ticket := TICKET_NUMBER.fullmatch(text)) and ticket["sign"]:
        return []
    found = [match.customer for match in lookup.as_typed(user, text, limit=SHOWN)]
    if len(found) == SHOWN or "@" in text or text.isdecimal() or CUSTOMER_NUMBER.fullmatch(text):
        return found
    in_sight = Customer.objects.visible_to(user)
    newest = in_sight.order_by("-pk").values("pk")[:NEWEST]
    contacts = Contact.objects.only("customer_id", "kind", "masked", "preferred").order_by("-preferred", "pk")
    inner = Customer.objects.filter(pk__in=newest, name__icontains=text).exclude(pk__in=[one.pk for one in found])
    more = inner.select_related("tier").defer("attributes", "tier_reason").order_by("-pk")
    return found + list(more.prefetch_related(Prefetch("contacts", contacts))[: SHOWN - len(found)])


def _tickets(text: str, user: User, customers: list[Customer]) -> list[Ticket]:
    """By number, by words of the summary among the newest, and those of the customers found."""
    in_sight = Ticket.objects.visible_to(user)
    number = TICKET_NUMBER.fullmatch(text)
    exact = Q(pk=int(number["id"]) if number else 0)
    wanted = exact | Q(customer__in=[customer.pk for customer in customers])
    only_a_number = (number and number["sign"]) or CUSTOMER_NUMBER.fullmatch(text) or "@" in text
    if not only_a_number:
        newest = in_sight.order_by("-opened_at").values("pk")[:NEWEST]
        wanted |= Q(pk__in=newest, subject__icontains=redaction.sought(text))
    found = in_sight.filter(wanted).select_related("customer").only("subject", "customer__name")
    return list(found.alias(exact=exact).order_by("-exact", "-pk")[:SHOWN])


def _customer_row(customer: Customer) -> dict:
    return {
        "url": reverse("desk:customer", args=[customer.pk]),
        "title": customer.name,
        "tier": customer.tier,
        "phone": lookup.shown_contact(customer),
        "aside": customer.number,
    }


def _ticket_row(ticket: Ticket) -> dict:
    return {
        "url": reverse("desk:ticket", args=[ticket.pk]),
        "number": ticket.number,
        "title": ticket.subject,
        "aside": ticket.customer.name,
    }
