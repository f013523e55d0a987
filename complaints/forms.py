"""The forms of the complaint sheet."""

from django import forms

from complaints.models import Sheet
from complaints.sheets import EDITABLE

SELECTS = ("ground", "about", "manner", "nature", "finding", "root_cause")
TEXTS = ("known", "known_when", "done")


class SheetForm(forms.ModelForm):
    """What people write on a sheet; `version` says which state of it they saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Sheet
        fields = EDITABLE
        widgets = {
            "severity": forms.RadioSelect,
            **{name: forms.Select(attrs={"class": "form-select"}) for name in SELECTS},
            **{name: forms.Textarea(attrs={"class": "form-control u-sm", "rows": 5}) for name in TEXTS},
            "root_cause_why": forms.TextInput(attrs={"class": "form-control"}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("version", self.instance.version)
        for name in set(self.errors if self.is_bound else ()) & set(self.fields):
            attrs = self.fields[name].widget.attrs
            attrs["class"] = f"{attrs.get('class', '')} is-invalid"
        if self.instance.closed_at:
            for field in self.fields.values():
                field.disabled = True

    def written(self) -> dict:
        """The fields as the service takes them."""
        return {name: self.cleaned_data[name] for name in EDITABLE}


class FilterForm(forms.Form):
    """The filters of the list; whatever is not understood counts as not given."""

    state = forms.ChoiceField(choices=[("open", ""), ("closed", "")], required=False)
    severity = forms.TypedChoiceField(
        choices=[("1", ""), ("2", ""), ("3", "")], coerce=int, empty_value=None, required=False
    )
    after = forms.IntegerField(required=False, min_value=1)

    def value(self, name: str):
        self.is_valid()
        return self.cleaned_data.get(name)
