"""The rules behind the tiers in the administration: versions and previews, life cycle, tiers set by hand, runs."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _

from core import masking
from core.site import EditedAdmin, ReadOnlyAdmin, column
from customers import overrides, versions
from customers.models import (
    LifecycleMove,
    LifecycleRule,
    ScoringBand,
    ScoringRule,
    ScoringRun,
    ScoringVersion,
    TierOverride,
)

DRAFT = ScoringVersion.State.DRAFT
ACTIVATION = (column("activated_at", _("activated")), column("activated_by", _("by")))


class RuleForm(forms.ModelForm):
    """A dimension with its bands as text, one a line."""

    bands = forms.CharField(
        label=_("bands"), widget=forms.Textarea(attrs={"rows": 6, "cols": 16}),
        help_text=_("One a line, “from: points”; a band reaches up to the next."),
    )

    class Meta:
        model = ScoringRule
        fields = ["weight", "missing_points"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["bands"].initial = versions.write_bands(self.instance)

    def clean_bands(self):
        try:
            return versions.read_bands(self.cleaned_data["bands"], self.instance.dimension)
        except versions.RulesRefused as refused:
            raise forms.ValidationError(str(refused)) from refused

    def save(self, commit=True):
        rule = super().save(commit)
        if "bands" in self.changed_data:
            rule.bands.all().delete()
            ScoringBand.objects.bulk_create(
                ScoringBand(rule=rule, least=least, points=points) for least, points in self.cleaned_data["bands"]
            )
        return rule


class RuleFormSet(forms.BaseInlineFormSet):
    def clean(self):
        """Weights that do not add up are refused beside each of them."""
        super().clean()
        weights = [form.cleaned_data.get("weight") for form in self.forms if hasattr(form, "cleaned_data")]
        if any(self.errors) or None in weights:
            return
        try:
            versions.check_weights(weights)
        except versions.RulesRefused as refused:
            for form in self.forms:
                form.add_error("weight", str(refused))


class RuleInline(admin.TabularInline):
    model = ScoringRule
    form, formset = RuleForm, RuleFormSet
    fields = ["shown_dimension", "weight", "bands", "missing_points"]
    extra = 0
    can_delete = False
    verbose_name_plural = _("dimensions; the weights add up to 100")

    @admin.display(description=_("dimension"))
    def shown_dimension(self, rule):
        return rule.get_dimension_display()

    @admin.display(description=_("bands"))
    def bands(self, rule):
        return format_html("<pre>{}</pre>", versions.write_bands(rule))

    def get_readonly_fields(self, request, obj=None):
        editable = obj is not None and obj.state == DRAFT
        return ["shown_dimension"] if editable else self.fields

    def has_add_permission(self, request, obj=None):
        return False


@admin.register(ScoringVersion)
class ScoringVersionAdmin(EditedAdmin):
    """Drafts are edited, previewed and activated; what was active is only read."""

    list_display = ["number", "state", "cut", "grace_days", *ACTIVATION, "note"]
    inlines = [RuleInline]
    change_form_template = "admin/customers/scoringversion/change_form.html"
    change_list_template = "admin/customers/scoringversion/change_list.html"
    own = ["number", "state", *ACTIVATION]

    def get_fields(self, request, obj=None):
        return ["number", "state", "cut", "grace_days", "margin_rate", "note", *ACTIVATION]

    def get_readonly_fields(self, request, obj=None):
        return self.own if obj and obj.state == DRAFT else self.get_fields(request, obj)

    def has_add_permission(self, request):
        return False  # a draft is copied from the version in force

    def has_delete_permission(self, request, obj=None):
        return obj is not None and obj.state == DRAFT and super().has_delete_permission(request, obj)

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("draft/", view(self.draft_view), name="customers_scoringversion_draft"),
            path("<int:pk>/preview/", view(self.preview_view), name="customers_scoringversion_preview"),
            path("<int:pk>/activate/", view(self.activate_view), name="customers_scoringversion_activate"),
            *super().get_urls(),
        ]

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.instance.previewed_at and (form.changed_data or any(one.has_changed() for one in formsets)):
            ScoringVersion.objects.filter(pk=form.instance.pk).update(preview={}, previewed_at=None)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        found = self.get_object(request, object_id)
        more = {"is_draft": found and found.state == DRAFT, "moves": []}
        if found and found.preview:
            more["moves"] = _masked(versions.table(found))
        return super().change_view(request, object_id, form_url, (extra_context or {}) | more)

    def draft_view(self, request):
        self._posted(request)
        made = versions.draft(by=request.user)
        return redirect("admin:customers_scoringversion_change", made.pk)

    def preview_view(self, request, pk):
        return self._done(request, pk, versions.preview, _g("Nobody has moved yet: this is the preview."))

    def activate_view(self, request, pk):
        def activate(version):
            return versions.activate(version, by=request.user)

        return self._done(request, pk, activate, _g("In force. Customers are scored by it from the coming night on."))

    def _done(self, request, pk, act, said):
        self._posted(request)
        found = get_object_or_404(ScoringVersion, pk=pk)
        try:
            act(found)
            messages.success(request, said)
        except versions.RulesRefused as refused:
            messages.error(request, str(refused))
        return redirect(f"{reverse('admin:customers_scoringversion_change', args=[pk])}#moves")

    def _posted(self, request):
        if request.method != "POST" or not self.has_change_permission(request):
            raise PermissionDenied


def _masked(rows: list[dict]) -> list[dict]:
    for row in rows:
        for cell in row["cells"]:
            cell["first"] = [(customer.number, masking.name(customer.name)) for customer in cell["first"]]
    return rows


@admin.register(ScoringRun)
class ScoringRunAdmin(ReadOnlyAdmin):
    """What the nights did, and whether one is unfinished."""

    list_display = [
        column("day", _("day")), column("version", _("version")), column("phase", _("phase")),
        "scored", "moved", "started_at", "finished_at",
    ]  # fmt: skip
    more = ("cursor", "cuts", "value")
    list_select_related = ["version"]


@admin.register(LifecycleRule)
class LifecycleRuleAdmin(EditedAdmin):
    """One row: the signals of the life cycle, and the expected years of the lifetime value."""

    list_display = ["__str__", "stable_orders", "decline_silence", "decline_complaints", "retention_days"]

    def has_add_permission(self, request):
        return not LifecycleRule.objects.exists() and super().has_add_permission(request)

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(LifecycleMove)
class LifecycleMoveAdmin(ReadOnlyAdmin):
    list_display = [
        column("at", _("at")), column("customer", _("customer"), lambda row: row.customer.number),
        column("was", _("from")), column("now", _("to")),
    ]  # fmt: skip
    more = ("signals",)
    list_select_related = ["customer"]


@admin.register(TierOverride)
class TierOverrideAdmin(ReadOnlyAdmin):
    """Tiers set by hand on the page of a customer; ended here or there."""

    list_display = [
        column("customer", _("customer"), lambda row: row.customer.number), "tier", "reason", "expires_on",
        column("by", _("by")), column("at", _("at")), column("ended_at", _("ended")),
    ]  # fmt: skip
    list_select_related = ["customer", "tier", "by"]
    actions = ["end_chosen"]

    @admin.action(description=_("End the chosen; the score counts again"))
    def end_chosen(self, request, queryset):
        if not request.user.is_admin:
            raise PermissionDenied
        for override in queryset:
            overrides.end(override, by=request.user)
