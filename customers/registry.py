"""Who is it? Finds the customer behind a contact, or makes one."""

import os
from datetime import datetime

from django.db import transaction
from django.utils import timezone

# Initials need single characters only; the dictionary of phrases would cost every process 40 MB.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, lazy_pinyin  # noqa: E402

from core import events  # noqa: E402
from core.phones import BadPhone  # noqa: E402
from customers.models import Contact, Customer, Tier  # noqa: E402
from staff.models import Team, User  # noqa: E402


class BadCustomer(ValueError):
    """The customer cannot be saved; the text says why."""


def initials_of(name: str) -> str:
    """王小雨 → wxy; Latin names keep their first letters. Stored beside the name for lookup."""
    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors=lambda rest: "".join(w[0] for w in rest.split()))
    return "".join(letters).lower()[:40]


def entry_tier() -> Tier:
    """The tier of a customer who has no score yet: the one no score leads to, else the lowest."""
    return Tier.objects.filter(least_score=None).order_by("-rank").first() or Tier.objects.order_by("-rank")[0]


def find(*, team: Team, phone: str = "", email: str = "") -> Customer | None:
    """The customer of this team with exactly this number or address; the number counts first."""
    for kind, value in (("phone", phone), ("email", email)):
        present = Customer.objects.filter(team=team).present()
        if value and (found := present.by_contact(kind, value).order_by("pk").first()):
            return found
    return None


def standing(customer: Customer) -> Customer:
    """The archive that counts now: the customer, or the one they were merged into since they were read.

    Locks the row until the caller's transaction ends, so that a merge waits and then takes along what was added.
    """
    rows = Customer.objects.select_related("tier")
    locked = rows.select_for_update(no_key=True, of=("self",)).get(pk=customer.pk)
    while locked.merged_into_id is not None:
        locked = rows.select_for_update(no_key=True, of=("self",)).get(pk=locked.merged_into_id)
    return locked


@transaction.atomic
def find_or_create(
    *, team: Team, source: str, name: str = "", phone: str = "", email: str = "", language: str = "zh-hans",
    company: str = "", by: User | None = None, now: datetime | None = None,
) -> tuple[Customer, bool]:
    """The customer with this number or address, made if new; returns (customer, made).

    Raises `BadPhone` for a number that is none. Two equal requests at once make one customer.
    """
    now = now or timezone.now()
    Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    found = find(team=team, phone=phone, email=email)
    if found:
        return found, False
    customer = Customer.objects.create(
        team=team, name=name.strip()[:120] or "?", initials=initials_of(name), company=company, language=language,
        source=source, tier=entry_tier(), created_at=now, since=timezone.localdate(now),
    )
    for kind, value in (("phone", phone), ("email", email)):
        if value:
            add_contact(customer, kind=kind, value=value, source=source, preferred=True)
    events.record("customer_made", customer, by=by, customer_id=customer.pk, team_id=team.pk, now=now, source=source)
    return customer, True


def add_contact(customer: Customer, *, kind: str, value: str, source: str, preferred: bool = False) -> Contact:
    """Adds a contact; one that the customer has already is returned as it is. Raises `BadPhone`."""
    index = Contact.index_of(kind, value)
    known = customer.contacts.filter(kind=kind, value_index=index).first()
    return known or Contact.objects.create(
        customer=customer, kind=kind, value=value, source=source, preferred=preferred
    )


__all__ = ["BadCustomer", "BadPhone", "add_contact", "entry_tier", "find", "find_or_create", "initials_of",
           "standing"]
