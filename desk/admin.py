"""Tiers in the administration, with all that each of them gets: what joins the apps stands in the topmost."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.site import EditedAdmin
from customers import versions
from customers.models import Tier
from loyalty.models import Benefit
from tickets.models import SLAPolicy


class SharesFormSet(forms.BaseModelFormSet):
    def clean(self):
        """Shares are edited together, since they add up to 100; else refused beside each."""
        super().clean()
        if any(self.errors):
            return
        shares = [form.cleaned_data["share"] for form in self.forms if form.cleaned_data.get("share") is not None]
        try:
            versions.check_shares(shares) if shares else None
        except versions.RulesRefused as refused:
            for form in self.forms:
                form.add_error("share", str(refused))


@admin.register(Tier)
class TierAdmin(EditedAdmin):
    list_display = [
        "rank", "code", "name_zh", "name_en", "share", "least_score", "first_in_queue", "to_manager", "fresh_days",
    ]
    list_display_links = ["code"]
    list_editable = ["share", "least_score"]
    change_list_template = "admin/customers/tier/change_list.html"
    fieldsets = [
        (None, {"fields": ["code", "name_zh", "name_en", "rank", "badge"]}),
        (_("Who belongs to it"), {"fields": ["least_score", "share"]}),
        (_("How agents greet"), {"fields": ["greeting_zh", "greeting_en"]}),
        (_("How it is served"), {"fields": ["first_in_queue", "to_manager", "fresh_days"]}),
    ]

    def get_readonly_fields(self, request, obj=None):
        return ["share"]  # shares are edited in the list, all together

    def get_changelist_formset(self, request, **kwargs):
        return super().get_changelist_formset(request, formset=SharesFormSet, **kwargs)

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, (extra_context or {}) | {"gets": what_each_gets()})


def what_each_gets() -> list[dict]:
    """A row for each tier: its promises, greeting, benefits, routing, place in the queue and freshness."""
    policies = list(SLAPolicy.objects.filter(is_active=True).order_by("metric", "name"))
    benefits = list(Benefit.objects.order_by("pk"))
    return [
        {
            "tier": tier,
            "policies": [policy for policy in policies if policy.tier_id == tier.pk],
            "benefits": [benefit for benefit in benefits if benefit.tier_id == tier.pk],
        }
        for tier in Tier.objects.all()
    ]
