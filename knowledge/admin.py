from django.contrib import admin

from core.site import EditedAdmin
from knowledge.models import ReplyTemplate


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(EditedAdmin):
    list_display = ["name", "language", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "body"]
