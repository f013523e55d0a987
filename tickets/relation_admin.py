from django.contrib import admin

from core.site import EditedAdmin
from tickets.models import Tag


@admin.register(Tag)
class TagAdmin(EditedAdmin):
    list_display = ["name", "colour", "is_active"]
    list_editable = ["colour", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    fields = ["name", "colour", "is_active"]
