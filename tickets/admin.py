from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.site import EditedAdmin, ReadOnlyAdmin, choices, column, ticket_column
from tickets import relation_admin, routing_admin, topic_admin  # noqa: F401 - they register their pages
from tickets.models import Breach, Escalation, FlowRules, SLAPolicy, SLATimer


@admin.register(FlowRules)
class FlowRulesAdmin(EditedAdmin):
    list_display = ["__str__", "reopen_hours", "lead_after_chases"]

    def has_add_permission(self, request):
        return not FlowRules.objects.exists() and super().has_add_permission(request)

    def has_delete_permission(self, request, obj=None):
        return False


def in_words(policy: SLAPolicy) -> str:
    """A target as people say it: 5 working days, 24 hours, 10 minutes, 45 seconds."""
    if policy.target_days:
        return ngettext("%(n)d working day", "%(n)d working days", policy.target_days) % {"n": policy.target_days}
    seconds = policy.target_seconds or 0
    if seconds % 3600 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", seconds // 3600) % {"n": seconds // 3600}
    if seconds % 60 == 0:
        return ngettext("%(n)d minute", "%(n)d minutes", seconds // 60) % {"n": seconds // 60}
    return ngettext("%(n)d second", "%(n)d seconds", seconds) % {"n": seconds}


@admin.register(SLAPolicy)
class SLAPolicyAdmin(EditedAdmin):
    list_display = ["name", "metric", "applies_to", "target", "counts_in", "is_active"]
    list_filter = ["metric", "channel", "kind", "tier", "is_active"]
    list_select_related = ["tier", "calendar"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "metric", "is_active"]}),
        (gettext_lazy("Which tickets"), {
            "fields": ["channel", "kind", "tier"],
            "description": gettext_lazy("The policy that names most of a ticket's channel, class and tier applies."),
        }),
        (gettext_lazy("How long"), {
            "fields": ["target_seconds", "target_days", "calendar"],
            "description": gettext_lazy(
                "Give seconds, or working days with a calendar. Running timers keep the target they started with."
            ),
        }),
        (gettext_lazy("When the class changes"), {"fields": ["on_reclassify"]}),
        (gettext_lazy("When it is not kept"), {"fields": ["supervisor_after"]}),
    ]  # fmt: skip

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        if db_field.blank:
            kwargs["choices"] = db_field.get_choices(blank_choice=[("", _("any"))])
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        words = {"tier": gettext_lazy("any"), "calendar": gettext_lazy("clock hours, day and night")}
        kwargs["empty_label"] = words.get(db_field.name)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("applies to"))
    def applies_to(self, policy):
        named = [policy.get_channel_display(), policy.get_kind_display(), str(policy.tier or "")]
        return " · ".join(str(part) for part in named if part) or _("all tickets")

    @admin.display(description=gettext_lazy("target"))
    def target(self, policy):
        return in_words(policy)

    @admin.display(description=gettext_lazy("counts in"), ordering="calendar")
    def counts_in(self, policy):
        return policy.calendar or _("clock hours, day and night")


METRIC = column("metric", gettext_lazy("promise"))


@admin.register(SLATimer)
class SLATimerAdmin(ReadOnlyAdmin):
    list_display = [
        ticket_column(), METRIC, column("state", gettext_lazy("state")), column("started_at", gettext_lazy("started")),
        column("due_at", gettext_lazy("due")), column("stopped_at", gettext_lazy("stopped")),
    ]  # fmt: skip
    more = (
        column("policy", gettext_lazy("SLA policy")), column("calendar", gettext_lazy("calendar")),
        column("target_seconds", gettext_lazy("target (seconds)")),
        column("consumed_seconds", gettext_lazy("seconds of earlier stretches")),
        column("breached_at", gettext_lazy("breach recorded")),
        column("escalation_level", gettext_lazy("rung of the ladder")),
    )  # fmt: skip
    list_filter = [
        ("state", choices(gettext_lazy("state"))), ("metric", choices(gettext_lazy("promise"))),
    ]  # fmt: skip
    ordering = ["-id"]
    number_field = "ticket_id"


@admin.register(Breach)
class BreachAdmin(ReadOnlyAdmin):
    list_display = [
        ticket_column(), METRIC, column("due_at", gettext_lazy("due")),
        column("recorded_at", gettext_lazy("recorded")),
    ]  # fmt: skip
    list_filter = [("metric", choices(gettext_lazy("promise")))]
    ordering = ["-id"]
    number_field = "ticket_id"


@admin.register(Escalation)
class EscalationAdmin(ReadOnlyAdmin):
    list_display = [
        ticket_column(), column("level", gettext_lazy("rung of the ladder")), column("to", gettext_lazy("told to")),
        column("at", gettext_lazy("at")),
    ]  # fmt: skip
    list_select_related = ["to"]
    ordering = ["-id"]
    number_field = "ticket_id"
