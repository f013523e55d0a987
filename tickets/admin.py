from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.site import EditedAdmin, ReadOnlyAdmin, choices, column, ticket_column
from tickets import ladder_admin, relation_admin, routing_admin, sla_policies, topic_admin  # noqa: F401 - they register
from tickets.models import Breach, Escalation, FlowRules, Metric, PauseCause, SLAPolicy, SLATimer
from tickets.planning_admin import overlap_words
from tickets.simulator_admin import PolicyTools


@admin.register(FlowRules)
class FlowRulesAdmin(EditedAdmin):
    list_display = ["__str__", "reopen_hours", "lead_after_chases", "pause_days"]

    def has_add_permission(self, request):
        return not FlowRules.objects.exists() and super().has_add_permission(request)

    def has_delete_permission(self, request, obj=None):
        return False


NOTHING = "nothing"


class PolicyForm(forms.ModelForm):
    pauses_for = forms.MultipleChoiceField(
        label=capfirst(gettext_lazy("pauses for")), required=False, widget=forms.CheckboxSelectMultiple,
        choices=[*PauseCause.choices, (NOTHING, gettext_lazy("nothing: this clock never stands"))],
        help_text=SLAPolicy._meta.get_field("pauses_for").help_text,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pauses_for == []:
            self.initial["pauses_for"] = [NOTHING]

    def clean_pauses_for(self):
        causes = self.cleaned_data["pauses_for"]
        if NOTHING in causes and len(causes) > 1:
            raise ValidationError(_("Either nothing, or what it waits for."))
        return [] if causes == [NOTHING] else causes or None

    def clean_calendar(self):
        calendar = self.cleaned_data["calendar"]
        if calendar and not any(calendar.week.values()):
            raise ValidationError(
                _("%(calendar)s has no weekly hours: one day it opens no more, and the promise never ends.")
                % {"calendar": calendar}
            )
        return calendar


@admin.register(SLAPolicy)
class SLAPolicyAdmin(PolicyTools, EditedAdmin):
    form = PolicyForm
    list_display = ["name", "metric", "applies_to", "target", "counts_in", "is_active", "is_default"]
    list_filter = ["metric", "channel", "kind", "tier", "priority", "is_active"]
    list_select_related = ["tier", "calendar", "category"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name", "metric", "is_active", "is_default"]}),
        (gettext_lazy("Which tickets"), {
            "fields": ["tier", "priority", "category", "kind", "channel"],
            "description": gettext_lazy(
                "Of several that match, the one applies that names the tier, else the priority, else the nearest "
                "topic, else the class, else the channel."
            ),
        }),
        (gettext_lazy("How long"), {
            "fields": ["target_seconds", "target_days", "calendar"],
            "description": gettext_lazy(
                "Give seconds, or working days with a calendar. Running promises keep their due times until you "
                "re-plan them."
            ),
        }),
        (gettext_lazy("When its clock stands"), {"fields": ["pauses_for"]}),
        (gettext_lazy("When the class changes"), {"fields": ["on_reclassify"]}),
        (gettext_lazy("When it is not kept"), {"fields": ["warn_at", "ladder"]}),
    ]  # fmt: skip

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {**(extra_context or {}), "remarks": remarks()})

    def formfield_for_choice_field(self, db_field, request, **kwargs):
        if db_field.blank:
            kwargs["choices"] = db_field.get_choices(blank_choice=[("", _("any"))])
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        clock = gettext_lazy("clock hours, day and night")
        kwargs["empty_label"] = clock if db_field.name == "calendar" else gettext_lazy("any")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @admin.display(description=gettext_lazy("applies to"))
    def applies_to(self, policy):
        return " · ".join(sla_policies.named(policy)) or _("all tickets")

    @admin.display(description=gettext_lazy("target"))
    def target(self, policy):
        return sla_policies.target_words(policy)

    @admin.display(description=gettext_lazy("counts in"), ordering="calendar")
    def counts_in(self, policy):
        return policy.calendar or _("clock hours, day and night")


def remarks() -> list[str]:
    """What the administrator should know of the rows: overlaps, and promises that may match nothing."""
    found = [overlap_words(one, other) for one, other in sla_policies.overlaps()]
    kept = set(SLAPolicy.objects.filter(is_default=True).values_list("metric", flat=True))
    return found + [
        _("%(promise)s has no default policy: a ticket that none matches is promised nothing.")
        % {"promise": Metric(metric).label}
        for metric in sla_policies.REQUIRED if metric not in kept
    ]  # fmt: skip


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
        column("recorded_at", gettext_lazy("recorded")), "stretches",
    ]  # fmt: skip

    @admin.display(description=gettext_lazy("why"))
    def stretches(self, breach):
        if not breach.ticket_id:
            return gettext_lazy("a call")
        address = reverse("desk:ticket_timer", args=[breach.ticket_id, breach.timer_id])
        return format_html('<a href="{}">{}</a>', address, _("stretches and sum"))

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
