"""The forms of visits. Services judge what they carry; a form only reads it."""

import secrets
from datetime import datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Contact
from tickets.models import Ticket
from visits import windows
from visits.models import Failure, Kind, Slip, Technician, Visit
from visits.slips import WRITTEN

PICK = [("", gettext_lazy("Choose"))]


class MomentInput(forms.DateTimeInput):
    """A browser's own field for date and time."""

    input_type = "datetime-local"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%dT%H:%M")


class Styled(forms.Form):
    """Fields in the look of the pages; what is wrong is marked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.prepare()
        for name, field in self.fields.items():
            if isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect | forms.HiddenInput):
                continue
            look = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs["class"] = f"{look} is-invalid" if self.is_bound and name in self.errors else look

    def prepare(self) -> None:
        """What a form has to know before its errors are asked for."""

    def given(self) -> dict:
        """What the service takes."""
        return dict(self.cleaned_data)


class PlanForm(Styled):
    """A new visit: where to, whom to ask for, and what is to be done."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind of visit"), choices=PICK + Kind.choices)
    known_address = forms.ModelChoiceField(
        Contact.objects.none(), label=gettext_lazy("Address"), required=False,
        empty_label=gettext_lazy("Another address"),
    )
    address = forms.CharField(label=gettext_lazy("Another address"), max_length=300, required=False)
    contact_name = forms.CharField(label=gettext_lazy("Contact person"), max_length=80, required=False)
    known_phone = forms.ModelChoiceField(
        Contact.objects.none(), label=gettext_lazy("Telephone"), required=False,
        empty_label=gettext_lazy("Another number"),
    )
    phone = forms.CharField(label=gettext_lazy("Another number"), max_length=40, required=False)
    task = forms.CharField(label=gettext_lazy("What is to be done"), max_length=400, required=False)
    key = forms.SlugField(required=False, max_length=40, widget=forms.HiddenInput)

    def __init__(self, data=None, *, ticket: Ticket):
        self.ticket = ticket
        super().__init__(data, auto_id="visit-%s", initial={"key": secrets.token_hex(8)})

    def prepare(self) -> None:
        customer = self.ticket.customer
        known = {kind: [c for c in customer.contacts.all() if c.kind == kind] for kind in ("address", "phone")}
        for name, kind in (("known_address", "address"), ("known_phone", "phone")):
            self.fields[name].queryset = customer.contacts.filter(kind=kind)
            self.fields[name].choices = [*((c.pk, c.masked) for c in known[kind]), ("", self.fields[name].empty_label)]
            self.initial.setdefault(name, known[kind][0].pk if known[kind] else "")
        self.initial.setdefault("contact_name", customer.name)
        self.initial.setdefault("task", self.ticket.wish or self.ticket.subject)

    def clean(self):
        data = super().clean()
        if not data.get("known_address") and not data.get("address", "").strip():
            self.add_error("address", _("A visit needs an address."))
        return data

    def given(self) -> dict:
        given = dict(self.cleaned_data)
        address, phone = given.pop("known_address"), given.pop("known_phone")
        given["address"] = given["address"].strip() or address.value
        given["phone"] = given["phone"].strip() or (phone.value if phone else "")
        return given


class StepForm(Styled):
    """A step of one visit. `anyway` says that the warnings about a window have been read."""

    anyway = forms.BooleanField(label=gettext_lazy("Book it all the same"), required=False)

    def __init__(self, data=None, *, visit: Visit, now: datetime):
        self.visit, self.now, self.warned = visit, now, []
        super().__init__(data, auto_id=f"v{visit.pk}-{type(self).__name__.lower()}-%s", initial=self.start())

    def start(self) -> dict:
        return {}

    @property
    def asked(self) -> list:
        """The fields that the page shows; the confirmation only once there is something to confirm."""
        return [field for field in self if field.name != "anyway"]

    @property
    def refusals(self) -> list[str]:
        """What is wrong, without the warnings, which are shown apart."""
        return [error for error in self.non_field_errors() if error not in self.warned]

    def clean(self):
        data = super().clean()
        technician, starts_at, ends_at = (data.get(name) for name in ("technician", "starts_at", "ends_at"))
        if technician and starts_at and ends_at and starts_at < ends_at and not self.errors:
            self.warned = windows.warnings(technician, starts_at, ends_at, visit=self.visit)
            if self.warned and not data.get("anyway"):
                raise forms.ValidationError(self.warned)
        return data

    def given(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("anyway", "slot")}


class PlainForm(StepForm):
    """A step that asks nothing."""


def _technician() -> forms.ModelChoiceField:
    return forms.ModelChoiceField(
        Technician.objects.none(), label=gettext_lazy("Technician"), required=False, empty_label=gettext_lazy("Choose")
    )


def _moment(label) -> forms.DateTimeField:
    return forms.DateTimeField(label=label, required=False, widget=MomentInput)


