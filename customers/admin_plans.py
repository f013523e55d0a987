"""The communication plan in the administration: who is contacted, how often, how, and what for (A3)."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.site import EditedAdmin, column
from customers.models import CommunicationPlan


@admin.register(CommunicationPlan)
class CommunicationPlanAdmin(EditedAdmin):
    """A row that is not wanted any more is switched off: its contacts stay on the record."""

    list_display = [
        column("tier", _("who"), lambda row: str(row.tier) if row.tier else _("every tier")),
        column("service", _("kind of service"), lambda row: row.get_service_display() or _("all")),
        column("frequency", _("how often")), column("method", _("how")),
        column("goal_zh", _("what for"), lambda row: row.goal), "is_active",
    ]  # fmt: skip
    list_filter = ["is_active", "tier", "frequency", "method"]
    list_select_related = ["tier"]
    fields = ["tier", "service", "frequency", "method", "goal_zh", "goal_en", "is_active"]

    def has_delete_permission(self, request, obj=None):
        return False
