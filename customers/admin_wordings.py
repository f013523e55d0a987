"""The sentences that ask for a consent: a change is a new version, as the proof names the one that was read."""

from django.contrib import admin

from core.site import EditedAdmin
from customers.models import ConsentWording


@admin.register(ConsentWording)
class ConsentWordingAdmin(EditedAdmin):
    list_display = ["purpose", "language", "version", "text", "is_active"]
    list_filter = ["purpose", "language", "is_active"]

    def get_readonly_fields(self, request, obj=None):
        return ["purpose", "language", "version", "text"] if obj else []

    def has_delete_permission(self, request, obj=None):
        return False
