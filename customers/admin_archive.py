"""The administration of the archive: the admin's own fields, and a look at orders and at tasks."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core import masking
from core.site import EditedAdmin, ReadOnlyAdmin, column
from customers.custom_fields import LONGEST
from customers.models import Customer, CustomField, Order, Task

MOST_CHOICES = 200


class ChoicesField(forms.CharField):
    """Choices, one a line, stored as a list."""

    widget = forms.Textarea(attrs={"rows": 6})

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value):
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        return list(dict.fromkeys(filter(None, lines)))

    def has_changed(self, initial, data):
        return (initial or []) != self.to_python(data)


class CustomFieldForm(forms.ModelForm):
    choices = ChoicesField(label=_("choices"), required=False, help_text=_("One a line; for the kind “choice” only."))

    class Meta:
        model = CustomField
        fields = ["code", "name_zh", "name_en", "kind", "choices", "position", "is_active"]

    def clean_choices(self) -> list[str]:
        choices = self.cleaned_data["choices"]
        if len(choices) > MOST_CHOICES or any(len(choice) > LONGEST for choice in choices):
            raise forms.ValidationError(_("At most 200 choices of 200 characters."))
        return choices

    def clean(self):
        given = super().clean()
        if given.get("kind") == CustomField.Kind.CHOICE and not given.get("choices") and "choices" not in self.errors:
            self.add_error("choices", _("Write the choices, one a line."))
        if self.instance.pk and given.get("kind") not in (None, self.initial.get("kind")) and self._is_filled_in():
            self.add_error("kind", _("Customers have values of this field; make a further field instead."))
        for name in ("name_zh", "name_en"):
            if ":" in (given.get(name) or "") or "：" in (given.get(name) or ""):
                self.add_error(name, _("A name without a colon; the search reads field:value."))
        return given

    def _is_filled_in(self) -> bool:
        return Customer.objects.filter(attributes__has_key=self.instance.code).exists()


@admin.register(CustomField)
class CustomFieldAdmin(EditedAdmin):
    """Fields of the archive; one that is in use is switched off rather than deleted, and keeps its code."""

    form = CustomFieldForm
    list_display = ["position", "code", "name_zh", "name_en", "kind", "is_active"]
    list_display_links = ["code"]
    list_filter = ["kind", "is_active"]

    def get_readonly_fields(self, request, obj=None):
        return ["code"] if obj else []

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """A look at orders, masked; they are worked with at the desk."""

    list_display = [
        "code", column("customer", _("customer"), lambda row: row.customer.number), "state", "source", "amount",
        "placed_at",
    ]  # fmt: skip
    more = (
        column("address", _("delivery address"), lambda row: row.address_masked or "–"),
        column("need", _("need"), lambda row: masking.free_text(row.need)), "payment", "pay_by", "paid_on",
        "confirmed_at", "reconfirmed_at", "shipped_at", "delivered_at", "installed_at",
    )  # fmt: skip
    list_filter = ["state", "payment"]
    list_select_related = ["customer"]
    ordering = ["-id"]
    search_help_text = _("An order number, from its beginning.")
    search_fields = ["code"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("address")

    def get_search_results(self, request, queryset, search_term):
        typed = search_term.replace("\0", "").strip()
        return (queryset.filter(code__startswith=typed) if typed else queryset), False


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """Tasks about customers: stale profiles, and customers to be won back."""

    list_display = [
        "due_on", "kind", column("customer", _("customer"), lambda row: row.customer.number), "assignee", "done_at",
    ]  # fmt: skip
    more = ("created_at", "done_by")
    list_filter = ["kind"]
    list_select_related = ["customer", "assignee"]
