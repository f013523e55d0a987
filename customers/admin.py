from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core import masking, phones
from core.site import ReadOnlyAdmin, by_number, column
from customers import admin_archive, admin_plans, admin_tiers, admin_wordings  # noqa: F401  register their own
from customers.models import Consent, Contact, Customer, Reveal


class ReadOnlyInline(admin.TabularInline):
    extra = 0
    can_delete = False

    def get_readonly_fields(self, request, obj=None):
        return self.fields

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class ContactInline(ReadOnlyInline):
    """Contacts as every page shows them; the sealed value stays sealed."""

    model = Contact
    fields = ["kind", "masked", "preferred", "source", "verified_on"]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("value")


class ConsentInline(ReadOnlyInline):
    model = Consent
    fields = ["purpose", "channel", "given", "at", "wording", "version", "way"]


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """A look at the archive, masked; the desk is where customers are worked with."""

    list_display = [
        column("id", _("number"), lambda row: row.number),
        column("name", _("name"), lambda row: masking.name(row.name)), "kind", "tier", "stage", "team", "created_at",
    ]  # fmt: skip
    more = ("tier_score", "account_manager", "source", "since", "last_contact_at")
    list_filter = ["tier", "stage", "team", "source"]
    list_select_related = ["tier", "team"]
    ordering = ["-id"]
    inlines = [ContactInline, ConsentInline]
    search_help_text = _("A customer's number, or a whole telephone number or mail address.")
    number_field = "pk"

    def get_object(self, request, object_id, from_field=None):
        """The row of a page that is never saved, so that titles and breadcrumbs are masked as well."""
        customer = super().get_object(request, object_id, from_field)
        if customer:
            customer.name = masking.name(customer.name)
        return customer

    def get_search_results(self, request, queryset, search_term):
        """By exact contact through the blind index, since names are masked here."""
        typed = search_term.strip()
        if not typed:
            return queryset, False
        if "@" in typed:
            return queryset.by_contact(Contact.Kind.EMAIL, typed), False
        if not typed.upper().startswith("K") and len(typed) > 6 and _is_phone(typed):
            return queryset.by_contact(Contact.Kind.PHONE, typed), False
        return by_number(queryset, "pk", typed), False


def _is_phone(typed: str) -> bool:
    try:
        return bool(phones.normalise(typed))
    except phones.BadPhone:
        return False


@admin.register(Reveal)
class RevealAdmin(ReadOnlyAdmin):
    """Who looked at an unmasked contact, and why."""

    list_display = [
        column("at", _("at")), column("user", _("by")),
        column("customer", _("customer"), lambda row: row.customer.number), column("field", _("field")),
        column("reason", _("reason")),
    ]  # fmt: skip
    list_select_related = ["user", "customer"]