class DispatchForm(StepForm):
    """One of the next free windows, or a technician and a window of one's own."""

    slot = forms.ChoiceField(label=gettext_lazy("Free windows"), required=False)
    technician = _technician()
    starts_at = _moment(gettext_lazy("From"))
    ends_at = _moment(gettext_lazy("Until"))

    def prepare(self) -> None:
        rows = Technician.objects.serving(self.visit.ticket).select_related("user", "team", "calendar")
        self.fields["technician"].queryset = rows
        self.fields["technician"].choices = [("", _("Choose")), *((row.pk, str(row)) for row in rows)]
        minutes = windows.duration_of(self.visit.kind)
        self.free = windows.free(rows, minutes=minutes, now=self.now, address=self.visit.address)
        self.fields["slot"].choices = [(window.value, str(window)) for window in self.free] + [
            ("", _("Another window"))
        ]
        self.initial["slot"] = self.free[0].value if self.free else ""

    def clean_slot(self):
        value = self.cleaned_data["slot"]
        return next((window for window in self.free if window.value == value), None)

    def clean(self):
        data = self.cleaned_data
        if window := data.get("slot"):
            data |= {"technician": window.technician, "starts_at": window.starts_at, "ends_at": window.ends_at}
        else:
            if not data.get("technician"):
                self.add_error("technician", _("Choose who goes."))
            if data.get("starts_at") and not data.get("ends_at"):
                data["ends_at"] = data["starts_at"] + windows.duration_of(self.visit.kind)
            elif not data.get("starts_at"):
                self.add_error("starts_at", _("Choose a window, or say when it begins."))
        return super().clean()


class AppointForm(StepForm):
    """The window that the customer agreed to; of a change, why and at whose wish."""

    starts_at = forms.DateTimeField(label=gettext_lazy("Agreed from"), widget=MomentInput)
    ends_at = _moment(gettext_lazy("Until"))
    technician = _technician()
    reason = forms.CharField(label=gettext_lazy("Why it changes"), max_length=200, required=False)
    ours = forms.BooleanField(label=gettext_lazy("The change is at our wish"), required=False)

    def start(self) -> dict:
        visit = self.visit
        return {"starts_at": visit.starts_at, "ends_at": visit.ends_at, "technician": visit.technician_id}

    def prepare(self) -> None:
        rows = Technician.objects.serving(self.visit.ticket).select_related("user")
        self.fields["technician"].queryset = rows
        self.fields["technician"].choices = [("", _("Choose")), *((row.pk, str(row)) for row in rows)]
        if self.visit.appointed_at is None:
            del self.fields["reason"], self.fields["ours"]

    def clean(self):
        data = self.cleaned_data
        if data.get("starts_at") and not data.get("ends_at") and "ends_at" not in self.errors:
            data["ends_at"] = data["starts_at"] + windows.duration_of(self.visit.kind)
        return super().clean()


class HandOverForm(StepForm):
    technician = _technician()
    reason = forms.CharField(label=gettext_lazy("Why another technician goes"), max_length=200)

    def prepare(self) -> None:
        rows = Technician.objects.serving(self.visit.ticket).exclude(pk=self.visit.technician_id)
        rows = rows.select_related("user")
        self.fields["technician"].queryset = rows
        self.fields["technician"].choices = [("", _("Choose")), *((row.pk, str(row)) for row in rows)]
        self.fields["technician"].required = True

    def clean(self):
        window = {"starts_at": self.visit.starts_at, "ends_at": self.visit.ends_at}
        self.cleaned_data |= window
        return super().clean()

    def given(self) -> dict:
        return {name: self.cleaned_data[name] for name in ("technician", "reason")}


class FailForm(StepForm):
    failure = forms.ChoiceField(label=gettext_lazy("Why it failed"), choices=PICK + Failure.choices)
    note = forms.CharField(label=gettext_lazy("What happened"), max_length=200, required=False)


class CancelForm(StepForm):
    reason = forms.CharField(label=gettext_lazy("Why it is cancelled"), max_length=200)


class SlipForm(forms.ModelForm):
    """完工回单; a slip that stands is corrected with a reason."""

    correction = forms.CharField(label=gettext_lazy("Why it is corrected"), max_length=200, required=False)

    class Meta:
        model = Slip
        fields = WRITTEN
        widgets = {
            **{name: forms.Textarea(attrs={"rows": 2}) for name in ("work", "parts", "opinion")},
            "arrived_at": MomentInput, "left_at": MomentInput, "satisfaction": forms.Select(),
        }

    def __init__(self, data=None, *, visit: Visit, latest: Slip | None = None, now: datetime | None = None):
        now = now or timezone.now()
        start = {"arrived_at": visit.arrived_at or now - timedelta(hours=1), "left_at": now, "charges": 0}
        if latest is None:
            start |= {"signed_by": visit.contact_name, "result": Slip.Result.DONE, "signed_how": Slip.Signed.PAPER}
        else:
            start = {name: getattr(latest, name) for name in WRITTEN}
        super().__init__(data, initial=start, auto_id="slip-%s")
        scale = [("", "–"), *((n, str(n)) for n in range(5, 0, -1))]
        self.fields["satisfaction"].widget.choices = scale
        if latest is None:
            del self.fields["correction"]
        for name, field in self.fields.items():
            look = "form-select" if isinstance(field.widget, forms.Select) else "form-control"
            field.widget.attrs["class"] = f"{look} is-invalid" if self.is_bound and name in self.errors else look


class BoardForm(forms.Form):
    """What the board shows; whatever is not understood counts as not given."""

    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    team = forms.IntegerField(required=False, min_value=1)
    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    after = forms.IntegerField(required=False, min_value=1)

    def value(self, name: str):
        self.is_valid()
        return self.cleaned_data.get(name)


