"""Opening a request of the person concerned, and placing a legal hold."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers import profile
from customers.models import Contact, Customer, DataRequest
from desk.consent_forms import WAYS
from desk.order_forms import Styled


class OpenForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What is asked for"), choices=DataRequest.Kind.choices, widget=forms.Select({"class": "form-select"})
    )
    way = forms.ChoiceField(
        label=_("How it reached us"), choices=WAYS, widget=forms.Select({"class": "form-select"})
    )
    asked = forms.CharField(
        label=_("What is to be corrected"), max_length=400, required=False,
        widget=forms.Textarea({"class": "form-control", "rows": 2}),
        help_text=_("In the person's words. Numbers are stored masked; the page that corrects takes the right ones."),
    )
    received_at = forms.DateTimeField(
        label=_("Reached us on"), required=False,
        widget=forms.DateTimeInput({"class": "form-control u-num", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: now. It is answered within 30 days of this."),
    )

    def clean(self):
        given = super().clean()
        if given.get("kind") == DataRequest.Kind.CORRECT and not given.get("asked", "").strip():
            self.add_error("asked", _("Write what is to be corrected."))
        return given

    def clean_way(self) -> str:
        return str(dict(WAYS)[self.cleaned_data["way"]])

    def clean_received_at(self):
        return self.cleaned_data["received_at"] or timezone.now()


class CorrectContactForm(Styled):
    """A wrong contact and the right one in its place; or one of both."""

    wrong = forms.ModelChoiceField(
        Contact.objects.none(), label=_("Wrong contact"), required=False, empty_label=_("None: a further contact")
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Contact.Kind.choices)
    value = forms.CharField(
        label=_("Right number or address"), max_length=profile.LONGEST_CONTACT, required=False,
        help_text=_("Empty: the wrong one is only taken out of use."),
    )

    def __init__(self, data=None, *, customer: Customer):
        self.customer = customer
        super().__init__(data, auto_id="contact-%s")

    def prepare(self) -> None:
        self.fields["wrong"].queryset = self.customer.contacts.filter(valid=True).order_by("kind", "pk")


class HoldForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the records must be kept"), max_length=200, widget=forms.TextInput({"class": "form-control"}),
        error_messages={"required": _("Say why the records must be kept.")},
    )
