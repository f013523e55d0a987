from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.site import ReadOnlyAdmin, choices, column, ticket_column
from followups.models import Attempt, Audit, Callback, Feedback


@admin.register(Callback)
class CallbackAdmin(ReadOnlyAdmin):
    list_display = [
        ticket_column(), "state", "due_at", "assignee", column("needs_audit", _("needs an audit")),
        column("created_at", _("created")),
    ]  # fmt: skip
    list_filter = ["state"]
    list_select_related = ["assignee"]
    ordering = ["-id"]
    number_field = "ticket_id"


def _ticket():
    return column("callback", _("ticket"), lambda row: f"T-{row.callback.ticket_id}")


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    list_display = [_ticket(), column("at", _("at")), column("by", _("by")), column("outcome", _("outcome")), "score"]
    more = ("timeliness", "professionalism", "effectiveness", "attitude")
    list_filter = [("outcome", choices(_("outcome")))]
    list_select_related = ["callback", "by"]
    ordering = ["-id"]
    number_field = "callback__ticket_id"


@admin.register(Audit)
class AuditAdmin(ReadOnlyAdmin):
    list_display = [
        _ticket(), column("at", _("at")), column("by", _("by")), "complete", "conform", "authentic", "items",
    ]  # fmt: skip
    more = ("note",)
    list_select_related = ["callback", "by"]
    ordering = ["-id"]
    number_field = "callback__ticket_id"


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    list_display = [
        column("pk", _("number"), lambda row: row.number), ticket_column(), "stage", "holder", "opened_at",
        "updated_at",
    ]  # fmt: skip
    list_filter = ["stage"]
    list_select_related = ["holder"]
    ordering = ["-id"]
    number_field = "ticket_id"
