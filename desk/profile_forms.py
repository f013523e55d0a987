"""The forms of the archive: the profile with the admin's own fields, contacts, needs and tasks."""

from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from customers import custom_fields, profile
from customers.models import Contact, Customer, CustomField
from desk.order_forms import DayInput, Styled, dress
from staff.models import User

SALT = "desk.profile"
WIDEST_HISTORY = 20_000  # characters of a snapshot that may come back


class CustomFormField(forms.CharField):
    """One field of the admin's; read by its kind, so that the same rules hold for forms and files."""

    def __init__(self, row: CustomField, **kwargs):
        self.row = row
        super().__init__(label=str(row), required=False, max_length=custom_fields.LONGEST, **kwargs)

    def clean(self, value):
        try:
            return custom_fields.read(self.row, super().clean(value))
        except custom_fields.BadValue as wrong:
            raise forms.ValidationError(str(wrong)) from None


def custom_form_field(row: CustomField, present: Any) -> forms.Field:
    if row.kind == CustomField.Kind.CHOICE:
        choices = [*row.choices, *([present] if present and present not in row.choices else [])]
        widget: forms.Widget = forms.Select(choices=[("", "–"), *((value, value) for value in choices)])
    elif row.kind == CustomField.Kind.DATE:
        widget = DayInput()
    else:
        widget = forms.TextInput(attrs={"inputmode": "decimal"} if row.kind == CustomField.Kind.NUMBER else {})
    return CustomFormField(row, widget=widget)


class ProfileForm(forms.ModelForm):
    """The profile. `seen` carries how it stood when the form was opened, signed, to notice a second editor."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=WIDEST_HISTORY)
    verified = forms.BooleanField(label=_("The customer confirmed all of it today"), required=False)

    class Meta:
        model = Customer
        fields = profile.FIELDS
        widgets = {"birthday": DayInput}

    def __init__(self, data=None, *, customer: Customer, by: User, seen: dict[str, str] | None = None):
        super().__init__(data, instance=customer)
        rows = custom_fields.active()
        self.initial["seen"] = signing.dumps(seen or profile.snapshot(customer, rows), salt=SALT)
        for row in rows:
            present = customer.attributes.get(row.code)
            self.fields[profile.CUSTOM + row.code] = custom_form_field(row, present)
            self.initial[profile.CUSTOM + row.code] = present
        self.custom_names = [profile.CUSTOM + row.code for row in rows]
        self.fields["company_size"].choices = [("", "–"), *Customer.Size.choices]
        managers = self.fields["account_manager"]
        managers.queryset = User.objects.filter(is_active=True, team=customer.team_id).order_by("display_name", "pk")
        if customer.account_manager_id:
            managers.queryset |= User.objects.filter(pk=customer.account_manager_id)
        managers.empty_label = "–"
        managers.disabled = not by.supervises
        dress(self)

    def clean_name(self) -> str:
        return self.cleaned_data["name"].replace("\0", "").strip()

    def clean_seen(self) -> dict[str, str]:
        try:
            return signing.loads(self.cleaned_data["seen"], salt=SALT)
        except signing.BadSignature:
            raise forms.ValidationError(_("This form is too old. Open the page again.")) from None

    def _post_clean(self):
        """The service writes the row; the form leaves it as it is."""

    def custom(self):
        return [self[name] for name in self.custom_names]

    def given(self) -> dict[str, Any]:
        """What was filled in, without fields this editor may not change."""
        names = [name for name in (*profile.FIELDS, *self.custom_names) if not self.fields[name].disabled]
        return {name: self.cleaned_data[name] for name in names}


class NewContactForm(Styled):
    kind = forms.ChoiceField(label=_("Kind"), choices=Contact.Kind.choices)
    value = forms.CharField(label=_("Number or address"), max_length=profile.LONGEST_CONTACT)
    source = forms.ChoiceField(label=_("Source"), choices=Customer.Source.choices)
    valid_until = forms.DateField(label=_("Valid until"), required=False, widget=DayInput)
    preferred = forms.BooleanField(label=_("Preferred"), required=False)
    verified = forms.BooleanField(label=_("Verified today"), required=False)


class NeedForm(Styled):
    text = forms.CharField(label=_("Need or pain point"), max_length=400, widget=forms.Textarea(attrs={"rows": 2}))
    topic = forms.CharField(label=_("Topic"), max_length=60, required=False)
    source = forms.ChoiceField(label=_("Source"), choices=Customer.Source.choices)
