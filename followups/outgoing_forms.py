"""The form of an outgoing call."""

from django import forms
from django.utils.translation import gettext_lazy as _

from followups.forms import AttemptForm
from followups.models import Outgoing

MAX_TEXT = 4000
OF_CALLBACK = ("score", "next_at", "cause", "seen")
ENDS_TASK = (Outgoing.Result.REACHED, Outgoing.Result.DECLINED)  # a task goes on after a call that reached nobody


class OutgoingForm(AttemptForm):
    """What came of the call and the structured answers; one about a callback asks for all that an attempt needs."""

    has_time = forms.TypedChoiceField(
        label=_("Does the customer have time?"), choices=[("yes", _("yes")), ("no", _("no"))], required=False,
        coerce=lambda value: value == "yes", empty_value=None, widget=forms.RadioSelect,
    )
    customer_hung_up = forms.BooleanField(
        label=_("The customer hung up first"), required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input mt-0"}),
    )

    close_task = forms.BooleanField(
        label=_("The customer task is done with this call"), required=False,
        widget=forms.CheckboxInput(attrs={"class": "form-check-input mt-0"}),
    )

    def __init__(self, *args, about: Outgoing, **kwargs):
        super().__init__(*args, **kwargs)
        if about.task is None or about.task.done_at:
            del self.fields["close_task"]
        self.is_callback = about.callback_id is not None
        if not self.is_callback:
            self.archiving = []
            self.fields["outcome"].choices = Outgoing.Result.choices
            for name in OF_CALLBACK:
                del self.fields[name]

    def clean(self):
        return super().clean() if self.is_callback else self.cleaned_data

    def answers(self) -> dict:
        """The cleaned form as the service takes it."""
        data = dict(self.cleaned_data)
        data["close_task"] = bool(data.get("close_task")) and data["outcome"] in ENDS_TASK
        return data | {"hung_up_by": "customer" if data.pop("customer_hung_up") else ""}


def draft_of(post) -> dict[str, str]:
    """The posted fields as they were filled in, to be kept as a draft."""
    fields = {"has_time", "customer_hung_up", "close_task", *AttemptForm.base_fields} - {"seen"}
    return {name: post[name][:MAX_TEXT] for name in sorted(fields) if name in post}
