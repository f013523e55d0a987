"""What an agent fills in during a call, and what each outcome needs to be complete."""

from dataclasses import fields as fields_of

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints.models import Sheet
from core import phones
from desk.calls import Facts
from messaging.models import AUTHORITIES, Call, Channel
from tickets.models import Grade, Kind, Level, Ticket
from tickets.topic_fields import TopicField

Outcome = Call.Outcome
MAX_TEXT = 10_000
KINDS = [
    (Kind.CONSULT, Kind.CONSULT.label, _("Product, policy or progress")),
    (Kind.SERVICE, Kind.SERVICE.label, _("Something to be done: install, change, return")),
    (Kind.COMPLAINT, Kind.COMPLAINT.label, _("Unhappy, harmed, wants redress")),
]
NEEDS = {  # outcome: what it cannot do without
    Outcome.ANSWERED: ("kind", "category", "subject", "answer"),
    Outcome.TICKET: ("kind", "category", "subject", "promised_at"),
    Outcome.CALLBACK: ("kind", "category", "subject", "callback_at"),
    Outcome.ESCALATE: ("kind", "category", "subject", "promised_at"),
    Outcome.DROPPED: (),
}
SAYS = {
    "name": _("Write the caller's name, or choose a customer."),
    "kind": _("Choose what kind of request it is."),
    "category": _("Choose a topic."),
    "subject": _("Sum the matter up in one line."),
    "answer": _("Write down what you answered."),
    "promised_at": _("Not solved yet: say by when the customer hears from us."),
    "callback_at": _("Pick the time to call back."),
    "wish": _("Note the result and time the customer hopes for."),
    "ground": _("Say what makes it special."),
    "words": _("Note what the customer asks now."),
}


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self):
        super().__init__(format="%Y-%m-%dT%H:%M", attrs={"class": "form-control u-num"})


class StartForm(forms.Form):
    """Picks a call up; the number is empty when it is withheld."""

    number = forms.CharField(label=_("Number of the caller"), max_length=40, required=False)
    redial = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["number"].widget.attrs.update(
            {"class": "form-control is-tall u-num", "inputmode": "tel", "autocomplete": "off"}
        )

    def clean_number(self) -> str:
        return _phone(self.cleaned_data["number"])


CAME_THROUGH = [(one.value, one.label) for one in (Channel.PHONE, *AUTHORITIES)]


