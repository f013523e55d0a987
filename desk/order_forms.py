"""The forms of orders. Services judge what they carry; a form only reads it."""

import re
import secrets

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers import ordering
from customers.models import Communication, Contact, Customer, Order, OrderLine

MOST_LINES = 20
CHANNELS = [("phone", _("phone")), ("mail", _("mail")), ("wechat", _("WeChat")), ("visit", _("visit"))]
PICK = [("", _("Choose"))]


class DayInput(forms.DateInput):
    """A browser's own field for a date."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class Styled(forms.Form):
    """Fields in the look of the product; what is wrong is marked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.prepare()
        dress(self)

    def prepare(self) -> None:
        """What a form settles about its fields before anything is read into them."""


def dress(form: forms.BaseForm) -> None:
    wrong = set(form.errors) if form.is_bound else set()
    for name, field in form.fields.items():
        looks = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
        if isinstance(field.widget, forms.CheckboxInput):
            looks = "form-check-input mt-0"
        field.widget.attrs["class"] = f"{looks} is-invalid" if name in wrong else looks


def new_key() -> str:
    return secrets.token_hex(16)


class Keyed(Styled):
    """A form that is taken in once, however often it is sent: its key is made with the page."""

    key = forms.CharField(required=False, max_length=64, initial=new_key, widget=forms.HiddenInput)

    def clean_key(self) -> str:
        key = self.cleaned_data["key"]
        return key if re.fullmatch("[0-9a-f]{32}", key) else ""


