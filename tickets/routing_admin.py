"""The rules of routing as the administrator sees and edits them."""

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.site import DeskAdmin, EditedAdmin
from tickets.routing_models import KindWeight, RoutingRule, Strategy


@admin.register(RoutingRule)
class RoutingRuleAdmin(EditedAdmin):
    list_display = ["position", "name", "applies_to", "goes_to", "is_active"]
    list_display_links = ["name"]
    list_filter = ["kind", "channel", "strategy", "is_active"]
    list_select_related = ["category", "tier", "calendar", "team", "agent"]
    search_fields = ["name"]
    ordering = ["position"]
    fieldsets = [
        (None, {"fields": ["position", "name", "is_active"]}),
        (gettext_lazy("Which tickets"), {
            "fields": ["kind", "category", "channel", "tier", "language", "calendar"],
            "description": gettext_lazy(
                "The first rule from the top whose conditions all hold decides about a new ticket without an owner."
            ),
        }),
        (gettext_lazy("Where to"), {
            "fields": ["team", "strategy", "agent", "skill", "priority"],
            "description": gettext_lazy("Only agents who are ready and have capacity left get tickets by a rule."),
        }),
        (gettext_lazy("When it waits"), {"fields": ["open_minutes", "overflow_minutes", "overflow_team"]}),
    ]  # fmt: skip

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        if db_field.name in ("kind", "channel", "language"):
            kwargs["choices"] = db_field.get_choices(blank_choice=[("", _("any"))])
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("applies to"))
    def applies_to(self, rule):
        named = [
            rule.get_kind_display(), rule.get_channel_display(), rule.category or "", rule.tier or "",
            rule.get_language_display(), rule.calendar or "",
        ]
        return " · ".join(str(part) for part in named if part) or _("all tickets")

    @admin.display(description=gettext_lazy("goes to"))
    def goes_to(self, rule):
        who = rule.agent if rule.strategy == Strategy.AGENT else rule.get_strategy_display()
        team = rule.team or _("the customer's own team")
        return f"{team} · {who}"


@admin.register(KindWeight)
class KindWeightAdmin(DeskAdmin):
    list_display = ["kind", "weight"]
