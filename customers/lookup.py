"""Finding customers as one types: by number, mail, name, initials, company or customer number, within sight."""

import re
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from core import phones
from customers.models import Contact, Customer
from staff.models import Team, User
from staff.sight import visible_teams

LIMIT = 8
CANDIDATES = 60  # read before the best are chosen; keeps a one-letter search cheap
NUMBER = re.compile(r"k-?0*(\d{1,12})", re.IGNORECASE)
PHONE_LIKE = re.compile(r"[+＋(（]?[\d０-９][\d０-９\s\-－()（）.转#x]*", re.IGNORECASE)
LETTERS = re.compile(r"[a-z]{1,40}", re.IGNORECASE)


@dataclass(frozen=True)
class Match:
    """A customer found, the number or address to show (masked), and by what they were found."""

    customer: Customer
    shown: str
    how: str  # number, phone, last4, email, name


def as_typed(user: User, text: str, *, limit: int = LIMIT) -> list[Match]:
    """Customers in sight that the typed text means, most recent contact first.

    Numbers count when complete, in any written form, or as their last four digits; addresses when complete; names,
    companies and pinyin initials from their beginning; customer numbers as K-123.
    """
    text = text.replace("\0", "").strip()[:120]
    how, found = _meaning(user, text)
    if found is None:
        return []
    rows = (
        Customer.objects.visible_to(user)
        .filter(pk__in=list(found[:CANDIDATES]))
        .select_related("tier")
        .prefetch_related(_shown_contacts())
        .order_by("-last_contact_at", "-pk")
    )
    ranked = sorted(rows, key=lambda customer: customer.last_contact_at is None)
    return [Match(customer, shown_contact(customer), how) for customer in ranked[:limit]]


def elsewhere(user: User, phone: str) -> Team | None:
    """The team of a customer with this complete number whom the user may not see; its name is all they learn."""
    try:
        index = Contact.index_of(Contact.Kind.PHONE, phone)
    except phones.BadPhone:
        return None
    return (
        Team.objects.filter(customers__contacts__kind=Contact.Kind.PHONE, customers__contacts__value_index=index)
        .exclude(pk__in=visible_teams(user))
        .order_by("pk")
        .first()
    )


def shown_contact(customer: Customer) -> str:
    """The masked number to show beside the name, else the mail address; reads prefetched contacts."""
    contacts = sorted(customer.contacts.all(), key=lambda c: (c.kind != Contact.Kind.PHONE, not c.preferred, c.pk))
    return contacts[0].masked if contacts else ""


def _shown_contacts() -> Prefetch:
    kinds = [Contact.Kind.PHONE, Contact.Kind.EMAIL]
    return Prefetch("contacts", Contact.objects.filter(kind__in=kinds).defer("value"))


def _meaning(user: User, text: str):
    """What was typed, and the ids that it leads to; (\"\", None) for nothing that could be looked up."""
    seen = Customer.objects.visible_to(user)
    if number := NUMBER.fullmatch(text):
        return "number", seen.filter(pk=int(number.group(1))).values_list("pk", flat=True)
    if "@" in text:
        return "email", seen.by_contact(Contact.Kind.EMAIL, text).values_list("pk", flat=True)
    if PHONE_LIKE.fullmatch(text):
        return _by_digits(seen, text)
    if text:
        return "name", _by_words(user, text)
    return "", None


def _by_digits(seen, text: str):
    digits = re.sub(r"\D", "", text)
    if len(digits) == 4:
        return "last4", seen.by_last4(digits).values_list("pk", flat=True)
    return "phone", seen.by_contact(Contact.Kind.PHONE, text).values_list("pk", flat=True)


def _by_words(user: User, text: str):
    """Beginnings of names, companies and initials, each from its own index, in one query."""
    team_ids = list(visible_teams(user).values_list("pk", flat=True))
    seen = Customer.objects.filter(team__in=team_ids)
    # Names are stored as people write them; an index cannot fold case, so the usual forms are asked for.
    forms = {text, text.title(), text.upper(), text.lower()}
    parts = [
        seen.filter(_starts("name", forms)),
        seen.exclude(company="").filter(_starts("company", forms)),
    ]
    if LETTERS.fullmatch(text):
        parts.append(seen.filter(initials__startswith=text.lower()))
    sliced = [part.values_list("pk", flat=True)[:CANDIDATES] for part in parts]
    return sliced[0].union(*sliced[1:])


def _starts(field: str, forms: set[str]) -> Q:
    condition = Q()
    for form in sorted(forms):
        condition |= Q(**{f"{field}__startswith": form})
    return condition
