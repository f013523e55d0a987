"""Batches of customers into the archive, set-based: found, made, brought up to date, each with history and event.

A total of what a customer spent holds the orders placed before it was told: see `customers.order_book.spent`.
"""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from django.utils import timezone

from core import bulk
from core.importing import Tally, known_digests
from core.models import Event
from customers import order_book, registry
from customers.models import Contact, Customer, CustomerWords, ImportRun
from customers.transfer.rows import Bad, Row, Sealed

KEYS = ("phone", "email")
PLAIN = (
    "kind", "name", "company", "occupation", "industry", "company_size", "language", "birthday", "spend", "since",
)  # fmt: skip
initials_of = lru_cache(maxsize=50_000)(registry.initials_of)


class CustomerSaver:
    """Saves batches of rows as customers of the run's team, in the caller's transaction."""

    def __init__(self, run: ImportRun):
        self.run, self.tier = run, registry.entry_tier()
        self.reason = f"imported from {run.source}"

    def check(self, row: Row) -> None:
        """Raises BadValue for a row that could not be told from another one."""
        _ = row.key

    def save(self, batch: list[Row], *, now: datetime, dry: bool = False) -> tuple[Tally, list[Bad]]:
        """Makes the new ones, updates the changed ones, leaves the others; `dry` only says what it would do."""
        known, bad = self._known(batch)
        refused = {one.line for one in bad}
        digests = known_digests("customers.customer", "customer_id", [one.pk for one in known.values()])
        fresh = [row for row in batch if row.line not in known and row.line not in refused]
        changed = [row for row in batch if row.line in known and digests.get(known[row.line].pk) != row.digest]
        if not dry:
            made = self._make(fresh, now)
            self._update([(known[row.line], row) for row in changed], now)
            told = [*zip(made, fresh, strict=True), *((known[row.line].pk, row) for row in changed)]
            self._tell(told, now)
        same = len(batch) - len(fresh) - len(changed) - len(bad)
        return Tally(made=len(fresh), changed=len(changed), same=same), bad

    # --- Who is known ---------------------------------------------------------------------------------------

    def _known(self, batch: list[Row]) -> tuple[dict[int, Customer], list[Bad]]:
        """The customer of each line that has one: by the other system's number, else by telephone, else by mail."""
        by_number = self._by_number(batch)
        by_contact = self._by_contact([row for row in batch if row.values.get("external_id") not in by_number])
        touched = self._touched({customer.pk for customer in by_contact.values()})
        known: dict[int, Customer] = {}
        bad, taken = [], set()
        for row in batch:
            found = by_number.get(row.values.get("external_id", "")) or self._of_contacts(row, by_contact, touched)
            if found is None or found.pk in taken:
                continue
            if found.erased_at:
                bad.append(Bad(row.line, row.cells, "erased"))
                continue
            taken.add(found.pk)
            known[row.line] = found
        return known, bad

    def _by_number(self, batch: list[Row]) -> dict[str, Customer]:
        numbers = [number for row in batch if (number := row.values.get("external_id"))]
        if not numbers:
            return {}
        found = Customer.objects.filter(
            team=self.run.team_id, external_source=self.run.source, external_id__in=numbers
        )
        return {customer.external_id: self._standing(customer) for customer in found}

    def _standing(self, customer: Customer) -> Customer:
        """What was merged into another is that other one now."""
        return registry.standing(customer) if customer.merged_into_id else customer

    def _by_contact(self, rows: list[Row]) -> dict[str, Customer]:
        """{blind index: customer}, the oldest first; a person with another number of the same system is another."""
        marks = [one.value_index for row in rows for one in row.contacts if one.kind in KEYS]
        found = Contact.objects.filter(
            value_index__in=marks, kind__in=KEYS, customer__team=self.run.team_id, customer__merged_into=None,
            customer__erased_at=None,
        )
        pairs = list(found.order_by("-customer_id").values_list("value_index", "customer_id")) if marks else []
        customers = Customer.objects.in_bulk({pk for _mark, pk in pairs})
        return {mark: customers[pk] for mark, pk in pairs}

    def _touched(self, ids: set[int]) -> set[int]:
        """Those that an earlier line of this file is about: a later one with other keys is about somebody else."""
        told = Event.objects.filter(kind="imported", customer_id__in=ids, data__run=self.run.pk) if ids else []
        return {event.customer_id for event in told if event.customer_id}

    def _of_contacts(self, row: Row, by_contact: dict[str, Customer], touched: set[int]) -> Customer | None:
        if not by_contact:
            return None
        for one in row.contacts:
            found = by_contact.get(one.value_index) if one.kind in KEYS else None
            if found is None or self._is_another(found, row):
                continue
            if found.pk not in touched or row.key.startswith(f"{one.kind}:"):
                return found
        return None

    def _is_another(self, found: Customer, row: Row) -> bool:
        number = row.values.get("external_id", "")
        named = found.external_id and found.external_source == self.run.source
        return bool(number and named and found.external_id != number)

    # --- What becomes of them -------------------------------------------------------------------------------

    def _make(self, fresh: list[Row], now: datetime) -> list[int]:
        if not fresh:
            return []
        ids = bulk.next_ids(Customer, len(fresh))
        customers = bulk.Rows(
            Customer, with_ids=True, team_id=self.run.team_id, tier_id=self.tier.pk, source=Customer.Source.IMPORT,
            created_at=now, since=timezone.localdate(now),
        )
        contacts: list[tuple[int, Sealed, bool]] = []
        for pk, row in zip(ids, fresh, strict=True):
            values = {name: row.values[name] for name in PLAIN if name in row.values}
            if number := row.values.get("external_id"):
                values |= {"external_source": self.run.source, "external_id": number}
            if total := row.values.get("spend"):
                values |= {"spend_before": total, "spend_before_at": now}
            customers.add(id=pk, initials=initials_of(values["name"]), attributes=row.attributes, **values)
            contacts += [(pk, one, True) for one in row.contacts]
        customers.pour()
        bulk.remember(Customer, ids, kind="+", reason=self.reason, at=now, by=self.run.by)
        CustomerWords.index_ids(ids)
        self._add_contacts(contacts, now)
        return ids

    def _update(self, changed: list[tuple[Customer, Row]], now: datetime) -> None:
        if not changed:
            return
        rows = []
        for customer, row in changed:
            for name in PLAIN:
                if name in row.values and name != "spend":
                    setattr(customer, name, row.values[name])
            order_book.told_total(customer, row.values.get("spend") or Decimal(0), now=now)
            if number := row.values.get("external_id"):
                customer.external_source, customer.external_id = self.run.source, number
            customer.initials = initials_of(customer.name)
            customer.attributes = {**customer.attributes, **row.attributes}
            rows.append([customer.pk, *(getattr(customer, name) for name in CHANGED)])
        bulk.rewrite(Customer, CHANGED, rows)
        ids = [customer.pk for customer, _row in changed]
        bulk.remember(Customer, ids, kind="~", reason=self.reason, at=now, by=self.run.by)
        CustomerWords.index_ids(ids)
        self._add_missing(changed, now)

    def _add_missing(self, changed: list[tuple[Customer, Row]], now: datetime) -> None:
        held = Contact.objects.filter(customer__in=[customer.pk for customer, _row in changed])
        known = set(held.values_list("customer_id", "kind", "value_index"))
        kinds = {(pk, kind) for pk, kind, _mark in known}
        contacts = [
            (customer.pk, one, (customer.pk, one.kind) not in kinds)
            for customer, row in changed for one in row.contacts
            if (customer.pk, one.kind, one.value_index) not in known
        ]
        self._add_contacts(contacts, now)

    def _add_contacts(self, contacts: list[tuple[int, Sealed, bool]], now: datetime) -> None:
        if not contacts:
            return
        ids = bulk.next_ids(Contact, len(contacts))
        rows = bulk.Rows(Contact, with_ids=True, source=Customer.Source.IMPORT)
        for pk, (customer_id, one, preferred) in zip(ids, contacts, strict=True):
            rows.add(id=pk, customer_id=customer_id, preferred=preferred, **one._asdict())
        rows.pour()
        bulk.remember(Contact, ids, kind="+", reason=self.reason, at=now, by=self.run.by)

    def _tell(self, told: list[tuple[int, Row]], now: datetime) -> None:
        by = self.run.by
        rows = bulk.Rows(
            Event, at=now, kind="imported", subject_type="customers.customer", team_id=self.run.team_id,
            actor_id=by.pk if by else None, actor_name=by.display_name if by else "",
        )
        for pk, row in told:
            data = {"source": self.run.source, "run": self.run.pk, "digest": row.digest}
            rows.add(subject_id=pk, customer_id=pk, data=data)
        rows.pour()


CHANGED = (
    *PLAIN, "initials", "attributes", "external_source", "external_id", "spend_before", "spend_before_at",
)  # fmt: skip