class OrderForm(Keyed):
    """Need, advice and what an order is confirmed with. The stored address is masked; empty leaves it as it is."""

    need = forms.CharField(label=_("Need"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    advice = forms.CharField(
        label=_("Advice given"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    known_address = forms.ModelChoiceField(
        Contact.objects.none(), label=_("Delivery address"), required=False, empty_label=_("Another address")
    )
    address = forms.CharField(label=_("Another address"), max_length=300, required=False)
    payment = forms.ChoiceField(label=_("Payment"), choices=PICK + Order.Payment.choices, required=False)
    pay_by = forms.DateField(label=_("To be paid by"), required=False, widget=DayInput)
    paid_on = forms.DateField(label=_("Paid on"), required=False, widget=DayInput)
    reason = forms.CharField(label=_("Why it changes"), max_length=200, required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, customer: Customer, order: Order | None = None):
        words = ("need", "advice", "payment", "pay_by", "paid_on", "version")
        self.customer, self.order = customer, order
        super().__init__(data, initial={name: getattr(order, name) for name in words} if order else {})

    def prepare(self) -> None:
        customer, order = self.customer, self.order
        self.fields["known_address"].queryset = customer.contacts.filter(kind=Contact.Kind.ADDRESS, valid=True)
        if order and order.address_masked:
            self.fields["known_address"].empty_label = _("As it stands, or another address")
            self.fields["address"].widget.attrs["placeholder"] = order.address_masked
        if order is None or order.state not in ordering.UNDER_WAY:
            del self.fields["reason"]

    def written(self) -> dict:
        """What the service takes; the address only where one was given."""
        given = dict(self.cleaned_data)
        known, typed = given.pop("known_address"), given.pop("address").strip()
        if known or typed:
            given["address"] = typed or known.value
        return given


class LineForm(Styled):
    product = forms.CharField(label=_("Model"), max_length=80, required=False)
    specification = forms.CharField(label=_("Specification"), max_length=200, required=False)
    quantity = forms.IntegerField(label=_("Quantity"), min_value=1, max_value=1_000_000, required=False)
    price = forms.DecimalField(label=_("Price"), min_value=0, max_digits=12, decimal_places=2, required=False)

    def clean(self):
        given = super().clean()
        rest = any(given.get(name) for name in ("specification", "quantity", "price"))
        if rest and not given.get("product") and "product" not in self.errors:
            self.add_error("product", _("Write the model."))
        return given


LineFormSet = forms.formset_factory(LineForm, extra=2, max_num=MOST_LINES, absolute_max=MOST_LINES + 5)


def lines_of(order: Order | None, data=None) -> forms.BaseFormSet:
    rows = list(order.lines.all()) if order else []
    initial = [
        {"product": r.product, "specification": r.specification, "quantity": r.quantity, "price": r.price} for r in rows
    ]
    return LineFormSet(data, prefix="lines", initial=initial)


def written_lines(formset: forms.BaseFormSet, order: Order | None = None) -> list[ordering.Line]:
    """The lines that name a model, with the serial numbers that lines of the same model had."""
    kept = {row.product: row for row in order.lines.all()} if order else {}
    lines = []
    for given in (form.cleaned_data for form in formset if form.cleaned_data.get("product")):
        row = kept.get(given["product"])
        lines.append(ordering.Line(
            product=given["product"], quantity=given["quantity"] or 1, price=given["price"] or 0,
            specification=given["specification"], serial=row.serial if row else "",
            warranty_until=row.warranty_until if row else None,
        ))  # fmt: skip
    return lines


class StepForm(Keyed):
    """One step of the flow with what it needs: the customer's word, a day, or a reason."""

    to = forms.ChoiceField(choices=Order.State.choices, widget=forms.HiddenInput)
    version = forms.IntegerField(widget=forms.HiddenInput)
    planned_on = forms.DateField(label=_("Delivery on"), required=False, widget=DayInput)
    window = forms.CharField(label=_("Between"), max_length=40, required=False)
    channel = forms.ChoiceField(label=_("Channel"), choices=CHANNELS, required=False)
    note = forms.CharField(
        label=pgettext_lazy("field", "Note"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def clean(self):
        given = super().clean()
        if given.get("to") == Order.State.PLANNED and not given.get("planned_on") and "planned_on" not in self.errors:
            self.add_error("planned_on", _("Choose the day of the delivery."))
        return given


class ContactForm(Keyed):
    """沟通记录: a contact about the order."""

    channel = forms.ChoiceField(label=_("Channel"), choices=CHANNELS)
    result = forms.ChoiceField(label=_("Result"), choices=Communication.Result.choices)
    note = forms.CharField(
        label=pgettext_lazy("field", "Note"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class UnitForm(Styled):
    """Serial number and warranty of one line."""

    serial = forms.CharField(label=_("Serial number"), max_length=60, required=False)
    warranty_until = forms.DateField(label=_("Warranty until"), required=False, widget=DayInput)

    def __init__(self, data=None, *, line: OrderLine):
        self.line = line
        super().__init__(
            data, prefix=f"unit-{line.pk}", initial={"serial": line.serial, "warranty_until": line.warranty_until}
        )


class ReturnForm(Keyed):
    """退货: how many of each product came back, what was paid back, when and why."""

    amount = forms.DecimalField(label=_("Paid back"), min_value=0, max_digits=12, decimal_places=2, initial=0)
    returned_on = forms.DateField(label=_("Returned on"), widget=DayInput)
    reason = forms.CharField(label=_("Reason"), max_length=200)

    def __init__(self, data=None, *, order: Order, today):
        self.order, self.left = order, ordering.left(order)
        self.lines = [line for line in order.lines.all() if self.left.get(line.pk)]
        super().__init__(data, auto_id="return-%s", initial={"returned_on": today})

    def prepare(self) -> None:
        for line in self.lines:
            most = self.left[line.pk]
            label = _("%(product)s, at most %(n)d") % {"product": line.product, "n": most}
            self.fields[f"line_{line.pk}"] = forms.IntegerField(
                label=label, min_value=0, max_value=most, required=False
            )

    def products(self):
        return [self[f"line_{line.pk}"] for line in self.lines]

    def units(self) -> dict[int, int]:
        given = {line.pk: self.cleaned_data.get(f"line_{line.pk}") for line in self.lines}
        return {pk: number for pk, number in given.items() if number}
