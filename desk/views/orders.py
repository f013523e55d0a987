"""Orders: the list, those of a customer, one order and its steps, writing and changing one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from customers import ordering
from customers import reveal as reveals
from customers.models import Order
from desk import customer_page, order_forms, orders_page

State = Order.State


@login_required
@require_GET
def orders(request):
    """The newest in sight, by state."""
    state = request.GET.get("state", "")
    state = state if state in State.values else ""
    before = whole(request.GET.get("before"))
    rows, onward = orders_page.rows(request.user, state=state, before=before)
    kept = {"state": state} if state else {}
    context = {
        "rows": rows, "state": state, "states": State.choices,
        "next_url": f"?{urlencode(kept | {'before': onward})}" if onward else "",
        "first_url": f"?{urlencode(kept)}" if before else "",
    }
    return render(request, "desk/orders.html", context)


@login_required
@require_GET
def of_customer(request, pk):
    """The orders of one customer, beside their 360° page."""
    owner = get_object_or_404(customer_page.seen(request.user), pk=pk)
    before = whole(request.GET.get("before"))
    rows, onward = orders_page.rows(request.user, customer=owner, before=before)
    context = {
        "customer": owner, "rows": rows, "tab": "orders", "next_url": f"?before={onward}" if onward else "",
        "first_url": "?" if before else "",
    }
    return render(request, "desk/customer_orders.html", context)


@login_required
def new(request, pk):
    """Writes down a new order: need and advice, with whatever is known already."""
    owner = get_object_or_404(customer_page.seen(request.user), pk=pk)
    form = order_forms.OrderForm(request.POST or None, customer=owner)
    lines = order_forms.lines_of(None, request.POST or None)
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        given = form.written() | {"key": _key(request, form)}
        given.pop("version", None)
        try:
            made = ordering.open_order(
                customer=owner, by=request.user, lines=order_forms.written_lines(lines), **given
            )
        except ordering.OrderRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("Order %(code)s is written down.") % {"code": made.code})
            return redirect("desk:order", pk=made.pk)
    return _form_page(request, owner, form, lines)


@login_required
def edit(request, pk):
    """Changes an order that has not shipped; planned already, its delivery is planned anew."""
    found = _seen(request, pk)
    form = order_forms.OrderForm(request.POST or None, customer=found.customer, order=found)
    lines = order_forms.lines_of(found, request.POST or None)
    if request.method == "POST" and form.is_valid() and lines.is_valid():
        try:
            changed = ordering.change(
                found, by=request.user, lines=order_forms.written_lines(lines, found),
                **(form.written() | {"key": _key(request, form)}),
            )
        except ordering.StaleOrder as stale:
            both = orders_page.differences(stale.current, form, lines)
            data = with_version(request.POST, stale.current)
            fresh = order_forms.OrderForm(data, customer=found.customer, order=stale.current)
            fresh.add_error(None, str(stale))
            return _form_page(request, found.customer, fresh, lines, order=stale.current, status=409, both=both)
        except ordering.OrderRefused as refused:
            form.add_error(None, str(refused))
        else:
            anew = changed.plans.count() > found.plans_before
            messages.success(request, _("Saved. The delivery has to be reconfirmed.") if anew else _("Saved"))
            return redirect("desk:order", pk=pk)
    return _form_page(request, found.customer, form, lines, order=found)


def _key(request, form) -> str:
    """The key of a form, each person's apart; nothing for a form without one."""
    key = form.cleaned_data.get("key")
    return f"{request.user.pk}:{key}" if key else ""


def _form_page(request, customer, form, lines, *, order=None, status=None, both=()):
    wrong = form.is_bound and (form.errors or not lines.is_valid())
    context = {"customer": customer, "order": order, "form": form, "lines": lines, "both": both}
    return render(request, "desk/order_form.html", context, status=status or (422 if wrong else 200))


# --- One order --------------------------------------------------------------------------------------------


def _seen(request, pk: int) -> Order:
    found = get_object_or_404(orders_page.seen(request.user), pk=pk)
    found.plans_before = found.plans.count() if request.method == "POST" else 0
    return found


@login_required
@require_GET
def order(request, pk):
    found = _seen(request, pk)
    return render(request, "desk/order.html", orders_page.page(found, request.user))


