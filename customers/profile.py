"""Editing the archive (A1, A2): the profile, saved by one hand at a time, and contacts with their source and age."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core import events, live
from customers import custom_fields, freshness, registry
from customers.models import Contact, Customer, CustomField, Task
from staff.models import User

FIELDS = (
    "name", "kind", "company", "occupation", "industry", "company_size", "language", "birthday", "account_manager",
)
CUSTOM = "x_"  # before the code of a custom field, so that it cannot be taken for a field of the archive
LONGEST_CONTACT = 200


class BadContact(ValueError):
    """This is no contact of its kind; the text says why."""


@dataclass(frozen=True)
class Conflict:
    """One field that two people wrote differently."""

    label: str
    theirs: str
    yours: str


class StaleProfile(Exception):
    """Somebody saved the profile meanwhile: `current` is theirs, `conflicts` shows both versions."""

    def __init__(self, current: Customer, conflicts: list[Conflict], who: str):
        super().__init__(_("%(name)s has saved this profile meanwhile.") % {"name": who or _("Somebody")})
        self.current = current
        self.conflicts = conflicts


# --- The profile ------------------------------------------------------------------------------------------


def snapshot(customer: Customer, fields: Iterable[CustomField] | None = None) -> dict[str, str]:
    """The profile as it stands, in plain text by field: what an editor saw, to compare with when they save."""
    seen = {name: _plain(getattr(customer, _column(name))) for name in FIELDS}
    for field in custom_fields.active() if fields is None else fields:
        seen[CUSTOM + field.code] = _plain(customer.attributes.get(field.code))
    return seen


@transaction.atomic
def edit(
    customer: Customer, *, seen: dict[str, str], given: dict[str, Any], by: User, verified: bool = False,
    now: datetime | None = None,
) -> Customer:
    """Saves what the editor changed. `seen` is the `snapshot` they started from; values they left alone keep what
    others wrote meanwhile. `verified`: the customer said that all of it is so.

    Raises `StaleProfile` where both changed the same field, and `custom_fields.BadValue`.
    """
    now = now or timezone.now()
    found = registry.standing(customer)
    fields = {CUSTOM + field.code: field for field in custom_fields.active()}
    current = snapshot(found, fields.values())
    wanted = {name: value for name, value in given.items() if name in current and _plain(value) != seen.get(name)}
    if clashing := [n for n in wanted if current[n] not in (seen.get(n), _plain(wanted[n]))]:
        raise StaleProfile(found, [_conflict(n, fields, current, wanted) for n in clashing], _last_editor(found))
    changed = [name for name in wanted if _plain(wanted[name]) != current[name]]
    for name in changed:
        _put(found, name, wanted[name], fields)
    if verified:
        found.verified_on = timezone.localdate(now)
        _settle_tasks(found, by=by, now=now)
    if changed or verified:
        found._history_user = by  # type: ignore[attr-defined]
        found.save()
        _log("profile_changed" if changed else "profile_verified", found, found, by=by, now=now, fields=changed)
    return found


def verify(customer: Customer, *, by: User, now: datetime | None = None) -> Customer:
    """The customer said that the profile is right as it stands."""
    return edit(customer, seen={}, given={}, by=by, verified=True, now=now)


def _put(customer: Customer, name: str, value: Any, fields: dict[str, CustomField]) -> None:
    if name in fields:
        kept = dict(customer.attributes)
        kept.pop(fields[name].code, None)
        if (read := custom_fields.read(fields[name], value)) is not None:
            kept[fields[name].code] = read
        customer.attributes = kept
        return
    setattr(customer, name, value)
    if name == "name":
        customer.initials = registry.initials_of(customer.name)


def _settle_tasks(customer: Customer, *, by: User, now: datetime) -> None:
    for task in Task.objects.filter(customer=customer, kind=Task.Kind.UPDATE, done_at=None):
        freshness.close(task, by=by, now=now)


def _conflict(name: str, fields: dict[str, CustomField], current: dict, wanted: dict) -> Conflict:
    label = str(fields[name]) if name in fields else capfirst(str(_field(name).verbose_name))
    theirs, yours = current[name], _plain(wanted[name])
    if name == "account_manager":
        names = {str(user.pk): str(user) for user in User.objects.filter(pk__in=[n for n in (theirs, yours) if n])}
        theirs, yours = names.get(theirs, ""), names.get(yours, "")
    elif name not in fields and (choices := dict(_field(name).flatchoices)):
        theirs, yours = str(choices.get(theirs, theirs)), str(choices.get(yours, yours))
    return Conflict(label, theirs, yours)


def _field(name: str) -> Any:
    return Customer._meta.get_field(name)


def _last_editor(customer: Customer) -> str:
    row = customer.history.exclude(history_user=None).select_related("history_user").first()
    return str(row.history_user) if row else ""


def _column(name: str) -> str:
    return "account_manager_id" if name == "account_manager" else name


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, User):
        return str(value.pk)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


# --- Contacts ---------------------------------------------------------------------------------------------


@transaction.atomic
def add_contact(
    customer: Customer, *, kind: str, value: str, by: User, source: str = Customer.Source.CALL,
    preferred: bool = False, verified: bool = False, valid_until: date | None = None, now: datetime | None = None,
) -> Contact:
    """Adds a contact; one that the customer has already is brought up to date. Raises `BadPhone` or `BadContact`."""
    now, found = now or timezone.now(), registry.standing(customer)
    contact = registry.add_contact(found, kind=kind, value=_checked(kind, value), source=source)
    contact.valid, contact.valid_until = True, valid_until
    if verified:
        contact.verified_on = timezone.localdate(now)
    _save(contact, by=by)
    _log("contact_added", contact, found, by=by, now=now, field=kind)
    return prefer(contact, by=by, now=now) if preferred else contact


@transaction.atomic
def prefer(contact: Contact, *, by: User, now: datetime | None = None) -> Contact:
    """The one to use first among those of its kind. Raises `BadContact` for one that is not valid."""
    owner = registry.standing(contact.customer)
    rows = {row.pk: row for row in owner.contacts.select_for_update().filter(kind=contact.kind)}
    found = rows[contact.pk]
    if not found.valid:
        raise BadContact(_("A contact that is not valid cannot be the preferred one."))
    for row in rows.values():
        if row.preferred != (row.pk == found.pk):
            row.preferred = row.pk == found.pk
            _save(row, by=by)
    _log("contact_changed", found, owner, by=by, now=now, field=found.kind, what="preferred")
    return found


@transaction.atomic
def verify_contact(contact: Contact, *, by: User, now: datetime | None = None) -> Contact:
    """The customer said, or a call proved, that this contact is right."""
    now, found, owner = now or timezone.now(), *_held(contact)
    found.verified_on, found.valid = timezone.localdate(now), True
    _save(found, by=by)
    _log("contact_changed", found, owner, by=by, now=now, field=found.kind, what="verified")
    return found


@transaction.atomic
def invalidate(contact: Contact, *, by: User, now: datetime | None = None) -> Contact:
    """This contact does not reach the customer any more; it stays, so that its history and old calls are found."""
    now, found, owner = now or timezone.now(), *_held(contact)
    found.valid = found.preferred = False
    found.valid_until = found.valid_until or timezone.localdate(now)
    _save(found, by=by)
    _log("contact_changed", found, owner, by=by, now=now, field=found.kind, what="invalid")
    return found


def _held(contact: Contact) -> tuple[Contact, Customer]:
    owner = registry.standing(contact.customer)
    return Contact.objects.select_for_update(of=("self",)).get(pk=contact.pk), owner


def _checked(kind: str, value: str) -> str:
    value = value.replace("\0", "").strip()
    if kind not in Contact.Kind.values:
        raise BadContact(_("Choose the kind of contact."))
    if not value or len(value) > LONGEST_CONTACT:
        raise BadContact(_("Write the contact, in %(n)d characters at most.") % {"n": LONGEST_CONTACT})
    if kind == Contact.Kind.EMAIL:
        try:
            validate_email(value)
        except ValidationError:
            raise BadContact(_("This is no mail address.")) from None
    return value


def _save(contact: Contact, *, by: User) -> None:
    contact._history_user = by  # type: ignore[attr-defined]
    contact.save()


def _log(kind: str, subject: Any, customer: Customer, *, by: User, now: datetime | None, **data: Any) -> None:
    events.record(kind, subject, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now, **data)
    live.publish("customer", team_id=customer.team_id, customer=customer.pk)
