"""Call scripts in the administration: edited line by line, with a preview of what agents will read."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from core.site import EditedAdmin
from knowledge import blanks, scripts
from knowledge.script_defaults import SAMPLE
from knowledge.script_models import STEPS, Script, ScriptLine


class LineForms(forms.BaseInlineFormSet):
    """Refuses a step of the other direction and a blank that nothing fills in."""

    def clean(self):
        super().clean()
        steps = STEPS.get(self.instance.direction)
        for form in self.forms:
            data = getattr(form, "cleaned_data", None) or {}
            if data.get("DELETE") or not data:
                continue
            if steps and data.get("step") not in steps.values:
                form.add_error("step", ValidationError(_("This step belongs to the other direction.")))
            if wrong := blanks.unknown(data.get("sentence", ""), scripts.BLANKS):
                known = ", ".join(f"{{{name}}}" for name in scripts.BLANKS)
                form.add_error("sentence", ValidationError(
                    _("Nothing fills in %(wrong)s. Known are %(known)s.") % {
                        "wrong": ", ".join(wrong), "known": known,
                    }
                ))  # fmt: skip


class LineInline(admin.TabularInline):
    model = ScriptLine
    formset = LineForms
    extra = 0
    fields = ["step", "position", "sentence", "hint"]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "sentence":
            field.widget.attrs["rows"] = 2
        return field


@admin.register(Script)
class ScriptAdmin(EditedAdmin):
    """Every change is a new version; the most specific active script is read out."""

    list_display = ["__str__", "direction", "language", "team", "version", "is_active"]
    list_select_related = ["team"]
    list_filter = ["is_active", "team"]
    autocomplete_fields = ["team"]
    readonly_fields = ["version", "filled_in", "preview"]
    inlines = [LineInline]

    @admin.display(description=_("filled in"))
    def filled_in(self, obj):
        return ", ".join(f"{{{name}}} {words}" for name, words in scripts.BLANKS.items())

    @admin.display(description=_("preview"))
    def preview(self, obj):
        """As agents read it, with invented values; steps without a line are those of the standard."""
        if obj is None or not obj.pk:
            return "–"
        told = scripts.told(obj.direction, team_id=obj.team_id, language=obj.language, values=SAMPLE)
        labels = dict(STEPS[obj.direction].choices)
        rows = ((labels[step], said.say or "–", said.hint) for step, said in told.items())
        return format_html("<ol>{}</ol>", format_html_join("", "<li><b>{}</b> {} <small>{}</small></li>", rows))

    def save_model(self, request, obj, form, change):
        if change:
            obj.version += 1
        super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        scripts.forget()

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        scripts.forget()

    def delete_queryset(self, request, queryset):
        super().delete_queryset(request, queryset)
        scripts.forget()
