"""Everything that the order pages show: the list, one order with its steps, and what may be done next."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.postgres.aggregates import StringAgg
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core import masking
from customers import ordering, reveal
from customers.models import Contact, Customer, Order
from customers.profile import Conflict
from desk import order_forms
from staff.models import User

State = Order.State
ROWS = 30
STRIP = (
    (State.NEED, "placed_at"), (State.CONFIRMED, "confirmed_at"), (State.PLANNED, ""),
    (State.RECONFIRMED, "reconfirmed_at"), (State.SHIPPED, "shipped_at"), (State.DELIVERED, "delivered_at"),
    (State.INSTALLED, "installed_at"), (State.AFTER_SALE, ""),
)  # fmt: skip
BUTTONS = {
    State.CONFIRMED: (_("Confirm with the customer"), "check2-circle"),
    State.PLANNED: (_("Plan the delivery"), "calendar-plus"),
    State.RECONFIRMED: (_("Reconfirm with the customer"), "telephone-outbound"),
    State.SHIPPED: (_("Ship"), "truck"),
    State.DELIVERED: (_("Delivered"), "box-seam"),
    State.INSTALLED: (_("Installed"), "tools"),
    State.AFTER_SALE: (_("Hand over to after-sale"), "headset"),
}
ASKS = {  # what a step asks for beside its button
    State.CONFIRMED: ("channel", "note"), State.PLANNED: ("planned_on", "window"),
    State.RECONFIRMED: ("channel", "note"),
}


@dataclass(frozen=True)
class Stage:
    """One place of the strip: done, current or to come."""

    label: str
    status: str
    at: datetime | None


@dataclass(frozen=True)
class Step:
    """What may be done next: its button and the fields beside it."""

    to: str
    label: str
    icon: str
    form: order_forms.StepForm
    fields: list


def rows(
    user: User, *, state: str = "", customer: Customer | None = None, before: int | None = None, limit: int = ROWS
):
    """(orders newest first, id to page on from or None), each with its products in one text."""
    found = Order.objects.visible_to(user).defer("address", "need", "advice")
    if customer:
        found = found.filter(customer=customer)
    if state:
        found = found.filter(state=state)
    if before:
        found = found.filter(pk__lt=before)
    page = list(named(found.select_related("customer__tier")).order_by("-pk")[: limit + 1])
    return page[:limit], page[limit - 1].pk if len(page) > limit else None


def named(orders):
    """With `products`, `serials` and `warranty`, so that a row of a list needs no further query."""
    return orders.annotate(
        products=StringAgg("lines__product", ", ", default=""),
        serials=StringAgg("lines__serial", " ", filter=~Q(lines__serial=""), default=""),
        warranty=Max("lines__warranty_until"),
    )


def seen(user: User):
    return Order.objects.visible_to(user).select_related("customer__tier", "customer__team", "by")


def page(order: Order, user: User, *, bound=None, contact=None, units=None, back=None) -> dict:
    """The context of one order. `bound`: the form of a step that was refused, to show again."""
    lines = list(order.lines.all())
    return {
        "order": order,
        "customer": order.customer,
        "lines": lines,
        "stages": stages(order),
        "steps": [] if order.state == State.CANCELLED else _steps(order, bound),
        "replan": _replan(order, bound),
        "cancel": _cancel(order, bound),
        "missing": ordering.missing(order) if order.state == State.NEED else [],
        "bound": bound,
        "plans": list(order.plans.select_related("by")),
        "communications": list(order.communications.select_related("by")[:50]),
        "contact": contact or order_forms.ContactForm(auto_id="contact-%s"),
        "units": units or ([order_forms.UnitForm(line=line) for line in lines] if order.state in ordering.OUT else []),
        "editable": order.state in ordering.OPEN,
        **_returns(order, back),
        "may_see_address": reveal.may_see_kind(user, Contact.Kind.ADDRESS),
    }


def _returns(order: Order, back) -> dict:
    """What came back of a delivered order, and the form for more while something is left."""
    if order.state not in ordering.DONE:
        return {"returns": []}
    rows = list(order.returns.select_related("by").prefetch_related("lines__line"))
    form = back or order_forms.ReturnForm(order=order, today=timezone.localdate())
    some_left = bool(form.lines) or sum(row.amount for row in rows) < order.amount
    return {"returns": rows, "back": form if some_left else None}


def differences(current: Order, form: order_forms.OrderForm, lines) -> list[Conflict]:
    """Both versions of an order that two people changed: as it stands now, and as this one typed it."""
    found = []
    for name in ("need", "advice", "payment", "pay_by", "paid_on"):
        theirs, yours = getattr(current, name), form.cleaned_data.get(name)
        if (theirs or None) != (yours or None):
            found.append(Conflict(str(form.fields[name].label), _shown(name, theirs), _shown(name, yours)))
    if (typed := form.written().get("address")) and typed != current.address:
        label = str(form.fields["known_address"].label)
        found.append(Conflict(label, current.address_masked, masking.address(typed)))
    theirs, yours = (
        [f"{row.product} × {row.quantity} · ¥{row.price:.2f}" for row in rows]
        for rows in (current.lines.all(), order_forms.written_lines(lines))
    )
    if theirs != yours:
        found.append(Conflict(str(_("Products")), "; ".join(theirs), "; ".join(yours)))
    return found


def _shown(name: str, value) -> str:
    if name == "payment":
        return str(dict(Order.Payment.choices).get(value, ""))
    return date_format(value, "SHORT_DATE_FORMAT") if isinstance(value, date) else value or ""


def stages(order: Order) -> list[Stage]:
    place = ordering.STEPS.index(State(order.state)) if order.state in ordering.STEPS else -1
    found = []
    for number, (state, stamp) in enumerate(STRIP):
        at = getattr(order, stamp) if stamp else None
        status = "current" if number == place else "done" if number < place else "ahead"
        if number < place and stamp and at is None:
            status = "ahead"  # a step that this order went without, such as installation
        found.append(Stage(str(state.label), status, at))
    return found


def _steps(order: Order, bound) -> list[Step]:
    moves = [to for to in ordering.next_moves(order) if to in BUTTONS]
    return [_step(order, to, bound) for to in moves]


def _step(order: Order, to: str, bound) -> Step:
    label, icon = BUTTONS[State(to)]
    mine = bound if bound is not None and bound.data.get("to") == to and not bound.data.get("again") else None
    form = mine or order_forms.StepForm(initial={"to": to, "version": order.version}, auto_id=f"{to}-%s")
    return Step(to, str(label), icon, form, [form[name] for name in ASKS.get(State(to), ())])


def _replan(order: Order, bound):
    if order.state not in ordering.UNDER_WAY:
        return None
    mine = bound if bound is not None and bound.data.get("again") else None
    initial = {"to": State.PLANNED, "version": order.version}
    return mine or order_forms.StepForm(initial=initial, auto_id="again-%s")


def _cancel(order: Order, bound):
    if State.CANCELLED not in ordering.MOVES[order.state]:
        return None
    mine = bound if bound is not None and bound.data.get("to") == State.CANCELLED else None
    initial = {"to": State.CANCELLED, "version": order.version}
    return mine or order_forms.StepForm(initial=initial, auto_id="cancel-%s")