class CallForm(forms.Form):
    """The form of a call in progress. `clean` asks for what the chosen outcome needs, and for nothing else."""

    phone = forms.CharField(label=_("Find by phone, name or customer number"), max_length=80, required=False)
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    company = forms.CharField(label=_("Company"), max_length=120, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, required=False)
    consent_callback = forms.BooleanField(label=_("Agrees to be called back"), required=False)
    chase = forms.ModelChoiceField(Ticket.objects.none(), label=_("Is it about an open ticket?"), required=False)
    channel = forms.ChoiceField(label=_("Came through"), choices=CAME_THROUGH, required=False)
    kind = forms.ChoiceField(label=_("What kind of request is it?"), choices=Kind.choices, required=False)
    category = TopicField(required=False, empty_label=_("Choose"))
    level = forms.ChoiceField(label=_("Complaint level"), choices=Level.choices, required=False)
    ground = forms.ChoiceField(
        label=_("Special because of"), choices=[("", "–"), *Sheet.Special.choices], required=False
    )
    urgency = forms.TypedChoiceField(
        label=_("Urgency"), choices=Grade.choices, coerce=int, empty_value=2, required=False
    )
    importance = forms.TypedChoiceField(
        label=_("Importance"), choices=Grade.choices, coerce=int, empty_value=2, required=False
    )
    difficulty = forms.TypedChoiceField(
        label=_("Difficulty"), choices=Grade.choices, coerce=int, empty_value=2, required=False
    )
    subject = forms.CharField(label=_("Summary in one line"), max_length=200, required=False)
    words = forms.CharField(label=_("What the customer said"), max_length=MAX_TEXT, required=False)
    wish = forms.CharField(label=_("What the customer wants"), max_length=400, required=False)
    answer = forms.CharField(label=_("What you answered"), max_length=MAX_TEXT, required=False)
    explained = forms.BooleanField(label=_("Solution explained"), required=False)
    promised = forms.BooleanField(label=_("Deadline promised"), required=False)
    agreed = forms.BooleanField(label=_("Customer agreed"), required=False)
    promised_at = forms.DateTimeField(label=_("Promised reply by"), required=False, widget=MomentInput)
    callback_at = forms.DateTimeField(label=_("Call back at"), required=False, widget=MomentInput)
    caller_hung_up = forms.BooleanField(label=_("The caller hung up first"), required=False)
    outcome = forms.ChoiceField(choices=Outcome.choices, error_messages={"required": _("Choose how the call ends.")})

    def __init__(self, *args, call: Call, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.call, self.user = call, user
        self.fields["chase"].queryset = open_tickets(call, user)
        for name in ("urgency", "importance", "difficulty"):
            self.fields[name].initial = Grade.MEDIUM
        self.fields["level"].initial = Level.GENERAL
        for name, field in self.fields.items():
            widget = field.widget
            if isinstance(widget, forms.Select):
                widget.attrs["class"] = "form-select"
            elif isinstance(widget, forms.CheckboxInput):
                widget.attrs["class"] = "form-check-input mt-0"
            else:
                widget.attrs["class"] = "form-control u-num" if isinstance(widget, MomentInput) else "form-control"
            if name in ("words", "wish", "answer"):
                field.widget = forms.Textarea({**widget.attrs, "rows": 3})

    def clean_channel(self):
        return self.cleaned_data["channel"] or Channel.PHONE

    def clean_promised_at(self):
        return self._ahead("promised_at")

    def clean_callback_at(self):
        return self._ahead("callback_at")

    def clean(self):
        data = super().clean()
        outcome = data.get("outcome", "")
        if not outcome or outcome == Outcome.DROPPED:
            return data
        for name in self._missing(outcome, data):
            if name not in self.errors:
                self.add_error(name, ValidationError(SAYS[name], code="required"))
        if outcome == Outcome.ANSWERED and (data.get("chase") or data.get("kind") not in (Kind.CONSULT, "", None)):
            self.add_error("outcome", _("Only a new consult can be closed on the call. Make a ticket instead."))
        if self.call.customer_id is None and "phone" not in self.errors:
            try:
                data["phone"] = _phone(data.get("phone", ""))
            except ValidationError as error:
                self.add_error("phone", error)
        return data

    def _missing(self, outcome: str, data: dict) -> list[str]:
        if data.get("chase"):  # the open ticket has a class, a topic and a summary already
            return [] if data.get("words") or data.get("subject") else ["words"]
        needed = list(NEEDS[outcome])
        if data.get("kind") in (Kind.SERVICE, Kind.COMPLAINT):
            needed.append("wish")
        if data.get("kind") == Kind.COMPLAINT and data.get("level") == Level.SPECIAL:
            needed.append("ground")
        if self.call.customer_id is None:
            needed.append("name")
        return [name for name in needed if not data.get(name)]

    def _ahead(self, name: str):
        moment = self.cleaned_data.get(name)
        if moment and moment <= timezone.now():
            raise ValidationError(_("That time has passed."))
        return moment

    def _post_clean(self):
        """Fields with errors say so to the eye and to screen readers; the first one takes the focus."""
        super()._post_clean()
        for name in self.errors:
            if name in self.fields:
                attrs = self.fields[name].widget.attrs
                attrs["class"] = f"{attrs.get('class', '')} is-invalid".strip()
                attrs["aria-describedby"] = f"id_{name}_error"

    def facts(self) -> Facts:
        """The cleaned form as the service takes it."""
        return Facts(**{field.name: self.cleaned_data[field.name] for field in fields_of(Facts)})


def draft_of(post) -> dict[str, str]:
    """The posted fields of the form as they were typed, to be kept as a draft."""
    return {name: post[name][:MAX_TEXT] for name in CallForm.base_fields if name in post and name != "outcome"}


def open_tickets(call: Call, user):
    """Open tickets of the caller that this user may see, newest first: what a chaser 催单 would be about."""
    if call.customer_id is None:
        return Ticket.objects.none()
    return Ticket.objects.visible_to(user).active().filter(customer=call.customer_id).order_by("-pk")


def _phone(typed: str) -> str:
    """The number in its one written form; '' for none. The error never repeats the number."""
    if not typed.strip():
        return ""
    try:
        return phones.normalise(typed)
    except phones.BadPhone:
        raise ValidationError(_("This is no complete telephone number."), code="phone") from None
