"""How an order is written: its lines, its state with the time and the event of it, and what it adds to the spend.

Only `customers.ordering` calls this; `write` is the one place where `Order.state` is set.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core import events, live, masking
from customers import registry
from customers.models import Communication, Customer, DeliveryPlan, Order, OrderLine
from staff.models import User

State = Order.State
STEPS = (
    State.NEED, State.CONFIRMED, State.PLANNED, State.RECONFIRMED, State.SHIPPED, State.DELIVERED, State.INSTALLED,
    State.AFTER_SALE,
)  # fmt: skip
MOVES: dict[str, tuple[str, ...]] = {
    State.NEED: (State.CONFIRMED, State.CANCELLED),
    State.CONFIRMED: (State.PLANNED, State.CANCELLED),
    State.PLANNED: (State.RECONFIRMED, State.PLANNED, State.CANCELLED),
    State.RECONFIRMED: (State.SHIPPED, State.PLANNED, State.CANCELLED),
    State.SHIPPED: (State.DELIVERED,),
    State.DELIVERED: (State.INSTALLED, State.AFTER_SALE),
    State.INSTALLED: (State.AFTER_SALE,),
    State.AFTER_SALE: (),
    State.CANCELLED: (),
}
STAMPS: dict[str, str] = {
    State.CONFIRMED: "confirmed_at", State.RECONFIRMED: "reconfirmed_at", State.SHIPPED: "shipped_at",
    State.DELIVERED: "delivered_at", State.INSTALLED: "installed_at",
}  # fmt: skip
OPEN = (State.NEED, State.CONFIRMED, State.PLANNED, State.RECONFIRMED)
UNDER_WAY = (State.PLANNED, State.RECONFIRMED)
OUT = (State.SHIPPED, State.DELIVERED, State.INSTALLED, State.AFTER_SALE)
DONE = (State.DELIVERED, State.INSTALLED, State.AFTER_SALE)
WORDS = ("need", "advice", "payment", "pay_by", "paid_on")


class OrderRefused(Exception):
    """The order cannot take this step; the text says why."""


class StaleOrder(OrderRefused):
    """Somebody changed the order meanwhile; `current` is how it stands now."""

    def __init__(self, current: Order):
        super().__init__(_("Somebody has changed this order meanwhile. Look at it as it stands now and decide again."))
        self.current = current


@dataclass(frozen=True)
class Line:
    """One product of an order, as callers give it."""

    product: str
    quantity: int = 1
    price: Decimal = Decimal(0)
    specification: str = ""
    serial: str = ""
    warranty_until: date | None = None


def missing(order: Order) -> list[str]:
    """What an order cannot be confirmed without and does not have yet, in the reader's words."""
    lines = list(order.lines.all())
    has = {
        _("model"): bool(lines) and all(line.product for line in lines),
        _("quantity"): bool(lines) and all(line.quantity > 0 for line in lines),
        _("delivery address"): bool(order.address_masked),
        _("payment"): bool(order.payment),
    }
    return [label for label, known in has.items() if not known]



def locked(order: Order, version: int | None) -> Order:
    """The order as it stands, held; its customer first, in the order of all writers, so that none waits for another."""
    registry.standing(order.customer)
    found = Order.objects.select_for_update(of=("self",)).select_related("customer").get(pk=order.pk)
    if version is not None and version != found.version:
        raise StaleOrder(found)
    return found


def check(order: Order, to: str) -> None:
    if to in MOVES[order.state]:
        return
    if to == State.SHIPPED and order.state in (State.NEED, State.CONFIRMED, State.PLANNED):
        if order.confirmed_at is None:
            raise OrderRefused(_("An unconfirmed order cannot ship."))
        raise OrderRefused(_("Shipping time and specification have not been reconfirmed with the customer."))
    raise OrderRefused(
        _("%(from)s cannot become %(to)s.")
        % {"from": capfirst(order.get_state_display()), "to": State(to).label if to in State.values else to}
    )


def write(order: Order, to: str, *, by: User | None, now: datetime, note: str = "", quiet: bool = False) -> Order:
    """The one writer of the state, with its time and its event; `quiet` where the making of the order tells it all."""
    was = order.state
    order.state = to
    if (stamp := STAMPS.get(to)) and getattr(order, stamp) is None:
        setattr(order, stamp, now)
    if to == State.PLANNED:
        order.reconfirmed_at = None
    order.version += 1
    order._history_user = by  # type: ignore[attr-defined]
    order.save()
    if not quiet:
        log("order_moved", order, by=by, now=now, note=note, **{"from": was, "to": to})
    return order


