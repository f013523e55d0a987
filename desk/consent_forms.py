"""Taking down what a customer agreed to or withdrew, with its proof."""

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.models import Consent

WAYS = [
    ("phone", _("On the phone")),
    ("mail", _("By mail")),
    ("writing", _("In writing")),
    ("person", _("In person")),
]


class ConsentForm(forms.Form):
    """One word of the customer on one purpose."""

    purpose = forms.ChoiceField(choices=Consent.Purpose.choices)
    channel = forms.ChoiceField(choices=Consent.Channel.choices)
    given = forms.TypedChoiceField(choices=[("1", _("Given")), ("0", _("Withdrawn"))], coerce=lambda v: v == "1")
    wording = forms.CharField(max_length=400, error_messages={"required": _("Write the words that were agreed to.")})
    way = forms.ChoiceField(choices=WAYS)

    def clean_way(self) -> str:
        return str(dict(WAYS)[self.cleaned_data["way"]])


def usual_words() -> dict[str, str]:
    """The sentence asked for each purpose, to start from."""
    return {
        Consent.Purpose.SERVICE: _("May we keep your data to serve you?"),
        Consent.Purpose.CALLBACK: _("May we call you back about this matter?"),
        Consent.Purpose.RECORDING: _("This call may be recorded; do you agree?"),
        Consent.Purpose.CARE: _("May we send you greetings and care messages?"),
        Consent.Purpose.MARKETING: _("May we tell you about offers and products?"),
    }
