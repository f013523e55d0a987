"""The rules of routing as the administrator sees and edits them."""

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.site import DeskAdmin, EditedAdmin
from customers.models import Tier
from staff.models import Team
from tickets import routing_trial
from tickets.models import Category, Channel, Kind
from tickets.routing_models import KindWeight, RoutingRule, Strategy
from tickets.topic_fields import TopicField


class TrialForm(forms.Form):
    """A ticket as it may come."""

    team = forms.ModelChoiceField(Team.objects.all(), label=gettext_lazy("Team of the customer"), empty_label=None)
    kind = forms.ChoiceField(label=gettext_lazy("Class"), choices=Kind)
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=Channel)
    category = TopicField(required=False, empty_label="–")
    tier = forms.ModelChoiceField(Tier.objects.order_by("-rank"), label=gettext_lazy("Tier"), empty_label=None)
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    at = forms.DateTimeField(
        label=gettext_lazy("Time"), required=False,
        help_text=gettext_lazy("Empty: now. Presence is always that of now."),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )


class ReplayForm(forms.Form):
    last = forms.IntegerField(
        label=gettext_lazy("Latest tickets"), min_value=1, max_value=routing_trial.MOST, initial=200
    )


@admin.register(RoutingRule)
class RoutingRuleAdmin(EditedAdmin):
    change_list_template = "admin/tickets/routingrule/change_list.html"
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
            "description": gettext_lazy(
                "Only agents who are ready and have capacity left get tickets by a rule. Capacity is soft: tickets "
                "that come at the same moment may pass it by one each, and people may always take or be given more."
            ),
        }),
        (gettext_lazy("When it waits"), {"fields": ["open_minutes", "overflow_minutes", "overflow_team"]}),
    ]  # fmt: skip

    def get_urls(self):
        trial = path("trial/", self.admin_site.admin_view(self.trial_view), name="tickets_routingrule_trial")
        return [trial, *super().get_urls()]

    def trial_view(self, request):
        """Where a ticket would go, and what the present rules would change among the latest; nothing is written."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = TrialForm(request.GET if "kind" in request.GET else None)
        again = ReplayForm(request.GET if "last" in request.GET else None)
        context = self.admin_site.each_context(request) | {
            "title": _("Try the rules out"), "opts": self.model._meta, "form": form, "again": again,
        }
        if form.is_bound and form.is_valid():
            asked = dict(form.cleaned_data)
            context["trial"] = routing_trial.trial(now=asked.pop("at") or timezone.now(), **asked)
        if again.is_bound and again.is_valid():
            context["replay"] = routing_trial.replay(last=again.cleaned_data["last"])
        return render(request, "admin/tickets/routingrule/trial.html", context)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name == "category":
            kwargs |= {"form_class": TopicField, "queryset": Category.objects.all(), "empty_label": _("any")}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

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
