from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.site import EditedAdmin, choices
from knowledge import blanks
from knowledge.models import Article, ReplyTemplate, WordingRule
from knowledge.script_admin import ScriptAdmin

__all__ = ["ArticleAdmin", "ReplyTemplateAdmin", "ScriptAdmin", "WordingRuleAdmin"]


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(EditedAdmin):
    list_display = ["name", "language", "team", "is_active"]
    list_select_related = ["team"]
    list_filter = ["is_active", "team"]
    search_fields = ["name", "body"]
    autocomplete_fields = ["team"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "body":
            known = ", ".join(f"{{{name}}} {words}" for name, words in blanks.KNOWN.items())
            field.help_text = _("Filled in: %(known)s.") % {"known": known}
        return field


@admin.register(WordingRule)
class WordingRuleAdmin(EditedAdmin):
    list_display = ["__str__", "language", "flaw", "place", "is_active"]
    list_filter = ["is_active", ("flaw", choices(_("what is wrong")))]
    search_fields = ["phrases", "offers"]


@admin.register(Article)
class ArticleAdmin(EditedAdmin):
    """Every change is a new version; replies name the one that they used."""

    list_display = ["title", "language", "version", "is_published", "updated_at"]
    list_filter = ["is_published"]
    search_fields = ["title", "keywords", "body"]
    readonly_fields = ["version", "updated_at"]

    def save_model(self, request, obj, form, change):
        if change:
            obj.version += 1
            obj.updated_at = timezone.now()
        super().save_model(request, obj, form, change)
