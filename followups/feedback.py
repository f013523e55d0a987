"""The feedback record's way (P4, 信息反馈): agent → specialist → reviewer → centre, each hand-off numbered and signed.

This module alone writes a record's stage. A record goes on only when it is complete; it may be returned one step with
a reason.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core import events, live
from customers.lookup import shown_contact
from followups.feedback_models import Feedback, HandOff, Stage
from followups.models import Attempt
from staff import notifications
from staff.models import User
from staff.sight import who_see
from tickets import workflow
from tickets.models import Post, Ticket

ORDER = list(Stage)
WHO = {
    Stage.AGENT: workflow.HANDLERS, Stage.SPECIALIST: workflow.CENTRE, Stage.REVIEWER: workflow.CENTRE,
    Stage.CENTRE: workflow.HEADS,
}
EDITABLE = (
    "customer_name", "contact", "company", "product", "serial", "warranty_until", "use", "service", "served_on",
    "charge", "amount", "extras_offered", "extras", "opinion_kind", "opinion", "satisfaction",
)  # fmt: skip
NEEDED = (
    "customer_name", "contact", "product", "use", "service", "served_on", "charge", "extras_offered", "opinion_kind",
    "satisfaction",
)  # fmt: skip


class FeedbackRefused(Exception):
    """The record cannot be opened, saved or handed on now; the text says why, `missing` names the empty fields."""

    def __init__(self, message: str, missing: tuple[str, ...] = ()):
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True)
class Conflict:
    """One field that two people wrote differently."""

    label: str
    theirs: str
    yours: str


class StaleFeedback(Exception):
    """Somebody saved the record meanwhile: `current` is theirs, `conflicts` shows both versions side by side."""

    def __init__(self, current: Feedback, conflicts: list[Conflict]):
        super().__init__(_("Somebody has saved this record meanwhile."))
        self.current, self.conflicts = current, conflicts


@transaction.atomic
def open_record(ticket: Ticket, *, by: User, now: datetime | None = None) -> Feedback:
    """Opens the record of a ticket, filled in as far as the archive knows, or returns the one it has."""
    now = now or timezone.now()
    locked = Ticket.objects.select_for_update(of=("self",)).select_related("customer").get(pk=ticket.pk)
    if known := Feedback.objects.filter(ticket=locked).first():  # two at once make one record
        return known
    if locked.customer.erased_at:
        raise FeedbackRefused(_("The customer has been erased."))
    record = Feedback(ticket=locked, holder=by, opened_at=now, updated_at=now, **prefilled(locked))
    _write(record, by)
    _log("feedback_opened", record, by=by, now=now, number=record.number)
    return record


def prefilled(ticket: Ticket) -> dict[str, Any]:
    """What archive, orders, conversation and callback say already; five queries."""
    customer = ticket.customer
    values: dict[str, Any] = {
        "customer_name": customer.name, "contact": shown_contact(customer), "company": customer.company,
        "served_on": timezone.localdate(ticket.resolved_at) if ticket.resolved_at else None,
    }
    order = customer.orders.exclude(state="cancelled").order_by("-placed_at", "-pk").first()
    line = order.lines.order_by("pk").first() if order else None
    if order and line:
        product = f"{line.product} {line.specification}".strip()
        values |= {
            "order": order, "product": product[:160], "serial": line.serial, "warranty_until": line.warranty_until,
        }
    kinds = [Post.Kind.REPLY, Post.Kind.NOTE]
    done = ticket.posts.filter(kind__in=kinds).order_by("-pk").values_list("body", flat=True).first()
    values["service"] = "\n".join(part for part in (ticket.subject, (done or "")[:2000]) if part)
    said = Attempt.objects.filter(callback__ticket=ticket).exclude(words="").order_by("-pk").first()
    if said:
        values |= {"opinion": said.words, "satisfaction": said.score}
    return values


def missing(record: Feedback) -> list[str]:
    """The fields without which the record may not go on."""
    empty = [name for name in NEEDED if getattr(record, name) in ("", None)]
    if record.charge == Feedback.Charge.CHARGED and record.amount is None:
        empty.append("amount")
    if record.extras_offered and not record.extras.strip():
        empty.append("extras")
    if record.opinion_kind not in ("", Feedback.Opinion.NONE) and not record.opinion.strip():
        empty.append("opinion")
    return empty


def label_of(name: str) -> str:
    return capfirst(str(getattr(Feedback._meta.get_field(name), "verbose_name", name)))


def shown(record: Feedback, name: str) -> str:
    """A field as people read it."""
    value = getattr(record, name)
    if name == "extras_offered":
        return {True: _("yes"), False: _("no")}.get(value, "")
    display = getattr(record, f"get_{name}_display", None)
    return str(display() if display and value else "" if value is None else value)


def refusal(record: Feedback, user: User) -> str:
    """Why this user may not write on the record now, in their words; '' if they may."""
    if record.stage == Stage.FILED:
        return _("The record is filed.")
    if user.is_superuser:
        return ""
    if user.role not in WHO[Stage(record.stage)]:
        return _("The record is with: %(stage)s.") % {"stage": Stage(record.stage).label}
    if record.stage == Stage.REVIEWER and user.pk in _passed_on(record):
        return _("Whoever handled or filled in the record may not review it.")
    if record.holder_id not in (None, user.pk) and user.role not in workflow.HEADS:
        return _("The record is with %(name)s.") % {"name": record.holder}
    return ""


def _passed_on(record: Feedback) -> set[int]:
    """Who worked on the ticket, or passed the record on before its review."""
    before = record.handoffs.filter(was__in=[Stage.AGENT, Stage.SPECIALIST]).values_list("by_id", flat=True)
    return {pk for pk in (record.ticket.handler_id, *before) if pk}


def next_holders(record: Feedback) -> QuerySet[User]:
    """Who may take the record over at the next stage."""
    to = _neighbour(record.stage, 1)
    if to == Stage.FILED:
        return User.objects.none()
    people = who_see(record.ticket.team_id).filter(role__in=WHO[to])
    if to == Stage.REVIEWER:
        people = people.exclude(pk__in=_passed_on(record))
    return people.order_by("display_name", "pk")


@transaction.atomic
def save(record: Feedback, *, by: User, version: int, now: datetime | None = None, **fields: Any) -> Feedback:
    """Saves the given fields as a draft. Raises `StaleFeedback` when `version` is outdated, and `FeedbackRefused`."""
    if unknown := set(fields) - set(EDITABLE):
        raise TypeError(f"not editable: {', '.join(sorted(unknown))}")
    locked = _locked(record, by)
    changed = [name for name, value in fields.items() if getattr(locked, name) != value]
    if not changed:
        return locked
    if locked.version != version:
        mine = Feedback(**{name: fields[name] for name in changed})
        raise StaleFeedback(locked, [
            Conflict(label_of(name), shown(locked, name), shown(mine, name)) for name in changed
        ])  # fmt: skip
    for name in changed:
        setattr(locked, name, fields[name])
    locked.updated_at = now or timezone.now()
    _write(locked, by)
    return locked


@transaction.atomic
def hand_on(
    record: Feedback, *, by: User, stage: str, to: User | None = None, remark: str = "", now: datetime | None = None
) -> HandOff:
    """Gives the record to the next stage, from `stage` as the person saw it; the centre's files it. Complete only."""
    locked = _locked(record, by)
    if locked.stage != stage:
        raise FeedbackRefused(_("The record has been handed on already."))
    if left := missing(locked):
        raise FeedbackRefused(_("The record is not complete yet."), tuple(left))
    if to is not None and not next_holders(locked).filter(pk=to.pk).exists():
        raise FeedbackRefused(_("%(name)s cannot take the record at the next stage.") % {"name": to})
    return _hand(locked, _neighbour(locked.stage, 1), to=to, by=by, remark=remark, now=now)