@login_required
@require_POST
def step(request, pk):
    """Takes one step, or says beside its button why not."""
    found, form = _seen(request, pk), order_forms.StepForm(request.POST)
    if form.is_valid():
        try:
            done = _take(found, form.cleaned_data, by=request.user, key=_key(request, form))
        except ordering.OrderRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The order is now: %(state)s.") % {"state": done.get_state_display()})
            return redirect("desk:order", pk=pk)
    fresh = _seen(request, pk)
    form.data = with_version(form.data, fresh)
    return render(request, "desk/order.html", orders_page.page(fresh, request.user, bound=form), status=422)


def _take(found: Order, given: dict, *, by, key: str) -> Order:
    to, version, note = given["to"], given["version"], given["note"]
    if to in (State.CONFIRMED, State.RECONFIRMED):
        verb = ordering.confirm if to == State.CONFIRMED else ordering.reconfirm
        return verb(found, by=by, channel=given["channel"] or "phone", note=note, version=version, key=key)
    if to == State.PLANNED:
        return ordering.plan(
            found, planned_on=given["planned_on"], window=given["window"], reason=note, by=by, version=version,
            key=key,
        )
    return ordering.step(found, to, by=by, note=note, version=version, key=key)


@login_required
@require_POST
def contact(request, pk):
    """Writes down a contact about the order."""
    found, form = _seen(request, pk), order_forms.ContactForm(request.POST, auto_id="contact-%s")
    if form.is_valid():
        ordering.communicate(found, by=request.user, **(form.cleaned_data | {"key": _key(request, form)}))
        messages.success(request, _("Communication record written."))
        return redirect("desk:order", pk=pk)
    return render(request, "desk/order.html", orders_page.page(found, request.user, contact=form), status=422)


@login_required
@require_POST
def units(request, pk):
    """Serial numbers and warranties of what has shipped."""
    found = _seen(request, pk)
    forms = [order_forms.UnitForm(request.POST, line=line) for line in found.lines.all()]
    if all([form.is_valid() for form in forms]):
        given = {f.line.pk: (f.cleaned_data["serial"].strip(), f.cleaned_data["warranty_until"]) for f in forms}
        try:
            ordering.record_units(found, units=given, by=request.user)
        except ordering.OrderRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("Saved"))
        return redirect("desk:order", pk=pk)
    return render(request, "desk/order.html", orders_page.page(found, request.user, units=forms), status=422)


@login_required
@require_POST
def take_back(request, pk):
    """Goods of a delivered order came back."""
    found = _seen(request, pk)
    if ordering.submitted(f"{request.user.pk}:{request.POST.get('key', '')}") == found:
        return redirect("desk:order", pk=pk)  # sent twice: what it says is no longer there to come back
    form = order_forms.ReturnForm(request.POST, order=found, today=timezone.localdate())
    if form.is_valid():
        given = form.cleaned_data
        try:
            ordering.take_back(
                found, units=form.units(), amount=given["amount"], reason=given["reason"],
                returned_on=given["returned_on"], by=request.user, key=_key(request, form),
            )
        except ordering.OrderRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The return is written down."))
            return redirect("desk:order", pk=pk)
    order_forms.dress(form)
    return render(request, "desk/order.html", orders_page.page(found, request.user, back=form), status=422)


@login_required
@require_POST
@never_cache
def address(request, pk):
    """Shows the delivery address in the clear, for a reason that is written down."""
    found = _seen(request, pk)
    context = {"order": found, "may_see_address": True}
    try:
        context["value"] = reveals.reveal_delivery(order=found, by=request.user, reason=request.POST.get("reason", ""))
    except reveals.ReasonMissing as missing:
        return render(request, "desk/_order_address.html", context | {"error": str(missing)}, status=422)
    except reveals.RevealForbidden as forbidden:
        raise PermissionDenied(str(forbidden)) from forbidden
    except reveals.TooManyReveals as limit:
        return HttpResponse(str(limit), status=429, content_type="text/plain; charset=utf-8")
    return render(request, "desk/_order_address.html", context)


def with_version(data, order: Order):
    """What was typed, on top of the order as it stands: saving it again is then a decision."""
    data = data.copy()
    data["version"] = order.version
    return data


def whole(text: str | None) -> int | None:
    """The id in a query, or None for anything that is none."""
    return int(text) if text and text.isdecimal() and len(text) < 19 else None
