"""Taking down what a customer agreed to or withdrew, with its proof."""

from django import forms
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.consent import wordings
from customers.models import Consent, Customer

WAYS = [
    ("phone", gettext_lazy("On the phone")),
    ("mail", gettext_lazy("By mail")),
    ("writing", gettext_lazy("In writing")),
    ("person", gettext_lazy("In person")),
]


class ConsentForm(forms.Form):
    """One word of the customer on one purpose."""

    purpose = forms.ChoiceField(choices=Consent.Purpose.choices)
    channel = forms.ChoiceField(choices=Consent.Channel.choices)
    given = forms.TypedChoiceField(
        choices=[("1", gettext_lazy("Given")), ("0", gettext_lazy("Withdrawn"))], coerce=lambda v: v == "1"
    )
    wording = forms.CharField(
        max_length=400, error_messages={"required": gettext_lazy("Write the words that were agreed to.")}
    )
    way = forms.ChoiceField(choices=WAYS)

    def clean_way(self) -> str:
        return str(dict(WAYS)[self.cleaned_data["way"]])


def usual_words(customer: Customer) -> dict[str, tuple[str, str]]:
    """(the sentence that asks, the words that take it back) for each purpose, in the customer's language."""
    asked = wordings(customer.language)
    with translation.override(customer.language):
        back = _("The customer takes this consent back.")
    return {purpose: (asked.get(purpose, ""), back) for purpose in Consent.Purpose.values}
