"""How an order is written: its lines, its state with the time and the event of it, and what it adds to the spend.

Only `customers.ordering` calls this; `write` is the one place where `Order.state` is set.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from core import events, live, masking
from customers import registry
from customers.models import (
    Communication,
    Customer,
    DeliveryPlan,
    Order,
    OrderLine,
    OrderReturn,
    OrderSubmission,
    ReturnedLine,
)
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


def locked(order: Order) -> Order:
    """The order as it stands, held; its customer first, in the order of all writers, so that none waits for another."""
    registry.standing(order.customer)
    return Order.objects.select_for_update(of=("self",)).select_related("customer").get(pk=order.pk)


def opened(order: Order, *, version: int | None, key: str, now: datetime) -> tuple[Order, bool]:
    """(the order held for one change, whether the form with this key was taken in before and nothing is to be done).

    Raises `StaleOrder` where somebody changed the order since `version`.
    """
    found = locked(order)
    if not first_time(key, found, now=now):
        return found, True
    if version is not None and version != found.version:
        raise StaleOrder(found)
    return found, False


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
    """What an order adds to its customer's spend: its amount once delivered, less what was paid back for returns.

    The rule against counting twice: where another system told a total (`Customer.spend_before`, by import), that
    total holds every order placed up to the moment it was told (`spend_before_at`). Such an order adds nothing,
    however it came and whenever it is delivered; of its returns those count that came after that moment. An order
    placed later adds in full. The next total that differs takes the place of all of this.
    """
    if order.state not in DONE:
        return Decimal(0)
    told_at, returns = order.customer.spend_before_at, order.returns.all()
    if told_at is None or order.placed_at > told_at:
        return order.amount - _paid_back(returns)
    return -_paid_back(returns.filter(at__gt=told_at))


def _paid_back(returns) -> Decimal:
    return returns.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def count(order: Order, before: Decimal) -> None:
    """Adds to the customer's spend what this order counts for now and did not before; takes off what came back."""
    if (more := spent(order) - before) == 0:
        return
    customer = Customer.objects.select_for_update(no_key=True).get(pk=order.customer_id)
    customer.spend = max(Decimal(0), customer.spend + more)
    customer.save(update_fields=["spend"])


def told_total(customer: Customer, total: Decimal, *, now: datetime) -> None:
    """Puts the total that another system tells onto the customer, for `spent` to count on from; not saved yet.

    The same total told again changes nothing, so that orders counted since are kept; a total of 0 tells nothing.
    """
    if total == 0 or (customer.spend_before_at and total == customer.spend_before):
        return
    customer.spend = customer.spend_before = total
    customer.spend_before_at = now


# --- Goods that come back ---------------------------------------------------------------------------------


def left(order: Order) -> dict[int, int]:
    """{line id: how many of it have not come back}."""
    rows = order.lines.annotate(back=Sum("returned__quantity"))
    return {row.pk: row.quantity - (row.back or 0) for row in rows}


def refundable(order: Order) -> Decimal:
    """What has not been paid back of the amount of the order."""
    return order.amount - _paid_back(order.returns.all())


def check_return(order: Order, units: dict[int, int], amount: Decimal, day: date, reason: str, today: date) -> None:
    """Raises `OrderRefused` for goods that cannot come back this way."""
    if order.state not in DONE:
        raise OrderRefused(_("Only what was delivered can come back."))
    if not reason.strip():
        raise OrderRefused(_("Say why it comes back."))
    known = left(order)
    if not units and amount <= 0:
        raise OrderRefused(_("Say what came back, or how much was paid back."))
    if any(number < 1 or number > known.get(pk, 0) for pk, number in units.items()):
        raise OrderRefused(_("More cannot come back than was delivered and has not come back yet."))
    if amount < 0 or amount > (most := refundable(order)):
        raise OrderRefused(_("At most %(amount)s can be paid back.") % {"amount": most})
    if day > today or (order.delivered_at and day < timezone.localdate(order.delivered_at)):
        raise OrderRefused(_("Goods come back between the delivery and today."))


def write_return(
    order: Order, units: dict[int, int], amount: Decimal, day: date, reason: str, *, by: User | None, now: datetime
) -> OrderReturn:
    row = OrderReturn.objects.create(
        order=order, returned_on=day, amount=amount, reason=reason.strip()[:200], at=now, by=by
    )
    ReturnedLine.objects.bulk_create(
        ReturnedLine(back=row, line_id=pk, quantity=number) for pk, number in units.items()
    )
    log(
        "order_returned", order, by=by, now=now, amount=str(amount), quantity=sum(units.values()), reason=row.reason
    )
    return row


# --- Forms that are sent twice ----------------------------------------------------------------------------


def first_time(key: str, order: Order, *, now: datetime) -> bool:
    """Whether this form has not been taken in before; kept with the order, in the caller's transaction.

    The order is locked by the caller, so that of two equal forms at once the second waits and then finds the first.
    """
    if not key:
        return True
    return OrderSubmission.objects.get_or_create(key=key[:80], defaults={"order": order, "at": now})[1]


def submitted(key: str) -> Order | None:
    """The order that a form with this key led to."""
    known = OrderSubmission.objects.filter(key=key[:80]).select_related("order__customer").first() if key else None
    return known.order if known else None


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
