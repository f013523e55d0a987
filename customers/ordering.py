"""Orders 订单 (P1, P2), from need and advice to after-sale. Nothing else writes `Order.state`.

An order is confirmed when model, quantity, address and payment are known and the customer agreed; then its delivery
is planned 交货计划; before it ships, shipping time and specification are reconfirmed. A change after planning plans
anew and has to be reconfirmed again. An order that was not confirmed and reconfirmed cannot ship; the database holds
that too. What is delivered counts as spent, less what was paid back for goods that came back.

`key` names the form that a person sent: sent twice, it does its work once and leads to the same order.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from customers import order_book, registry
from customers.models import Communication, Customer, DeliveryPlan, Order, OrderReturn
from customers.order_book import (
    DONE,
    MOVES,
    OPEN,
    OUT,
    STAMPS,
    STEPS,
    UNDER_WAY,
    Line,
    OrderRefused,
    StaleOrder,
    State,
    left,
    missing,
    submitted,
)
from staff.models import User

__all__ = [
    "DONE", "MOVES", "OPEN", "OUT", "STEPS", "UNDER_WAY", "Line", "OrderRefused", "StaleOrder", "State", "change",
    "communicate", "confirm", "left", "missing", "next_moves", "open_order", "plan", "reconfirm", "record_units",
    "step", "submitted", "take_back", "take_in",
]


def next_moves(order: Order) -> list[str]:
    """The states that a click may lead to; planning anew is a change, not a step."""
    return [to for to in MOVES[order.state] if to != State.PLANNED or order.state == State.CONFIRMED]


# --- Steps ------------------------------------------------------------------------------------------------


@transaction.atomic
def open_order(
    *, customer: Customer, lines: Iterable[Line] = (), address: str = "", by: User | None = None, key: str = "",
    now: datetime | None = None, **words: Any,
) -> Order:
    """Takes down need and advice, with whatever is known already. `words`: need, advice, payment, pay_by, paid_on."""
    now, customer = now or timezone.now(), registry.standing(customer)
    if known := order_book.submitted(key):
        return known
    pk = order_book.next_id()
    order = Order(
        pk=pk, customer=customer, code=f"SO-{timezone.localdate(now):%y%m%d}-{pk}", placed_at=now, by=by,
        **order_book.known_words(words),
    )
    order_book.set_address(order, address)
    lines = list(lines)
    order.amount = order_book.total_of(lines)
    order._history_user = by  # type: ignore[attr-defined]
    order.save(force_insert=True)
    order_book.write_lines(order, lines)
    order_book.first_time(key, order, now=now)
    order_book.log("order_made", order, by=by, now=now)
    return order


@transaction.atomic
def confirm(
    order: Order, *, by: User, channel: str = "phone", note: str = "", version: int | None = None,
    key: str = "", now: datetime | None = None,
) -> Order:
    """The customer agreed to model, quantity, address and payment. Raises `OrderRefused` while one is missing."""
    now = now or timezone.now()
    found, repeated = order_book.opened(order, version=version, key=key, now=now)
    if repeated:
        return found
    order_book.check(found, State.CONFIRMED)
    if lacking := missing(found):
        raise OrderRefused(_("Not yet known: %(fields)s.") % {"fields": ", ".join(lacking)})
    order_book.contact(found, channel=channel, result=Communication.Result.AGREED, note=note, by=by, now=now)
    return order_book.write(found, State.CONFIRMED, by=by, now=now)


@transaction.atomic
def plan(
    order: Order, *, planned_on: date, window: str = "", reason: str = "", by: User | None,
    version: int | None = None, key: str = "", now: datetime | None = None,
) -> Order:
    """Plans the delivery; planned already, it is planned anew, for a reason, and has to be reconfirmed again."""
    now = now or timezone.now()
    found, repeated = order_book.opened(order, version=version, key=key, now=now)
    if repeated:
        return found
    order_book.check(found, State.PLANNED)
    if found.state in UNDER_WAY and not reason.strip():
        raise OrderRefused(_("Say why the delivery is planned anew."))
    return order_book.replan(found, planned_on, window, reason, by=by, now=now)


@transaction.atomic
def reconfirm(
    order: Order, *, by: User, channel: str = "phone", note: str = "", version: int | None = None,
    key: str = "", now: datetime | None = None,
) -> Order:
    """The customer agreed to shipping time and specification (P2 5.7)."""
    now = now or timezone.now()
    found, repeated = order_book.opened(order, version=version, key=key, now=now)
    if repeated:
        return found
    order_book.check(found, State.RECONFIRMED)
    order_book.contact(found, channel=channel, result=Communication.Result.AGREED, note=note, by=by, now=now)
    return order_book.write(found, State.RECONFIRMED, by=by, now=now)


@transaction.atomic
def step(
    order: Order, to: str, *, by: User | None, note: str = "", version: int | None = None, key: str = "",
    now: datetime | None = None,
) -> Order:
    """Ships, delivers, installs, hands over to after-sale or cancels. Raises `OrderRefused`."""
    now = now or timezone.now()
    found, repeated = order_book.opened(order, version=version, key=key, now=now)
    if repeated:
        return found
    order_book.check(found, to)
    if to not in (*OUT, State.CANCELLED):
        raise OrderRefused(_("This step needs the customer's word or a date."))
    if to == State.CANCELLED and not note.strip():
        raise OrderRefused(_("Say why the order is cancelled."))
    spent = order_book.spent(found)
    order_book.write(found, to, by=by, now=now, note=note)
    order_book.count(found, spent)
    return found


@transaction.atomic
def change(
    order: Order, *, by: User | None, reason: str = "", lines: Iterable[Line] | None = None,
    address: str | None = None, version: int | None = None, key: str = "", now: datetime | None = None, **words: Any,
) -> Order:
    """Changes what is given. Lines or address of a planned order plan its delivery anew, on the same day.

    Raises `OrderRefused` once it has shipped, or where a confirmed order would lose what it was confirmed with.
    """
    now = now or timezone.now()
    found, repeated = order_book.opened(order, version=version, key=key, now=now)
    if repeated:
        return found
    if found.state not in OPEN:
        raise OrderRefused(_("The order can no longer be changed: %(state)s.") % {"state": found.get_state_display()})
    moved = order_book.take_over(found, lines=lines, address=address, words=order_book.known_words(words))
    if not moved:
        return found
    order_book.keep_complete(found)
    return order_book.after_change(found, moved, reason=reason, by=by, now=now)


@transaction.atomic
def record_units(
    order: Order, *, units: dict[int, tuple[str, date | None]], by: User | None, now: datetime | None = None
) -> Order:
    """Writes serial numbers and warranties of what was delivered: {line id: (serial, until)}."""
    found = order_book.locked(order)
    if found.state == State.CANCELLED:
        raise OrderRefused(_("The order is cancelled."))
    for line in found.lines.filter(pk__in=units):
        line.serial, line.warranty_until = units[line.pk]
        line._history_user = by  # type: ignore[attr-defined]
        line.save()
    order_book.log("order_changed", found, by=by, now=now or timezone.now(), fields=["serial"])
    return found


@transaction.atomic
def communicate(
    order: Order, *, channel: str, result: str, note: str = "", by: User, key: str = "", now: datetime | None = None
) -> Communication:
    """Writes down a contact about the order: result, time and person (P2 5.2); it moves nothing."""
    now = now or timezone.now()
    found, repeated = order_book.opened(order, version=None, key=key, now=now)
    if repeated:
        return found.communications.all()[0]
    return order_book.contact(found, channel=channel, result=result, note=note, by=by, now=now)


@transaction.atomic
def take_back(
    order: Order, *, units: dict[int, int], amount: Decimal, reason: str, returned_on: date | None = None,
    by: User | None, key: str = "", now: datetime | None = None,
) -> OrderReturn:
    """Goods of a delivered order came back: {line id: how many}, and what was paid back for them, which may be 0.

    The amount is taken off the customer's spend. Raises `OrderRefused` for more than is left of the order.
    """
    now = now or timezone.now()
    found, repeated = order_book.opened(order, version=None, key=key, now=now)
    if repeated:
        return found.returns.all()[0]
    day = returned_on or timezone.localdate(now)
    order_book.check_return(found, units, amount, day, reason, timezone.localdate(now))
    spent = order_book.spent(found)
    row = order_book.write_return(found, units, amount, day, reason, by=by, now=now)
    order_book.count(found, spent)
    return row


# --- From other systems -----------------------------------------------------------------------------------


@transaction.atomic
def take_in(
    *, customer: Customer, source: str, code: str, lines: Iterable[Line] | None = None, amount: Decimal | None = None,
    address: str | None = None, state: str = "", placed_at: datetime | None = None, planned_on: date | None = None,
    by: User | None = None, now: datetime | None = None, **facts: Any,
) -> tuple[Order, str]:
    """Makes or brings up to date the order that another system knows as `code`; returns (order, what became of it).

    What: "made", "changed" or "unchanged", so that repeating a file or a request is harmless. `facts`: need, advice,
    payment, pay_by, paid_on and the times confirmed_at, reconfirmed_at, shipped_at, delivered_at, installed_at. States
    go forward only. What was delivered before it was ever known here counts as confirmed when it was placed; anything
    else that has shipped must say when it was confirmed and reconfirmed. Raises `OrderRefused`.
    """
    now = now or timezone.now()
    source, code = source.strip()[:20], code.strip()[:40]
    if not source or not code:
        raise OrderRefused(_("An order from another system needs its source and its number."))
    customer = registry.standing(customer)
    order, made = Order.objects.select_for_update(of=("self",)).get_or_create(
        customer=customer, source=source, code=code, defaults={"placed_at": placed_at or now, "by": by}
    )
    order.customer = customer
    stamps = {name: at for name in STAMPS.values() if (at := facts.pop(name, None))}
    spent, words = order_book.spent(order), order_book.known_words(facts)
    moved = order_book.take_over(order, lines=lines, address=address, words=words, amount=amount)
    if not made and placed_at and placed_at != order.placed_at:
        order.placed_at, moved = placed_at, [*moved, "placed_at"]
    if moved and order.state in OUT and not made and set(moved) & {"lines", "address"}:
        raise OrderRefused(_("Order %(code)s has shipped; its lines and address stand.") % {"code": code})
    if moved and not made:
        order_book.keep_complete(order)
        order_book.after_change(order, moved, reason=source, by=by, now=now)
    if order.state in UNDER_WAY and planned_on and planned_on != order.plans.all()[0].planned_on:
        order_book.replan(order, planned_on, "", source, by=by, now=now)
        moved = [*moved, "planned_on"]
    advanced = _advance(order, state, stamps, planned_on, history=made, by=by, now=now)
    if made and moved and not advanced:
        order.save()
    order_book.count(order, spent)
    if made:
        order_book.log("order_made", order, by=by, now=now)
    return order, "made" if made else "changed" if moved or advanced else "unchanged"


def _advance(
    order: Order, state: str, stamps: dict[str, datetime], planned_on: date | None, *, history: bool, by, now
) -> bool:
    """Brings an order of another system to the state that it has there; True when that was a step forward."""
    if not state or state == order.state or (state != State.CANCELLED and not _ahead(state, order.state)):
        return False
    if state == State.CANCELLED and order.state not in OPEN:
        raise OrderRefused(_("What has shipped cannot be cancelled."))
    for name, value in stamps.items():
        setattr(order, name, value)
    if history and state in DONE:
        order.confirmed_at = order.confirmed_at or order.placed_at
        order.reconfirmed_at = order.reconfirmed_at or order.confirmed_at
        order.delivered_at = order.delivered_at or order.placed_at
    elif state != State.CANCELLED and (lacking := missing(order)):
        raise OrderRefused(_("Not yet known: %(fields)s.") % {"fields": ", ".join(lacking)})
    if state in OUT and not (order.confirmed_at and order.reconfirmed_at):
        raise OrderRefused(_("An order that is not confirmed and reconfirmed cannot ship."))
    if state in UNDER_WAY and planned_on is None and not order.plans.exists():
        raise OrderRefused(_("The day of the delivery is missing."))
    if planned_on:
        DeliveryPlan.objects.create(order=order, planned_on=planned_on, reason=order.source, at=now, by=by)
    if state != State.CANCELLED:
        order.confirmed_at = order.confirmed_at or now
    order_book.write(order, state, by=by, now=now, quiet=history)
    return True


def _ahead(state: str, of: str) -> bool:
    if state not in STEPS:
        raise OrderRefused(_("Unknown state: %(state)s.") % {"state": state})
    return of != State.CANCELLED and STEPS.index(State(state)) > STEPS.index(State(of))
