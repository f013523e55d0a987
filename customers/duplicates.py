"""Archives that may be one customer: suspected while a new one is typed, and searched for every night (A1).

A score of 0 to 100 adds up the grounds. An equal number or address says much, for it is personal; equal names say
little alone, for there are many 张伟.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import crypto, events, phones
from customers import registry
from customers.models import Contact, Customer, CustomerQuerySet, DuplicatePair
from staff.models import Team, User

SCORES = {"phone": 90, "email": 85, "document": 95, "name_company": 60, "name_birthday": 65, "initials_last4": 50}
GROUNDS = {
    "phone": gettext_lazy("the same phone number"),
    "email": gettext_lazy("the same mail address"),
    "document": gettext_lazy("the same document number"),
    "name_company": gettext_lazy("the same name and company"),
    "name_birthday": gettext_lazy("the same name and birthday"),
    "initials_last4": gettext_lazy("the same initials and last four digits"),
}
MORE = 5  # each further ground
SUSPECTS = 5
CROWD = 20  # a value that more customers share (a company's switchboard) says nothing about any two of them


class PairDecided(Exception):
    """Somebody has decided on this pair already."""


@dataclass(frozen=True)
class Suspect:
    """An archive that may be the same customer, and why."""

    customer: Customer
    score: int
    grounds: tuple[str, ...]

    @property
    def why(self) -> str:
        return worded(self.grounds)


def score(grounds: Iterable[str]) -> int:
    """The strongest ground, and a little for each further one; never above 100."""
    found = sorted((SCORES[ground] for ground in set(grounds)), reverse=True)
    return min(100, found[0] + MORE * (len(found) - 1)) if found else 0


def worded(grounds: Iterable[str]) -> str:
    return _(", ").join(str(GROUNDS[ground]) for ground in grounds if ground in GROUNDS)


# --- While typing -----------------------------------------------------------------------------------------


def suspects(
    *, team: Team, name: str = "", phone: str = "", email: str = "", company: str = "", but: Customer | None = None
) -> list[Suspect]:
    """Archives of this team that what is being typed may mean, likeliest first; half-typed values are no error."""
    name, company = name.strip(), company.strip()
    present = Customer.objects.filter(team=team).present()
    if but is not None:
        present = present.exclude(pk=but.pk)
    grounds: dict[int, list[str]] = {}
    for ground, rows in _matches(present, name, phone, email, company):
        for pk in rows.order_by("-pk").values_list("pk", flat=True)[:CROWD]:
            grounds.setdefault(pk, []).append(ground)
    best = sorted(grounds, key=lambda pk: (-score(grounds[pk]), pk))[:SUSPECTS]
    rows = Customer.objects.select_related("tier").prefetch_related("contacts").in_bulk(best)
    return [Suspect(rows[pk], score(grounds[pk]), tuple(grounds[pk])) for pk in best]


def _matches(present: CustomerQuerySet, name: str, phone: str, email: str, company: str):
    number = _number(phone)
    if number:
        yield "phone", present.by_contact(Contact.Kind.PHONE, number)
    if "@" in email:
        yield "email", present.by_contact(Contact.Kind.EMAIL, email)
    if name and company:
        yield "name_company", present.filter(name=name, company=company)
    if name and number:
        last4 = crypto.blind_index("last4", phones.last4(number))
        same = Q(initials=registry.initials_of(name), contacts__last4_index=last4)
        yield "initials_last4", present.filter(same).distinct()


def _number(typed: str) -> str:
    try:
        return phones.normalise(typed) if typed.strip() else ""
    except phones.BadPhone:
        return ""


# --- Every night ------------------------------------------------------------------------------------------

# Each search reads one index in its order and pairs neighbours; groups larger than a crowd are left out.
_BY_CONTACT = """
SELECT least(a.customer_id, b.customer_id), greatest(a.customer_id, b.customer_id), '{kind}'
FROM (
  SELECT contact.value_index, customer.id AS customer_id, count(*) OVER (PARTITION BY contact.value_index) AS crowd
  FROM customers_contact contact JOIN customers_customer customer ON customer.id = contact.customer_id
  WHERE contact.kind = '{kind}' AND contact.valid AND customer.team_id = %(team)s
    AND customer.merged_into_id IS NULL AND customer.erased_at IS NULL
) a JOIN customers_contact b ON b.value_index = a.value_index AND b.kind = '{kind}' AND b.customer_id > a.customer_id
    AND b.valid
  JOIN customers_customer other ON other.id = b.customer_id AND other.team_id = %(team)s
    AND other.merged_into_id IS NULL AND other.erased_at IS NULL
WHERE a.crowd BETWEEN 2 AND %(crowd)s
"""
_BY_COLUMN = """
SELECT least(a.id, b.id), greatest(a.id, b.id), '{ground}'
FROM (
  SELECT id, name, {column}, count(*) OVER (PARTITION BY name, {column}) AS crowd FROM customers_customer
  WHERE team_id = %(team)s AND merged_into_id IS NULL AND erased_at IS NULL AND {filled}
) a JOIN customers_customer b ON b.team_id = %(team)s AND b.name = a.name AND b.{column} = a.{column} AND b.id > a.id
    AND b.merged_into_id IS NULL AND b.erased_at IS NULL
