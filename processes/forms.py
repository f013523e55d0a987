from django import forms
from django.utils.translation import gettext_lazy as _

from processes.confirmations import WORDS


class AnswerForm(forms.Form):
    """The customer's answer to a plan."""

    answer = forms.ChoiceField(choices=[("accept", "accept"), ("decline", "decline")])
    words = forms.CharField(required=False, max_length=WORDS)

    def clean(self):
        found = super().clean()
        if found.get("answer") == "decline" and not found.get("words"):
            self.add_error("words", _("Please tell us in a few words what should be different."))
        return found
