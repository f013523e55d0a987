"""Customers from another system's CSV: made once, updated when their row has changed, each with its history."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Prefetch
from django.utils import timezone
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from core import events, live
from core.import_maps import BadRow, Field, ImportMap
from core.importing import Record, Tally, known_digests
from core.models import Event
from core.phones import BadPhone
from customers import order_book, registry
from customers.models import Contact, Customer
from staff.models import Team

SHIPPED = Path(__file__).parent / "import_maps"
CONTACTS = ("phone", "email", "address")
FIELDS = {
    "external_id": Field(longest=80, required=True),
    "name": Field(longest=120, required=True),
    "kind": Field(choices=Customer.Kind.values),
    "company": Field(longest=120),
    "occupation": Field(longest=80),
    "industry": Field(longest=80),
    "language": Field(choices=[code for code, _name in settings.LANGUAGES]),
    "birthday": Field("date"),
    "stage": Field(choices=Customer.Stage.values),
    "spend": Field("decimal"),
    "since": Field("date"),
    **{kind: Field(longest=400) for kind in CONTACTS},
}


class CustomerImport:
    """Saves batches of records as customers of one team; a `core.importing.Saver`."""

    def __init__(self, mapping: ImportMap, team: Team):
        self.mapping, self.team = mapping, team
        self.tier = registry.entry_tier()

    def check(self, record: Record, today: date) -> None:
        """Raises BadRow for values that no customer can have."""
        values = record.values
        if (values.get("spend") or Decimal(0)) < 0:
            raise BadRow("spend: is negative")
        for name in ("since", "birthday"):
            if (day := values.get(name)) and not date(1880, 1, 1) <= day <= today:
                raise BadRow(f"{name}: {day} lies too far back, or in the future")
        try:
            if values.get("phone"):
                Contact.normalise(Contact.Kind.PHONE, values["phone"])
            if values.get("email"):
                validate_email(values["email"])
        except BadPhone:
            raise BadRow("phone: is no telephone number") from None
        except ValidationError:
            raise BadRow("email: is no mail address") from None

    def save(self, batch: list[Record], now: datetime) -> Tally:
        """Makes the new ones, updates the changed ones, leaves the others; in the caller's transaction."""
        known = self._known(batch)
        digests = known_digests("customers.customer", "customer_id", [one.pk for one in known.values()])
        fresh = [record for record in batch if record.external_id not in known]
        changed = [
            record for record in batch
            if (one := known.get(record.external_id)) and digests.get(one.pk) != record.digest
        ]
        made = self._make(fresh, now)
        self._update([(known[record.external_id], record) for record in changed], now)
        told = [*zip(made, fresh, strict=True), *((known[record.external_id], record) for record in changed)]
        Event.objects.bulk_create(self._told(customer, record, now) for customer, record in told)
        if told:
            live.publish("customer", team_id=self.team.pk)
        return Tally(made=len(made), changed=len(changed), same=len(batch) - len(told))

    def _known(self, batch: list[Record]) -> dict[str, Customer]:
        contacts = Prefetch("contacts", Contact.objects.only("customer", "kind", "value_index"))
        rows = Customer.objects.filter(
            team=self.team, external_source=self.mapping.source, external_id__in=[one.external_id for one in batch]
        )
        return {customer.external_id: customer for customer in rows.prefetch_related(contacts)}

    def _make(self, fresh: list[Record], now: datetime) -> list[Customer]:
        drafts = [
            Customer(
                team=self.team, tier=self.tier, source=Customer.Source.IMPORT, external_source=self.mapping.source,
                external_id=record.external_id, created_at=now, attributes=record.attributes,
                **{"since": timezone.localdate(now), **_columns(record)},
            )
            for record in fresh
        ]
        for draft in drafts:
            order_book.told_total(draft, draft.spend, now=now)
        reason = f"imported from {self.mapping.source}"
        made = bulk_create_with_history(drafts, Customer, default_change_reason=reason, default_date=now)
        contacts = [
            contact for customer, record in zip(made, fresh, strict=True) for contact in _contacts(customer, record)
        ]
        if contacts:
            bulk_create_with_history(contacts, Contact, default_change_reason=reason, default_date=now)
        return made

    def _update(self, changed: list[tuple[Customer, Record]], now: datetime) -> None:
        if not changed:
            return
        for customer, record in changed:
            customer.attributes = {**customer.attributes, **record.attributes}
            values = _columns(record)
            order_book.told_total(customer, values.pop("spend", None) or Decimal(0), now=now)
            for name, value in values.items():
                setattr(customer, name, value)
            known = {(contact.kind, contact.value_index) for contact in customer.contacts.all()}
            for contact in _contacts(customer, record):
                if (contact.kind, contact.value_index) not in known:
                    contact.save()
        always = {"initials", "attributes", "spend_before", "spend_before_at"}
        names = sorted(always | (self.mapping.fields.keys() & _COLUMNS))
        bulk_update_with_history(
            [customer for customer, _record in changed], Customer, names,
            default_change_reason=f"imported from {self.mapping.source}", default_date=now,
        )

    def _told(self, customer: Customer, record: Record, now: datetime) -> Event:
        return events.draft(
            "imported", customer, customer_id=customer.pk, team_id=self.team.pk, now=now,
            source=self.mapping.source, digest=record.digest,
        )


_COLUMNS = FIELDS.keys() - {"external_id", *CONTACTS}


def _columns(record: Record) -> dict[str, Any]:
    """The columns of the customer that the record fills; what is empty in it stays as it is."""
    found = {name: value for name, value in record.values.items() if name in _COLUMNS and value is not None}
    return {**found, "initials": registry.initials_of(found["name"])}


def _contacts(customer: Customer, record: Record) -> list[Contact]:
    found = []
    for kind in CONTACTS:
        if value := record.values.get(kind):
            contact = Contact(customer=customer, kind=kind, value=value, source=Customer.Source.IMPORT, preferred=True)
            contact.seal()
            found.append(contact)
    return found
