"""Who is it? Finds the customer behind a contact, or makes one."""

import os
from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from core import events
from core.phones import BadPhone
from customers.models import Contact, Customer, Tier
from staff.models import Team, User

# Initials need single characters only; the dictionary of phrases would cost every process 40 MB, a copy another 3.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")


# Asked for every mail and every call: written out, as composing the question costs more than its answer.
FOUND = """
SELECT c.* FROM customers_contact k JOIN customers_customer c ON c.id = k.customer_id
WHERE k.kind = %s AND k.value_index = %s AND c.team_id = %s AND c.merged_into_id IS NULL AND c.erased_at IS NULL
ORDER BY c.id LIMIT 1
"""
TIER = "SELECT * FROM customers_tier WHERE id = %s"


class BadCustomer(ValueError):
    """The customer cannot be saved; the text says why."""


def initials_of(name: str) -> str:
    """王小雨 → wxy; Latin names keep their first letters. Stored beside the name for lookup."""
    from pypinyin import Style, lazy_pinyin  # read where it is needed: 6 MB

    letters = lazy_pinyin(name, style=Style.FIRST_LETTER, errors=lambda rest: "".join(w[0] for w in rest.split()))
    return "".join(letters).lower()[:40]


def entry_tier() -> Tier:
    """The tier of a customer who has no score yet: the one no score leads to, else the lowest."""
    return Tier.objects.filter(least_score=None).order_by("-rank").first() or Tier.objects.order_by("-rank")[0]


def find(*, team: Team, phone: str = "", email: str = "") -> Customer | None:
    """The customer of this team with exactly this number or address; the number counts first."""
    for kind, value in (("phone", phone), ("email", email)):
        try:
            index = Contact.index_of(kind, value) if value else ""
        except BadPhone:
            continue
        if index and (rows := list(Customer.objects.raw(FOUND, [kind, index, team.pk]))):
            [found] = rows
            [found.tier] = Tier.objects.raw(TIER, [found.tier_id])
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


def heard(customer: Customer, *, now: datetime) -> Customer:
    """`standing` of a customer from whom we have heard now: locked and noted by one statement.

    What was read before is taken where it still says who serves them, and how.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET last_contact_at = %s WHERE id = %s AND merged_into_id IS NULL "
            "RETURNING team_id, tier_id, account_manager_id",
            [now, customer.pk],
        )
        if cursor.fetchone() == (customer.team_id, customer.tier_id, customer.account_manager_id):
            return customer
    found = standing(customer)
    Customer.objects.filter(pk=found.pk).update(last_contact_at=now)
    return found


def find_or_create(
    *, team: Team, source: str, name: str = "", phone: str = "", email: str = "", language: str = "zh-hans",
    company: str = "", by: User | None = None, now: datetime | None = None,
) -> tuple[Customer, bool]:
    """The customer with this number or address, made if new; returns (customer, made).

    Raises `BadPhone` for a number that is none. Two equal requests at once make one customer.
    """
    if found := find(team=team, phone=phone, email=email):
        return found, False
    with transaction.atomic():
        _wait_for_twins(phone=phone, email=email)
        if found := find(team=team, phone=phone, email=email):
            return found, False
        made = _make(
            team=team, source=source, name=name, phone=phone, email=email, language=language, company=company, by=by,
            now=now or timezone.now(),
        )
    return made, True


def _make(
    *, team: Team, source: str, name: str, phone: str, email: str, language: str, company: str, by: User | None,
    now: datetime,
) -> Customer:
    customer = Customer.objects.create(
        team=team, name=name.strip()[:120] or "?", initials=initials_of(name), company=company, language=language,
        source=source, tier=entry_tier(), created_at=now, since=timezone.localdate(now),
    )
    for kind, value in (("phone", phone), ("email", email)):
        if value:
            add_contact(customer, kind=kind, value=value, source=source, preferred=True)
    events.record("customer_made", customer, by=by, customer_id=customer.pk, team_id=team.pk, now=now, source=source)
    return customer


def _wait_for_twins(*, phone: str, email: str) -> None:
    """Of requests at once for the same new contact, one makes the customer; the others wait here, and find it then."""
    given = [(kind, value) for kind, value in (("phone", phone), ("email", email)) if value]
    with connection.cursor() as cursor:
        for index in sorted(Contact.index_of(kind, value) for kind, value in given):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(index[:15], 16)])


def add_contact(customer: Customer, *, kind: str, value: str, source: str, preferred: bool = False) -> Contact:
    """Adds a contact; one that the customer has already is returned as it is. Raises `BadPhone`."""
    index = Contact.index_of(kind, value)
    known = customer.contacts.filter(kind=kind, value_index=index).first()
    return known or Contact.objects.create(
        customer=customer, kind=kind, value=value, source=source, preferred=preferred
    )


__all__ = ["BadCustomer", "BadPhone", "add_contact", "entry_tier", "find", "find_or_create", "heard",
           "initials_of", "standing"]
