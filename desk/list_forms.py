"""Forms beside the lists: until when a ticket is put aside."""

from django import forms
from django.utils.translation import gettext_lazy as _

from desk.forms import MomentInput


class SnoozeForm(forms.Form):
    name = "snooze"
    until = forms.DateTimeField(label=_("Until"), widget=MomentInput)

    def __init__(self, data=None, **kwargs):
        super().__init__(data, auto_id="snooze-%s", **kwargs)
