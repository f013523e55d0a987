"""The forms of the feedback record."""

from django import forms
from django.utils.translation import gettext_lazy as _

from followups.feedback import EDITABLE, next_holders
from followups.feedback_models import Feedback, Stage

SECTIONS = (  # number, title, fields: as the procedure lists them
    (1, _("Customer"), ("customer_name", "contact", "company")),
    (2, _("Product"), ("product", "serial", "warranty_until", "use")),
    (3, _("Service"), ("service", "served_on")),
    (4, _("Charges"), ("charge", "amount")),
    (5, _("Value-added items"), ("extras_offered", "extras")),
    (6, _("Opinions and suggestions"), ("opinion_kind", "opinion", "satisfaction")),
)
SCALE = [("", "–"), *((n, str(n)) for n in range(1, 6))]
DAYS, TEXTS = ("warranty_until", "served_on"), ("service", "extras", "opinion")


class FeedbackForm(forms.ModelForm):
    """What people write on a record; `version` says which state of it they saw. Incomplete is saved as a draft."""

    satisfaction = forms.TypedChoiceField(
        label=_("satisfaction"), choices=SCALE, coerce=int, empty_value=None, required=False
    )
    extras_offered = forms.TypedChoiceField(
        label=_("value-added items were offered"), choices=[("", "–"), ("yes", _("yes")), ("no", _("no"))],
        coerce=lambda value: value == "yes", empty_value=None, required=False,
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Feedback
        fields = EDITABLE
        widgets = {
            **{name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d") for name in DAYS},
            **{name: forms.Textarea(attrs={"rows": 3}) for name in TEXTS},
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial["version"] = self.instance.version
        self.initial["extras_offered"] = {True: "yes", False: "no"}.get(self.instance.extras_offered, "")
        for name, field in self.fields.items():
            select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if select else "form-control"
            if isinstance(field, forms.CharField) and name in TEXTS:
                field.max_length = 4000
        for name in set(self.errors if self.is_bound else ()) & set(self.fields):
            self.fields[name].widget.attrs["class"] += " is-invalid"

    def sections(self):
        return [(number, title, [self[name] for name in names]) for number, title, names in SECTIONS]

    def written(self) -> dict:
        """The fields as the service takes them."""
        return {name: self.cleaned_data[name] for name in EDITABLE}


class HandOffForm(forms.Form):
    """On to the next stage, or back one step; `stage` is the one that was on the screen."""

    remark = forms.CharField(
        label=_("Remark"), max_length=400, required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 2}),
    )
    to = forms.ModelChoiceField(
        None, label=_("To"), required=False, empty_label=_("anybody of the next stage"),
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    stage = forms.ChoiceField(choices=Stage, widget=forms.HiddenInput)

    def __init__(self, *args, record: Feedback, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = next_holders(record) if record.stage != Stage.FILED else None
        self.initial["stage"] = record.stage
        for field in self.fields.values():
            field.widget.attrs["form"] = "feedback-form"  # they stand beside the record and are sent with it
        if record.stage in (Stage.CENTRE, Stage.FILED):
            del self.fields["to"]


class FilterForm(forms.Form):
    """The filters of the list; whatever is not understood counts as not given."""

    stage = forms.ChoiceField(choices=Stage, required=False)
    mine = forms.BooleanField(required=False)
    before = forms.IntegerField(required=False, min_value=1)

    def value(self, name: str):
        self.is_valid()
        return self.cleaned_data.get(name)
