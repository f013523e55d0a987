from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from complaints.models import Sheet
from core.site import ReadOnlyAdmin, column, ticket_column


@admin.register(Sheet)
class SheetAdmin(ReadOnlyAdmin):
    """Where complaint sheets stand; they are filled in on their own page."""

    list_display = [
        column("id", _("number"), lambda sheet: sheet.number), ticket_column(), "ground", "severity", "finding",
        column("opened_at", _("opened")), column("solution_due_at", _("solution due")),
        column("closed_at", _("closed")),
    ]  # fmt: skip
    more = (
        "about", "manner", "nature", "root_cause", column("opened_by", _("opened by")),
        column("investigation_due_at", _("investigation due")), column("investigated_at", _("investigated")),
        column("solved_at", _("solved")), column("closed_by", _("closed by")),
    )  # fmt: skip
    list_filter = ["severity", "ground", "finding"]
    number_field = "ticket_id"
