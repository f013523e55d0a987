from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.site import EditedAdmin, ReadOnlyAdmin, column, ticket_column
from visits.models import KindStandard, Technician, Visit


@admin.register(KindStandard)
class KindStandardAdmin(EditedAdmin):
    list_display = ["kind", "minutes"]


@admin.register(Technician)
class TechnicianAdmin(EditedAdmin):
    list_display = ["user", "team", "areas", "calendar", "per_day", "is_active"]
    list_filter = ["team", "is_active"]
    list_select_related = ["user", "team", "calendar"]
    autocomplete_fields = ["user"]
    search_fields = ["user__display_name", "user__username", "areas"]


@admin.register(Visit)
class VisitAdmin(ReadOnlyAdmin):
    """Where visits stand; they are planned on their ticket and dispatched on the board."""

    list_display = [
        column("id", _("number"), lambda visit: visit.number), ticket_column(), "kind", "state", "technician",
        column("starts_at", _("from")), column("ends_at", _("until")),
    ]  # fmt: skip
    more = (
        "task", column("address", _("address"), lambda visit: visit.address_masked or "–"), "failure",
        column("requested_at", _("requested")), column("arrived_at", _("arrived")), column("ended_at", _("ended")),
    )  # fmt: skip
    list_filter = ["state", "kind"]
    list_select_related = ["technician__user"]
    number_field = "ticket_id"
