"""Opening a request of the person concerned, and placing a legal hold."""

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.models import DataRequest
from desk.consent_forms import WAYS


class OpenForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What is asked for"), choices=DataRequest.Kind.choices, widget=forms.Select({"class": "form-select"})
    )
    way = forms.ChoiceField(
        label=_("How it reached us"), choices=WAYS, widget=forms.Select({"class": "form-select"})
    )
    received_at = forms.DateTimeField(
        label=_("Received"), required=False,
        widget=forms.DateTimeInput({"class": "form-control u-num", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: now. It is answered within 30 days of this."),
    )

    def clean_way(self) -> str:
        return str(dict(WAYS)[self.cleaned_data["way"]])

    def clean_received_at(self):
        return self.cleaned_data["received_at"] or timezone.now()


class HoldForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the records must be kept"), max_length=200, widget=forms.TextInput({"class": "form-control"}),
        error_messages={"required": _("Say why the records must be kept.")},
    )