def after_change(order: Order, moved: list[str], *, reason: str, by: User | None, now: datetime) -> Order:
    """Stores a change; what the delivery rests on plans it anew."""
    log("order_changed", order, by=by, now=now, fields=moved, reason=reason)
    if order.state in UNDER_WAY and set(moved) & {"lines", "address"}:
        last = order.plans.first()
        day = max(last.planned_on, timezone.localdate(now)) if last else timezone.localdate(now)
        return replan(order, day, last.window if last else "", reason or _("the order was changed"), by=by, now=now)
    order.version += 1
    order._history_user = by  # type: ignore[attr-defined]
    order.save()
    return order


def replan(order: Order, day: date, window: str, reason: str, *, by: User | None, now: datetime) -> Order:
    if day < timezone.localdate(now):
        raise OrderRefused(_("The delivery cannot be planned for a day that is over."))
    DeliveryPlan.objects.create(
        order=order, planned_on=day, window=window.strip()[:40], reason=reason.strip()[:200], at=now, by=by
    )
    log("order_planned", order, by=by, now=now, day=day.isoformat(), reason=reason)
    return write(order, State.PLANNED, by=by, now=now)


def take_over(
    order: Order, *, lines: Iterable[Line] | None, address: str | None, words: dict[str, Any],
    amount: Decimal | None = None,
) -> list[str]:
    """Puts what differs onto the order and its lines; returns the names of what did. The order is not saved yet."""
    moved = [name for name, value in words.items() if getattr(order, name) != value]
    for name in moved:
        setattr(order, name, words[name])
    if address is not None and address.strip() != order.address:
        set_address(order, address)
        moved.append("address")
    if lines is not None:
        given, known = list(lines), [_as_line(row) for row in order.lines.all()]
        if [astuple(line)[:4] for line in given] != [astuple(line)[:4] for line in known]:
            write_lines(order, given)
            moved.append("lines")
        elif given != known:
            _write_units(order, given)
            moved.append("serial")
        amount = total_of(given) if amount is None else amount
    if amount is not None and amount != order.amount:
        order.amount = amount
        moved.append("amount")
    return moved


def keep_complete(order: Order) -> None:
    if order.state != State.NEED and order.state in OPEN and (lacking := missing(order)):
        raise OrderRefused(
            _("The order is confirmed and cannot lose: %(fields)s.") % {"fields": ", ".join(lacking)}
        )


def write_lines(order: Order, lines: list[Line]) -> None:
    for row in order.lines.all():
        row.delete()
    for line in lines:
        if line.quantity < 1 or line.price < 0:
            raise OrderRefused(_("Quantities are at least 1 and prices not below 0."))
        OrderLine.objects.create(order=order, **line.__dict__)


def _write_units(order: Order, lines: list[Line]) -> None:
    for row, line in zip(order.lines.all(), lines, strict=True):
        row.serial, row.warranty_until = line.serial, line.warranty_until
        row.save()


def _as_line(row: OrderLine) -> Line:
    return Line(row.product, row.quantity, row.price, row.specification, row.serial, row.warranty_until)


def total_of(lines: Iterable[Line]) -> Decimal:
    return sum((line.price * line.quantity for line in lines), Decimal(0))


def set_address(order: Order, address: str) -> None:
    order.address = address.strip()
    order.address_masked = masking.address(order.address)[:120]


def known_words(words: dict[str, Any]) -> dict[str, Any]:
    if unknown := set(words) - set(WORDS):
        raise TypeError(f"unknown: {', '.join(sorted(unknown))}")
    return {name: value for name, value in words.items() if value is not None}


def spent(order: Order) -> Decimal:
    return order.amount if order.state in DONE else Decimal(0)


def count(order: Order, before: Decimal) -> None:
    """Adds to the customer's spend what this order counts for now and did not before."""
    if (more := spent(order) - before) == 0:
        return
    customer = Customer.objects.select_for_update(no_key=True).get(pk=order.customer_id)
    customer.spend = max(Decimal(0), customer.spend + more)
    customer.save(update_fields=["spend"])


def contact(order: Order, *, channel: str, result: str, note: str, by: User, now: datetime) -> Communication:
    row = Communication.objects.create(
        order=order, channel=channel, result=result, note=note.strip()[:400], at=now, by=by
    )
    log("order_contacted", order, by=by, now=now, result=result, channel=channel, note=row.note)
    Customer.objects.filter(pk=order.customer_id).update(last_contact_at=now)
    return row


def log(kind: str, order: Order, *, by: User | None, now: datetime, **data: Any) -> None:
    team_id = order.customer.team_id
    events.record(kind, order, by=by, customer_id=order.customer_id, team_id=team_id, now=now, code=order.code, **data)
    live.publish("customer", team_id=team_id, customer=order.customer_id)


def next_id() -> int:
    """The id is drawn first, since the number of an order is made of it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('customers_order', 'id'))")
        return cursor.fetchone()[0]
