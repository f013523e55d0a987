"""Finding customers as one types, within sight: by number, mail, name, initials, company, order, serial, own field."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Prefetch, QuerySet, Value

from core import phones
from customers import custom_fields
from customers.models import Contact, Customer, CustomField, Order, OrderLine
from customers.models.archive import manages_elsewhere
from staff.models import Team, User
from staff.sight import visible_teams

LIMIT = 8
CANDIDATES = 60  # read of every kind before the best are chosen; keeps a one-letter search cheap
COMMON = 1000  # orders whose number begins alike; who types on sees fewer
NUMBER = re.compile(r"k-?0*(\d{1,12})", re.IGNORECASE)
PHONE_LIKE = re.compile(r"[+＋(（]?[\d０-９][\d０-９\s\-－()（）.转#x]*", re.IGNORECASE)
LETTERS = re.compile(r"[a-z]{1,40}", re.IGNORECASE)
# Numbers of orders and serials hold a digit somewhere; words alone are names.
CODE = re.compile(r"(?=.*\d)[^\s@%]{3,60}")
HOWS = ("number", "email", "phone", "last4", "name", "company", "order", "serial", "field")


@dataclass(frozen=True)
class Match:
    """A customer found, the number or address to show (masked), and by what they were found (one of HOWS)."""

    customer: Customer
    shown: str
    how: str


def as_typed(user: User, text: str, *, limit: int = LIMIT) -> list[Match]:
    """Customers in sight that the typed text means, most recent contact first.

    Telephone numbers count when complete, in any written form, or as their last four digits; addresses when complete;
    names, companies, pinyin initials, numbers of orders and serials from their beginning; customer numbers as K-123;
    the admin's own text and number fields when complete. Who was merged or erased is not found.
    """
    text = " ".join(text.replace("\0", "").split())[:120]
    parts = list(_parts(user, text)) if text else []
    if not parts:
        return []
    sliced = [part.annotate(how=Value(how)).values_list("pk", "how")[:CANDIDATES] for how, part in parts]
    found: dict[int, str] = {}
    for pk, how in sliced[0].union(*sliced[1:], all=True):
        if pk not in found or HOWS.index(how) < HOWS.index(found[pk]):
            found[pk] = how
    rows = Customer.objects.filter(pk__in=found).select_related("tier").prefetch_related(_shown_contacts())
    ranked = sorted(rows.order_by("-last_contact_at", "-pk"), key=lambda customer: customer.last_contact_at is None)
    return [Match(customer, shown_contact(customer), found[customer.pk]) for customer in ranked[:limit]]


def elsewhere(user: User, phone: str) -> Team | None:
    """The team of a customer with this complete number whom the user may not see; its name is all they learn."""
    try:
        index = Contact.index_of(Contact.Kind.PHONE, phone)
    except phones.BadPhone:
        return None
    found = Contact.objects.filter(
        kind=Contact.Kind.PHONE, value_index=index, customer__in=Customer.objects.present()
    ).exclude(customer__in=Customer.objects.visible_to(user))
    return Team.objects.filter(pk__in=found.values("customer__team")).order_by("pk").first()


def shown_contact(customer: Customer) -> str:
    """The masked number to show beside the name, else the mail address; reads prefetched contacts."""
    contacts = sorted(customer.contacts.all(), key=lambda c: (c.kind != Contact.Kind.PHONE, not c.preferred, c.pk))
    return contacts[0].masked if contacts else ""


def _shown_contacts() -> Prefetch:
    kinds = [Contact.Kind.PHONE, Contact.Kind.EMAIL]
    return Prefetch("contacts", Contact.objects.filter(kind__in=kinds).defer("value"))


def _parts(user: User, text: str) -> Iterator[tuple[str, QuerySet[Customer]]]:
    """What the text may mean, each with the customers in sight that it leads to."""
    seen = Customer.objects.visible_to(user)
    if number := NUMBER.fullmatch(text):
        yield "number", seen.filter(pk=int(number.group(1)))
    if "@" in text:
        yield "email", seen.filter(pk__in=_owners(Contact.Kind.EMAIL, text))
        return
    if PHONE_LIKE.fullmatch(text):
        digits = re.sub(r"\D", "", text)
        if len(digits) == 4:
            yield "last4", seen.by_last4(digits).order_by()
        else:
            yield "phone", seen.filter(pk__in=_owners(Contact.Kind.PHONE, text))
    elif not number:
        yield from _by_words(user, text)
    if CODE.fullmatch(text):
        yield from _by_code(seen, text)
    if len(text) >= 3:
        yield from _by_own_field(seen, text)


def _owners(kind: str, text: str) -> QuerySet:
    try:
        index = Contact.index_of(kind, text)
    except phones.BadPhone:
        return Contact.objects.none().values("customer")
    return Contact.objects.filter(kind=kind, value_index=index).values("customer")


def _by_words(user: User, text: str) -> Iterator[tuple[str, QuerySet[Customer]]]:
    """Beginnings of names, companies and initials, each from its own index."""
    bases = [Customer.objects.present().filter(team__in=_teams(user))]
    if manages_elsewhere(user):
        bases.append(Customer.objects.present().filter(account_manager=user))
    # Names are stored as people write them; an index cannot fold case, so the usual forms are asked for.
    forms = _forms(text) | {text.title()}
    for seen in bases:
        for form in sorted(forms):
            yield "name", seen.filter(name__startswith=form)
            yield "company", seen.exclude(company="").filter(company__startswith=form)
        if LETTERS.fullmatch(text):
            yield "name", seen.filter(initials__startswith=text.lower())


def _teams(user: User) -> list[int]:
    if user.is_admin or user.supervises:
        return list(visible_teams(user).values_list("pk", flat=True))
    return [user.team_id] if user.team_id and user.is_active else []


def _by_code(seen: QuerySet[Customer], text: str) -> Iterator[tuple[str, QuerySet[Customer]]]:
    """By the number of an order or of a device: the exact one always, those that begin so while they are few."""
    forms = sorted(_forms(text))
    for how, rows, field, owner in (
        ("order", Order.objects.order_by(), "code", "customer"),
        ("serial", OrderLine.objects.exclude(serial="").order_by(), "serial", "order__customer"),
    ):
        yield how, seen.filter(pk__in=rows.filter(**{f"{field}__in": forms}).values(owner)[:COMMON])
        for form in forms:
            yield how, seen.filter(pk__in=rows.filter(**{f"{field}__startswith": form}).values(owner)[:COMMON])


def _by_own_field(seen: QuerySet[Customer], text: str) -> Iterator[tuple[str, QuerySet[Customer]]]:
    """By `field:value`, or by a whole value of a text or number field."""
    for field in custom_fields.active():
        if field.kind not in (CustomField.Kind.TEXT, CustomField.Kind.NUMBER):
            continue
        with suppress(custom_fields.BadValue):
            yield "field", seen.filter(attributes__contains={field.code: custom_fields.read(field, text)})
    with suppress(custom_fields.BadValue):
        if named := custom_fields.search(text):
            yield "field", seen.filter(attributes__contains=named)


def _forms(text: str) -> set[str]:
    return {text, text.upper(), text.lower()}
