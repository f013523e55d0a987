"""The floor in the administration: shifts are set up here, everything else is looked at."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.site import DeskAdmin, ReadOnlyAdmin, column
from staff.floor_models import Absence, Announcement, Duty, HandOver, Shift, Transfer


@admin.register(Shift)
class ShiftAdmin(DeskAdmin):
    list_display = ["name_zh", "name_en", "team", "starts", "ends", "colour", "is_active"]
    list_display_links = ["name_zh", "name_en"]
    list_filter = ["team", "is_active"]
    list_select_related = ["team"]
    autocomplete_fields = ["team"]


@admin.register(Duty)
class DutyAdmin(ReadOnlyAdmin):
    """The roster; leads fill it on the floor's own page."""

    list_display = ["date", "shift", "user"]
    list_select_related = ["shift", "user"]
    ordering = ["-date", "-id"]


@admin.register(Absence)
class AbsenceAdmin(ReadOnlyAdmin):
    list_display = ["user", "kind", "starts_at", "ends_at", "deputy", "plan"]
    more = ("note", "recorded_by")
    list_filter = ["kind"]
    list_select_related = ["user", "deputy"]
    ordering = ["-id"]


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = [
        column("at", _("at")), column("user", _("whose work it was")), column("plan", _("their work goes")),
        column("rows", _("handed on"), lambda row: len(row.done)), column("by", _("by")),
    ]  # fmt: skip
    list_select_related = ["user", "by"]
    ordering = ["-id"]


@admin.register(Announcement)
class AnnouncementAdmin(ReadOnlyAdmin):
    list_display = [
        column("title_zh", _("title"), lambda row: row.title), "starts_at", "ends_at", "must_acknowledge", "to_all",
        "author",
    ]  # fmt: skip
    more = ("body_zh", "body_en")
    list_select_related = ["author"]
    ordering = ["-id"]


@admin.register(HandOver)
class HandOverAdmin(ReadOnlyAdmin):
    list_display = ["at", "team", "shift", "by"]
    list_filter = ["team"]
    list_select_related = ["team", "shift", "by"]
    ordering = ["-id"]
