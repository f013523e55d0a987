"""Requests of the person concerned (PIPL 44 to 50): to see, to correct, to erase; answered within 30 days.

What a request to correct changed is kept with it by the names of the fields, never by their values.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import events
from core.models import Event
from customers import profile, registry
from customers.models import Contact, Customer, CustomField, DataRequest, LegalHold
from staff.models import Role, User
from staff.notifications import notify

ANSWER_WITHIN = timedelta(days=30)
MAY_HANDLE = frozenset({Role.SPECIALIST, Role.LEAD, Role.SUPERVISOR, Role.ADMIN})
MAY_HOLD = frozenset({Role.LEAD, Role.SUPERVISOR, Role.ADMIN})


class RequestRefused(ValueError):
    """The request cannot be opened or answered this way; the text says why."""


class RequestClosed(Exception):
    """The request has been answered already."""


def may_handle(user: User) -> bool:
    return user.is_superuser or user.role in MAY_HANDLE


def may_hold(user: User) -> bool:
    return user.is_superuser or user.role in MAY_HOLD


@transaction.atomic
def open_request(
    *, customer: Customer, kind: str, way: str, by: User | None, asked: str = "", received_at: datetime | None = None,
    now: datetime | None = None,
) -> DataRequest:
    """Writes the request down; the clock runs from when it reached us. An equal one that is open is returned.

    `asked`: what the person wants corrected, in their words. Asked again, it is added to the one that is open.
    """
    now = now or timezone.now()
    received_at = received_at or now
    if received_at > now:
        raise RequestRefused(_("It cannot have reached us in the future."))
    locked = Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    if locked.erased_at or locked.merged_into_id:
        raise RequestRefused(_("This customer is no longer in the archive."))
    known = locked.data_requests.filter(kind=kind, state=DataRequest.State.OPEN).first()
    asked = asked.strip()
    if known:
        return _ask_more(known, asked)
    row = DataRequest.objects.create(
        customer=locked, kind=kind, way=way.strip()[:120], asked=asked[:400], received_at=received_at,
        due_at=received_at + ANSWER_WITHIN, opened_by=by,
    )
    _tell("request_opened", row, by=by, now=now)
    return row


def _ask_more(row: DataRequest, asked: str) -> DataRequest:
    if asked and asked not in row.asked:
        row.asked = f"{row.asked}; {asked}".removeprefix("; ")[:400]
        row.save(update_fields=["asked"])
    return row


# --- Correcting -------------------------------------------------------------------------------------------


@transaction.atomic
def correct(
    *, request: DataRequest, seen: dict[str, str], given: dict[str, Any], by: User, now: datetime | None = None
) -> list[str]:
    """Corrects the profile as `profile.edit` does, and keeps with the request which fields became different.

    Returns their names. Raises `RequestRefused`, `RequestClosed`, and what `profile.edit` raises.
    """
    row, customer = _to_correct(request)
    before = profile.snapshot(customer)
    changed = profile.edit(customer, seen=seen, given=given, by=by, now=now)
    after = profile.snapshot(changed)
    return _keep(row, [name for name in after if after[name] != before.get(name)])


@transaction.atomic
def correct_contact(
    *, request: DataRequest, kind: str, value: str, by: User, instead_of: Contact | None = None,
    now: datetime | None = None,
) -> list[str]:
    """Adds the right contact, as told by the person and so verified; the wrong one is no longer valid.

    With an empty `value` the wrong one is only taken out of use. Returns the kinds that changed. Raises
    `RequestRefused`, `RequestClosed`, `BadPhone` and `profile.BadContact`.
    """
    row, customer = _to_correct(request)
    if not value.strip() and instead_of is None:
        raise RequestRefused(_("Write the right contact, or choose the wrong one."))
    names, preferred = [], False
    if instead_of is not None:
        wrong = customer.contacts.get(pk=instead_of.pk)
        kind, preferred = wrong.kind, wrong.preferred
        profile.invalidate(wrong, by=by, now=now)
        names.append(kind)
    if value.strip():
        profile.add_contact(
            customer, kind=kind, value=value, by=by, verified=True, preferred=preferred, now=now
        )
        names.append(kind)
    return _keep(row, names)


def corrected(request: DataRequest) -> list[str]:
    """The names of the fields and kinds of contacts that have been corrected on this request so far."""
    return list(request.summary.get("fields", []))


def labels(names: list[str]) -> list[str]:
    """What the fields and kinds of contacts that a request changed are called."""
    known: dict[str, Any] = {field.name: field.verbose_name for field in Customer._meta.fields}
    known |= dict(Contact.Kind.choices)
    known |= {profile.CUSTOM + field.code: field for field in CustomField.objects.all()}
    return [str(known[name]) for name in names if name in known]


def _to_correct(request: DataRequest) -> tuple[DataRequest, Customer]:
    """Both rows held, the customer first as everywhere."""
    customer = registry.standing(request.customer)
    row = DataRequest.objects.select_for_update().get(pk=request.pk)
    if row.state != DataRequest.State.OPEN:
        raise RequestClosed(_("This request has been answered already."))
    if row.kind != DataRequest.Kind.CORRECT:
        raise RequestRefused(_("The request does not ask for a correction."))
    if customer.erased_at:
        raise RequestRefused(_("This customer is no longer in the archive."))
    return row, customer


def _keep(row: DataRequest, names: list[str]) -> list[str]:
    kept = corrected(row)
    row.summary = {**row.summary, "fields": [*kept, *dict.fromkeys(name for name in names if name not in kept)]}
    row.save(update_fields=["summary"])
    return names


# --- Answering --------------------------------------------------------------------------------------------


@transaction.atomic
def close(
    *, request: DataRequest, by: User, answer: str = "", summary: dict[str, Any] | None = None,
    now: datetime | None = None,
) -> DataRequest:
    """Done: what was done is kept for the certificate. Raises `RequestClosed`.

    A request to correct is done when something was corrected on it, or with the reason why nothing had to be; else
    `RequestRefused`.
    """
    return _answer(request, DataRequest.State.DONE, by=by, answer=answer, summary=summary or {}, now=now)


@transaction.atomic
def refuse(*, request: DataRequest, by: User, reason: str, now: datetime | None = None) -> DataRequest:
    """Refused, which the law allows for reasons that the person is told. Raises `RequestRefused`, `RequestClosed`."""
    if not reason.strip():
        raise RequestRefused(_("Say why it is refused; the person will be told."))
    return _answer(request, DataRequest.State.REFUSED, by=by, answer=reason, summary={}, now=now)


def _answer(request: DataRequest, state: str, *, by, answer: str, summary: dict, now: datetime | None) -> DataRequest:
    now = now or timezone.now()
    row = DataRequest.objects.select_for_update().select_related("customer").get(pk=request.pk)
    if row.state != DataRequest.State.OPEN:
        raise RequestClosed(_("This request has been answered already."))
    if row.kind == DataRequest.Kind.CORRECT and not answer.strip() and not corrected(row):
        raise RequestRefused(_("Nothing has been corrected: correct it first, or say why nothing had to be."))
    row.state, row.closed_at, row.closed_by = state, now, by
    row.answer, row.summary = answer.strip()[:400], {**row.summary, **summary}
    row.save(update_fields=["state", "closed_at", "closed_by", "answer", "summary"])
    _tell("request_closed", row, by=by, now=now)
    return row


@transaction.atomic
def notify_overdue(*, now: datetime | None = None) -> int:
    """Tells the supervisors (or else the leads) of each request past its 30 days, once; returns how many."""
    now = now or timezone.now()
    late = DataRequest.objects.filter(state=DataRequest.State.OPEN, due_at__lt=now).select_related("customer__team")
    told = Event.objects.filter(kind="request_overdue", subject_type=DataRequest._meta.label_lower)
    rows = list(late.exclude(pk__in=told.values("subject_id")).select_for_update(of=("self",), skip_locked=True))
    for row in rows:
        for user in _heads(row.customer.team):
            notify(user, "request_overdue", now=now, request=row.pk, number=row.number)
        _tell("request_overdue", row, by=None, now=now)
    return len(rows)


def _heads(team) -> list[User]:
    staff = User.objects.filter(is_active=True, team__department=team.department_id)
    return list(staff.filter(role=Role.SUPERVISOR)) or list(staff.filter(role=Role.LEAD, team=team))


@transaction.atomic
def hold(*, customer: Customer, reason: str, by: User, now: datetime | None = None) -> LegalHold:
    """A legal hold: until it is released, nothing of this customer is erased. Raises `RequestRefused`."""
    now = now or timezone.now()
    if not reason.strip():
        raise RequestRefused(_("Say why the records must be kept."))
    row = LegalHold.objects.create(customer=customer, reason=reason.strip()[:200], by=by, at=now)
    events.record("hold_placed", row, by=by, customer_id=customer.pk, team_id=customer.team_id, now=now)
    return row


@transaction.atomic
def release(*, hold: LegalHold, by: User, now: datetime | None = None) -> LegalHold:
    """Ends a legal hold; one that has ended stays as it is."""
    now = now or timezone.now()
    row = LegalHold.objects.select_for_update().get(pk=hold.pk)
    if row.released_at is None:
        row.released_at, row.released_by = now, by
        row.save(update_fields=["released_at", "released_by"])
        team_id = row.customer.team_id
        events.record("hold_released", row, by=by, customer_id=row.customer_id, team_id=team_id, now=now)
    return row


def _tell(kind: str, row: DataRequest, *, by: User | None, now: datetime) -> None:
    events.record(
        kind, row, by=by, customer_id=row.customer_id, team_id=row.customer.team_id, now=now, what=row.kind,
        state=row.state,
    )
