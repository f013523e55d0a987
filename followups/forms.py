"""The forms of audit and callback."""

from django import forms
from django.utils.translation import gettext_lazy as _

from followups.models import Attempt, Audit
from tickets.models import Cause

O = Attempt.Outcome  # noqa: E741
SCALE = [(n, str(n)) for n in range(1, 6)]
RATINGS = ("timeliness", "professionalism", "effectiveness", "attitude")
ARCHIVING = (O.SATISFIED, O.DECLINED)
MISSED = (O.NO_ANSWER, O.WRONG_NUMBER)


def _scale(name: str) -> forms.TypedChoiceField:
    label = Attempt._meta.get_field(name).verbose_name
    return forms.TypedChoiceField(
        label=label, choices=SCALE, coerce=int, empty_value=None, required=False, widget=forms.RadioSelect
    )


class AttemptForm(forms.Form):
    """What came of one call. `last_try` says that a missed call now ends the callback."""

    outcome = forms.ChoiceField(
        label=_("Outcome"), choices=Attempt.Outcome, widget=forms.RadioSelect,
        error_messages={"required": _("Choose what came of the call.")},
    )
    score = _scale("score")
    timeliness = _scale("timeliness")
    professionalism = _scale("professionalism")
    effectiveness = _scale("effectiveness")
    attitude = _scale("attitude")
    words = forms.CharField(
        label=_("What did the customer say?"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )
    next_at = forms.DateTimeField(
        label=_("Call again at"), required=False,
        widget=forms.DateTimeInput(attrs={"class": "form-control", "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    cause = forms.ChoiceField(
        label=_("Cause"), choices=[("", "---------"), *Cause.choices], required=False,
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    seen = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    def __init__(self, *args, last_try: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.archiving = [*ARCHIVING, *(MISSED if last_try else ())]
        self.ratings = [self[name] for name in RATINGS]

    def clean(self):
        data = super().clean()
        outcome = data.get("outcome")
        if outcome in self.archiving and not data.get("cause"):
            self.add_error("cause", _("Archiving needs a cause code."))
        if outcome == O.DISSATISFIED and not data.get("words", "").strip():
            self.add_error("words", _("Write what is not solved; whoever takes it up needs it."))
        if outcome == O.LATER and not data.get("next_at") and "next_at" not in self.errors:
            self.add_error("next_at", _("Say when the customer wants to be called."))
        for name in self.errors:
            if name in ("words", "next_at", "cause"):
                self.fields[name].widget.attrs["class"] += " is-invalid"
        return data


class AuditForm(forms.ModelForm):
    """The four axes of the audit, each judged, with the reason where one fails."""

    class Meta:
        model = Audit
        fields = ("complete", "conform", "authentic", "items", "note")
        widgets = {"note": forms.Textarea(attrs={"class": "form-control", "rows": 2})}

    def clean(self):
        data = super().clean()
        if not all(data.get(axis) for axis in self.Meta.fields[:4]) and not data.get("note", "").strip():
            self.add_error("note", _("Say what is wrong with the record, so that it can be put right."))
            self.fields["note"].widget.attrs["class"] += " is-invalid"
        return data


class BoardForm(forms.Form):
    """What the calendar shows; whatever is not understood counts as not given."""

    view = forms.ChoiceField(choices=[("week", ""), ("day", ""), ("list", "")], required=False)
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    mine = forms.BooleanField(required=False)
    after = forms.IntegerField(required=False, min_value=1)

    def value(self, name: str):
        self.is_valid()
        return self.cleaned_data.get(name)