@transaction.atomic
def give_back(
    record: Feedback, *, by: User, stage: str, remark: str, to: User | None = None, now: datetime | None = None
) -> HandOff:
    """Returns the record one step, to whoever had it there, with the reason; `to` speaks of the other way."""
    locked = _locked(record, by)
    if locked.stage != stage:
        raise FeedbackRefused(_("The record has been handed on already."))
    if locked.stage == Stage.AGENT:
        raise FeedbackRefused(_("The record stands at its first stage."))
    if not remark.strip():
        raise FeedbackRefused(_("Say why the record goes back."))
    back = _neighbour(locked.stage, -1)
    last = locked.handoffs.filter(was=back).select_related("by").order_by("-number").first()
    return _hand(locked, back, to=last.by if last else None, by=by, remark=remark, now=now)


def _hand(record: Feedback, stage: Stage, *, to: User | None, by: User, remark: str, now: datetime | None) -> HandOff:
    now = now or timezone.now()
    number = record.handoffs.count() + 1
    handed = HandOff.objects.create(
        record=record, number=number, was=record.stage, now=stage, at=now, by=by, to=to, remark=remark.strip()
    )
    record.stage, record.holder, record.updated_at = stage, to, now
    _write(record, by)
    kind = "feedback_returned" if handed.is_return else "feedback_filed" if stage == Stage.FILED else "feedback_handed"
    _log(kind, record, by=by, now=now, **{"from": handed.was, "to": handed.now}, number=number)
    if to is not None and to != by:
        told = "feedback_back" if handed.is_return else "feedback"
        notifications.notify(to, told, ticket_id=record.ticket_id, now=now, by=str(by))
    return handed


def _neighbour(stage: str, by: int) -> Stage:
    return ORDER[ORDER.index(Stage(stage)) + by]


def _locked(record: Feedback, by: User) -> Feedback:
    """The record, locked for the one who writes on it; raises `FeedbackRefused` where that is not theirs."""
    rows = Feedback.objects.select_for_update(of=("self",)).select_related("ticket", "holder")
    locked = rows.get(pk=record.pk)
    if reason := refusal(locked, by):
        raise FeedbackRefused(reason)
    return locked


def _write(record: Feedback, by: User) -> None:
    if record.pk:
        record.version += 1
    record._history_user = by  # type: ignore[attr-defined]
    record.save()


def _log(kind: str, record: Feedback, *, by: User, now: datetime, **data: Any) -> None:
    ticket = record.ticket
    events.record(
        kind, record, by=by, ticket_id=ticket.pk, customer_id=ticket.customer_id, team_id=ticket.team_id, now=now,
        **data,
    )
    live.publish("ticket", team_id=ticket.team_id, ticket=ticket.pk)


def page(user: User, *, stage: str, mine: bool, before: int | None, size: int) -> list[Feedback]:
    """Records in sight, newest first: of one stage, or all open ones; `mine` are those that wait for this person."""
    rows = Feedback.objects.visible_to(user)
    rows = rows.filter(stage=stage) if stage else rows.open()
    if mine:
        open_to = [at for at, roles in WHO.items() if user.role in roles]
        rows = rows.filter(Q(holder=user) | Q(holder=None, stage__in=open_to))
    if before:
        rows = rows.filter(pk__lt=before)
    shown_with = rows.select_related("ticket__customer__tier", "holder").defer("ticket__customer__attributes")
    return list(shown_with.order_by("-pk")[: size + 1])
