from django import forms
from django.contrib import admin
from django.db.models import F
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.site import EditedAdmin, ReadOnlyAdmin, column, ticket_column
from processes.models import Confirmation, Process, Stage, Template, TemplateStep
from processes.template_models import ORDER


class StepFormSet(forms.BaseInlineFormSet):
    """Judges the steps together: their order, and the one confirmation before the work."""

    def clean(self):
        super().clean()
        if any(self.errors):
            return
        rows = [form.cleaned_data for form in self.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
        rows.sort(key=lambda row: row["position"])
        positions = [row["position"] for row in rows]
        stages = [row["stage"] for row in rows]
        if not rows:
            raise forms.ValidationError(_("A template needs steps."))
        if len(set(positions)) < len(positions):
            raise forms.ValidationError(_("Two steps stand at the same position."))
        if stages.count(Stage.CONFIRMATION) != 1:
            raise forms.ValidationError(_("A template needs exactly one step for the customer's confirmation."))
        if Stage.PLAN not in stages:
            raise forms.ValidationError(_("A template needs a step for the plan."))
        if [ORDER.index(stage) for stage in stages] != sorted(ORDER.index(stage) for stage in stages):
            raise forms.ValidationError(
                _("The steps stand in the order need, plan, confirmation, execution, feedback.")
            )


class StepForm(forms.ModelForm):
    class Meta:
        model = TemplateStep
        fields = [
            "position", "stage", "title_zh", "title_en", "standard_zh", "standard_en", "role", "target_seconds",
            "target_days", "calendar", "may_skip",
        ]  # fmt: skip

    def clean(self):
        found = super().clean()
        if found.get("may_skip") and found.get("stage") in (Stage.PLAN, Stage.CONFIRMATION):
            self.add_error("may_skip", _("Plan and confirmation are never skipped."))
        return found


class StepInline(admin.StackedInline):
    model = TemplateStep
    form = StepForm
    formset = StepFormSet
    extra = 0
    ordering = ["position"]
    fieldsets = [
        (None, {"fields": [
            ("position", "stage", "role", "may_skip"), ("title_zh", "title_en"), ("standard_zh", "standard_en"),
            ("target_seconds", "target_days", "calendar"),
        ]}),
    ]  # fmt: skip


@admin.register(Template)
class TemplateAdmin(EditedAdmin):
    list_display = ["__str__", "kind", "version", "is_active"]
    list_filter = ["kind", "is_active"]
    search_fields = ["name_zh", "name_en"]
    inlines = [StepInline]
    fieldsets = [
        (None, {
            "fields": ["name_zh", "name_en", "kind", "is_active"],
            "description": gettext_lazy("Processes that run keep the steps they started with."),
        }),
    ]  # fmt: skip

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        Template.objects.filter(pk=form.instance.pk).update(version=F("version") + 1)


@admin.register(Process)
class ProcessAdmin(ReadOnlyAdmin):
    """Where processes stand; they are worked on their tickets."""

    list_display = [
        ticket_column(), column("name_zh", gettext_lazy("process template"), str), "state",
        column("started_at", gettext_lazy("started")), column("ended_at", gettext_lazy("ended")),
    ]  # fmt: skip
    more = (
        column("template_version", gettext_lazy("version of the template")),
        column("plan_version", gettext_lazy("version of the plan")), column("started_by", gettext_lazy("started by")),
    )  # fmt: skip
    list_filter = ["state"]
    number_field = "ticket_id"


@admin.register(Confirmation)
class ConfirmationAdmin(ReadOnlyAdmin):
    """What customers answered, and the proof."""

    list_display = [
        column("process", gettext_lazy("ticket"), lambda row: row.process.ticket.number), "how", "accepted", "at",
        "version",
    ]  # fmt: skip
    more = ("digest", column("by", gettext_lazy("recorded by")))
    list_select_related = ["process__ticket"]
    list_filter = ["how", "accepted"]
    number_field = "process__ticket_id"
