"""Trying promises out on the page of a policy: the simulator and the replay, with saved values or those just typed."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminErrorList, AdminForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.models import Tier
from tickets import sla_policies, sla_replay, sla_simulator
from tickets.models import Channel, Kind, Metric, Priority, SLAPolicy
from tickets.planning_admin import offer, overlap_words
from tickets.topic_fields import TopicField


class SimulatorForm(forms.Form):
    """A ticket as it may come, and when."""

    kind = forms.ChoiceField(label=gettext_lazy("Class"), choices=Kind)
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=Channel)
    tier = forms.ModelChoiceField(
        Tier.objects.order_by("-rank"), label=gettext_lazy("Tier"), required=False, empty_label="–"
    )
    category = TopicField(required=False, empty_label="–")
    priority = forms.TypedChoiceField(label=gettext_lazy("Priority"), choices=Priority, coerce=int)
    opened = forms.DateTimeField(
        label=gettext_lazy("Opened at"), required=False, help_text=gettext_lazy("Empty: now."),
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local", "step": "1"}),
    )
    zone = forms.CharField(
        label=gettext_lazy("Time zone"), initial=settings.TIME_ZONE, help_text=gettext_lazy("Such as Asia/Shanghai.")
    )
    draft = forms.ModelChoiceField(
        SLAPolicy.objects.filter(is_active=False), label=gettext_lazy("As if this were active"), required=False,
        empty_label="–",
    )

    def clean_zone(self) -> ZoneInfo:
        name = self.cleaned_data["zone"]
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValidationError(
                _("There is no time zone %(name)s; write it like Asia/Shanghai.") % {"name": name}
            ) from error

    def clean(self):
        given = super().clean()
        if (zone := given.get("zone")) and "opened" not in self.errors:
            typed = given.get("opened")
            given["opened"] = _in_zone(typed, zone) if typed else timezone.now()
        return given

    @property
    def case(self) -> sla_policies.Case:
        """The made-up ticket of a valid form."""
        asked = self.cleaned_data
        tier, topic = asked["tier"], asked["category"]
        return sla_policies.Case(
            asked["channel"], asked["kind"], tier.pk if tier else None, topic.pk if topic else None, asked["priority"]
        )


class TryForm(SimulatorForm):
    """The same ticket on the page of a policy, beside the policy's own fields: what is typed there is the draft."""

    draft = None
    use_required_attribute = False  # whoever saves the policy need not make up a ticket
    prefix = "try"


def _ticket_like(policy: SLAPolicy | None) -> dict[str, Any]:
    """A ticket for which the policy holds, to begin with."""
    policy = policy or SLAPolicy()
    return {
        "kind": policy.kind or Kind.SERVICE, "channel": policy.channel or Channel.MAIL, "tier": policy.tier_id,
        "category": policy.category_id, "priority": policy.priority or Priority.NORMAL,
    }  # fmt: skip


def _in_zone(typed: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock that was typed, in this zone. Raises ValidationError for a time that summer time skips."""
    wall = timezone.make_naive(typed)
    at = wall.replace(tzinfo=zone)
    if at.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != wall:
        raise ValidationError({"opened": _("Summer time skips this time in %(zone)s.") % {"zone": zone.key}})
    return at


class PolicyTools(admin.ModelAdmin):
    """What the page of policies can do besides editing rows."""

    change_form_template = "admin/tickets/slapolicy/change_form.html"

    def get_urls(self):
        view = self.admin_site.admin_view(self.simulator_view)
        return [path("simulator/", view, name="tickets_slapolicy_simulator"), *super().get_urls()]

    def simulator_view(self, request):
        """This ticket, opened then, would be due …; nothing is written."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = SimulatorForm(request.GET if "kind" in request.GET else None)
        context = self.admin_site.each_context(request) | {
            "title": _("When would it be due?"), "opts": self.model._meta, "form": form,
        }
        status = 200
        if form.is_bound and form.is_valid():
            asked = form.cleaned_data
            metrics = _metrics(request.GET.getlist("metric"), asked["channel"])
            context["opened"] = asked["opened"]
            context["answers"] = sla_simulator.simulate(
                form.case, opened=asked["opened"], draft=asked["draft"], metrics=metrics
            )
        elif form.is_bound:
            status = 422
        return render(request, "admin/tickets/slapolicy/simulator.html", context, status=status)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """A form sent with “try” or “replay” is asked about instead of being saved."""
        if request.method == "POST" and not {"_try", "_replay"}.isdisjoint(request.POST):
            return self._asked(request, self.get_object(request, object_id) if object_id else None)
        row = self.get_object(request, object_id) if object_id else None
        extra = {"try": TryForm(initial=_ticket_like(row))} | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, extra)

    def _asked(self, request: HttpRequest, row: SLAPolicy | None) -> HttpResponse:
        """What the values as typed would promise; nothing of the policy is saved."""
        if not (self.has_change_permission(request, row) if row else self.has_add_permission(request)):
            raise PermissionDenied
        typed = request.POST.copy()
        typed.pop("is_active", None)  # a draft may stand beside the policy that it is to replace
        form = self.get_form(request, row, change=row is not None)(typed, instance=row)
        ticket = TryForm(request.POST if "_try" in request.POST else None)
        context: dict[str, Any] = {}
        if form.is_valid() and "_replay" in request.POST:
            draft = form.save(commit=False)
            return redirect("admin:tickets_replay_change", sla_replay.start(draft, by=request.user).pk)
        if form.is_valid() and ticket.is_valid():
            draft, at = form.save(commit=False), ticket.cleaned_data["opened"]
            found = sla_simulator.simulate(ticket.case, opened=at, draft=draft, metrics=[draft.metric])
            context = {"opened": at, "answers": found}
        form.data = request.POST  # shown as it was typed
        return self._shown(request, form, row, context | {"try": ticket}, status=200 if context else 422)

    def _shown(self, request, form, row: SLAPolicy | None, context: dict[str, Any], *, status: int) -> HttpResponse:
        """The page of the policy with what was typed."""
        fieldsets = list(self.get_fieldsets(request, row))
        page = AdminForm(form, fieldsets, {}, self.get_readonly_fields(request, row), model_admin=self)
        context = self.admin_site.each_context(request) | {
            "title": _("Trying the values as typed"), "adminform": page, "original": row, "is_popup": False,
            "object_id": str(row.pk) if row else None, "media": self.media + page.media, "inline_admin_formsets": [],
            "errors": AdminErrorList(form, []), "preserved_filters": self.get_preserved_filters(request),
        } | context  # fmt: skip
        answer = self.render_change_form(request, context, add=row is None, change=row is not None, obj=row)
        answer.status_code = status
        return answer

    def response_post_save_change(self, request, obj):
        self._tell(request, obj)
        return super().response_post_save_change(request, obj)

    def response_post_save_add(self, request, obj):
        self._tell(request, obj)
        return super().response_post_save_add(request, obj)

    def _tell(self, request, policy: SLAPolicy) -> None:
        for one, other in sla_policies.overlaps():
            if policy in (one, other):
                messages.warning(request, overlap_words(one, other))
        offer(request, policy=policy)


def _metrics(asked: list[str], channel: str) -> list[str]:
    """Those that were asked for, else all; only a call is picked up and greeted."""
    of_calls = () if channel == Channel.PHONE else (Metric.RING, Metric.IDENTIFY)
    return [metric for metric in asked if metric in Metric.values] or [
        metric for metric in Metric.values if metric not in of_calls
    ]
