from uuid import uuid4

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.site import DeskAdmin, EditedAdmin, by_number, column
from customers.models import Customer
from loyalty import ledger
from loyalty.models import Benefit, CareTemplate, PointsEntry


@admin.register(Benefit)
class BenefitAdmin(EditedAdmin):
    list_display = ["tier", "name_zh", "name_en", "points_per_unit"]
    list_display_links = ["name_zh", "name_en"]
    list_filter = ["tier"]
    list_select_related = ["tier"]
    search_fields = ["name_zh", "name_en"]


@admin.register(CareTemplate)
class CareTemplateAdmin(EditedAdmin):
    list_display = ["occasion", "language", "subject", "is_active"]
    list_display_links = ["subject"]
    list_filter = ["occasion", "is_active"]
    search_fields = ["subject", "body"]


class EntryForm(forms.ModelForm):
    """A line by hand. The customer is named by number, since lists of names show nobody's here."""

    number = forms.CharField(
        label=capfirst(gettext_lazy("customer's number")), help_text=gettext_lazy("Such as K-000123.")
    )
    reason = forms.ChoiceField(
        label=capfirst(gettext_lazy("reason")),
        choices=[(each.value, each.label) for each in PointsEntry.Reason if each != PointsEntry.Reason.SPEND],
    )
    note = forms.CharField(label=capfirst(gettext_lazy("note")), max_length=200)
    once = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)

    class Meta:
        model = PointsEntry
        fields = ["number", "points", "reason", "note"]

    def clean_number(self):
        found = by_number(Customer.objects.all(), "pk", self.cleaned_data["number"]).first()
        if found is None:
            raise ValidationError(_("There is no customer with this number."))
        return found

    def clean(self):
        cleaned = super().clean()
        if self.errors or cleaned["points"] >= 0:
            return cleaned
        # Locked until the line is written, so that two corrections cannot both spend the last points.
        customer = Customer.objects.select_for_update().only("pk").get(pk=cleaned["number"].pk)
        balance = ledger.balance(customer)
        if balance + cleaned["points"] < 0:
            self.add_error("points", _("Only %(balance)s points are left.") % {"balance": balance})
        return cleaned


@admin.register(PointsEntry)
class PointsEntryAdmin(DeskAdmin):
    """The ledger: lines are added, never changed."""

    list_display = [
        "at", column("customer_id", gettext_lazy("customer"), lambda row: row.customer.number), "points", "reason",
        "note",
    ]  # fmt: skip
    list_filter = ["reason"]
    list_select_related = ["customer"]
    search_fields = ["note"]
    search_help_text = gettext_lazy("A customer's number.")

    def get_form(self, request, obj=None, **kwargs):
        return super().get_form(request, obj, **({**kwargs, "form": EntryForm} if obj is None else kwargs))

    def get_fields(self, request, obj=None):
        return self.list_display if obj else ["number", "points", "reason", "note", "once"]

    def get_readonly_fields(self, request, obj=None):
        return self.list_display if obj else []

    def get_search_results(self, request, queryset, search_term):
        return (by_number(queryset, "customer_id", search_term) if search_term.strip() else queryset), False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def save_model(self, request, obj, form, change):
        entry = ledger.post(
            customer=form.cleaned_data["number"], points=obj.points, reason=obj.reason, note=obj.note,
            key=f"admin:{form.cleaned_data['once']}", by=request.user,
        )
        obj.__dict__.update(entry.__dict__)