WHERE a.crowd BETWEEN 2 AND %(crowd)s
"""
_BY_INITIALS = """
SELECT least(a.id, b.id), greatest(a.id, b.id), 'initials_last4'
FROM (
  SELECT customer.id, customer.initials, contact.last4_index,
         count(*) OVER (PARTITION BY contact.last4_index, customer.initials) AS crowd
  FROM customers_contact contact JOIN customers_customer customer ON customer.id = contact.customer_id
  WHERE contact.last4_index <> '' AND customer.initials <> '' AND customer.team_id = %(team)s
    AND customer.merged_into_id IS NULL AND customer.erased_at IS NULL
) a JOIN customers_contact c ON c.last4_index = a.last4_index AND c.last4_index <> '' AND c.customer_id > a.id
  JOIN customers_customer b ON b.id = c.customer_id AND b.initials = a.initials AND b.team_id = %(team)s
    AND b.merged_into_id IS NULL AND b.erased_at IS NULL
WHERE a.crowd BETWEEN 2 AND %(crowd)s
"""
_SEARCHES = [
    *(_BY_CONTACT.format(kind=kind) for kind in ("phone", "email", "document")),
    _BY_COLUMN.format(ground="name_company", column="company", filled="company <> ''"),
    _BY_COLUMN.format(ground="name_birthday", column="birthday", filled="birthday IS NOT NULL"),
    _BY_INITIALS,
]
_STORE = """
WITH found (first_id, second_id, ground) AS ({searches}),
weights (ground, points) AS (VALUES {weights}),
pairs AS (
  SELECT first_id, second_id, jsonb_agg(ground ORDER BY points DESC, ground) AS grounds,
         least(100, max(points) + %(more)s * (count(*) - 1)) AS score
  FROM (SELECT DISTINCT first_id, second_id, ground FROM found) each JOIN weights USING (ground)
  GROUP BY first_id, second_id
)
INSERT INTO customers_duplicatepair AS known (team_id, first_id, second_id, score, grounds, state, found_at)
SELECT %(team)s, first_id, second_id, score, grounds, 'open', %(now)s FROM pairs
ON CONFLICT (first_id, second_id) DO UPDATE SET score = EXCLUDED.score, grounds = EXCLUDED.grounds
WHERE known.state = 'open' AND (known.score, known.grounds) IS DISTINCT FROM (EXCLUDED.score, EXCLUDED.grounds)
"""


def search_all(*, now: datetime | None = None) -> int:
    """The nightly search over every team; returns the pairs that are new or scored anew. Harmless when repeated."""
    now = now or timezone.now()
    return sum(search(team=team, now=now) for team in Team.objects.order_by("pk"))


@transaction.atomic
def search(*, team: Team, now: datetime | None = None) -> int:
    """Finds the suspected pairs of one team, set-based. What somebody called two customers stays so."""
    searches = " UNION ALL ".join(_SEARCHES)
    weights = ", ".join(f"('{ground}', {points})" for ground, points in SCORES.items())
    values: dict[str, Any] = {"team": team.pk, "crowd": CROWD, "more": MORE, "now": now or timezone.now()}
    with connection.cursor() as cursor:
        # Hash joins over a million contacts; the default memory would spill them to disk in small parts.
        cursor.execute("SET LOCAL work_mem = '128MB'")
        cursor.execute(_STORE.format(searches=searches, weights=weights), values)
        return cursor.rowcount


def waiting(user: User) -> QuerySet[DuplicatePair]:
    """Open pairs within sight of which both are still there, likeliest first."""
    return DuplicatePair.objects.visible_to(user).filter(
        state=DuplicatePair.State.OPEN, first__merged_into=None, second__merged_into=None,
        first__erased_at=None, second__erased_at=None,
    )


@transaction.atomic
def dismiss(*, pair: DuplicatePair, by: User, now: datetime | None = None) -> DuplicatePair:
    """These are two customers; the pair is never suspected again. Raises `PairDecided` after a merge."""
    now = now or timezone.now()
    locked = DuplicatePair.objects.select_for_update().get(pk=pair.pk)
    if locked.state == DuplicatePair.State.DISTINCT:
        return locked
    if locked.state == DuplicatePair.State.MERGED:
        raise PairDecided(_("These two have been merged already."))
    locked.state, locked.decided_at, locked.decided_by = DuplicatePair.State.DISTINCT, now, by
    locked.save(update_fields=["state", "decided_at", "decided_by"])
    events.record(
        "pair_dismissed", locked, by=by, customer_id=locked.first_id, team_id=locked.team_id, now=now,
        other=locked.second_id,
    )
    return locked
