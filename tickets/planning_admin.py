"""Trying promises out in the administration: the simulator, the replay of a draft, and re-planning what runs."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin import CalendarForm, WorkCalendarAdmin
from core.models import WorkCalendar
from core.site import ReadOnlyAdmin
from customers.models import Tier
from tickets import sla_policies, sla_replan, sla_replay, sla_simulator
from tickets.models import Channel, Kind, Metric, Priority, Replan, Replay, SLAPolicy, SLATimer, Ticket
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
            case = sla_policies.Case(
                asked["channel"], asked["kind"], asked["tier"].pk if asked["tier"] else None,
                asked["category"].pk if asked["category"] else None, asked["priority"],
            )  # fmt: skip
            metrics = _metrics(request.GET.getlist("metric"), asked["channel"])
            context["opened"] = asked["opened"]
            context["answers"] = sla_simulator.simulate(
                case, opened=asked["opened"], draft=asked["draft"], metrics=metrics
            )
        elif form.is_bound:
            status = 422
        return render(request, "admin/tickets/slapolicy/simulator.html", context, status=status)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        """A valid form sent with “replay” is asked about the last month instead of being saved."""
        if request.method == "POST" and "_replay" in request.POST:
            row = self.get_object(request, object_id) if object_id else None
            if not (self.has_change_permission(request, row) if row else self.has_add_permission(request)):
                raise PermissionDenied
            form = self.get_form(request, row, change=row is not None)(request.POST, instance=row)
            if form.is_valid():
                draft = form.save(commit=False)
                return redirect("admin:tickets_replay_change", sla_replay.start(draft, by=request.user).pk)
        return super().changeform_view(request, object_id, form_url, extra_context)

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


def overlap_words(one: SLAPolicy, other: SLAPolicy) -> str:
    return _(
        "%(one)s and %(other)s both hold for some tickets, and neither names all that the other does; "
        "the first one applies there."
    ) % {"one": one, "other": other}


def _metrics(asked: list[str], channel: str) -> list[str]:
    """Those that were asked for, else all; only a call is picked up and greeted."""
    of_calls = () if channel == Channel.PHONE else (Metric.RING, Metric.IDENTIFY)
    return [metric for metric in asked if metric in Metric.values] or [
        metric for metric in Metric.values if metric not in of_calls
    ]


def offer(request, *, policy: SLAPolicy | None = None, calendar: WorkCalendar | None = None) -> None:
    """After an edit that left running promises behind: a message with the way to the preview."""
    if sla_replan.would_move(policy=policy, calendar=calendar):
        asked = f"policy={policy.pk}" if policy else f"calendar={calendar.pk}" if calendar else ""
        messages.warning(request, format_html(
            '{} <a href="{}?{}">{}</a>', _("Running promises keep the due times they have."),
            reverse("admin:tickets_replan_preview"), asked, _("See what re-planning them would move"),
        ))  # fmt: skip


class PromisedCalendarForm(CalendarForm):
    def clean_week(self):
        week = self.cleaned_data["week"]
        held = SLAPolicy.objects.filter(calendar=self.instance.pk, is_active=True).first() if self.instance.pk else None
        if held and not any(week.values()):
            raise ValidationError(
                _("The policy %(policy)s counts in this calendar: it needs weekly hours.") % {"policy": held}
            )
        return week


class CalendarWithPromises(WorkCalendarAdmin):
    """The calendars of core, with a word about the promises that count in them."""

    form = PromisedCalendarForm

    @admin.action(description=WorkCalendarAdmin.fill_china.short_description, permissions=["change"])
    def fill_china(self, request, queryset):
        super().fill_china(request, queryset)
        for calendar in queryset:
            offer(request, calendar=calendar)

    def response_post_save_change(self, request, obj):
        offer(request, calendar=obj)
        return super().response_post_save_change(request, obj)


admin.site.unregister(WorkCalendar)
admin.site.register(WorkCalendar, CalendarWithPromises)


class WorkAdmin(ReadOnlyAdmin):
    """Work in the background with its progress."""

    ordering = ["-id"]

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, work):
        return format_html(
            '<progress max="100" value="{}">{} %</progress> {} %', work.percent, work.percent, work.percent
        )

    @admin.display(description=gettext_lazy("note"))
    def said(self, work):
        return _(work.note) if work.note else "–"


@admin.register(Replan)
class ReplanAdmin(WorkAdmin):
    change_form_template = "admin/tickets/replan/change_form.html"
    list_display = ["begun_at", "policy", "calendar", "state", "progress", "moved", "late", "by"]
    more = ("total", "looked", "ended_at", "said")
    list_select_related = ["policy", "calendar", "by"]

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("preview/", wrap(self.preview_view), name="tickets_replan_preview"),
            path("<int:pk>/stop/", wrap(self.stop_view), name="tickets_replan_stop"),
            path("<int:pk>/go-on/", wrap(self.go_on_view), name="tickets_replan_go_on"),
            *super().get_urls(),
        ]

    def _check(self, request):
        if not request.user.has_perm("tickets.change_slapolicy"):
            raise PermissionDenied

    def preview_view(self, request):
        """GET shows what would move, POST begins it in the background."""
        self._check(request)
        asked = request.POST if request.method == "POST" else request.GET
        scope = {
            "policy": _row(SLAPolicy.objects.select_related("calendar"), asked.get("policy")),
            "calendar": _row(WorkCalendar.objects.all(), asked.get("calendar")),
        }
        if sum(row is not None for row in scope.values()) != 1:
            return redirect("admin:tickets_replan_changelist")
        refused = ""
        if request.method == "POST":
            try:
                work = sla_replan.start(by=request.user, seen=asked.get("seen", ""), **scope)
                return redirect("admin:tickets_replan_change", work.pk)
            except sla_replan.ReplanRefused as error:
                refused = str(error)
        context = self.admin_site.each_context(request) | scope | {
            "title": _("Re-plan running promises"), "opts": self.model._meta, "refused": refused,
            "preview": sla_replan.preview(**scope), "seen": sla_replan.fingerprint(**scope), "most": sla_replan.MOST,
        }  # fmt: skip
        return render(request, "admin/tickets/replan/preview.html", context, status=422 if refused else 200)

    def stop_view(self, request, pk):
        return self._act(request, pk, sla_replan.stop)

    def go_on_view(self, request, pk):
        return self._act(request, pk, sla_replan.go_on)

    def _act(self, request, pk, act):
        self._check(request)
        work = get_object_or_404(Replan.objects.select_related("policy", "calendar"), pk=pk)
        if request.method == "POST":
            try:
                act(work)
            except sla_replan.ReplanRefused as error:
                messages.error(request, str(error))
        return redirect("admin:tickets_replan_change", pk)


def _row(rows, asked: str | None):
    return get_object_or_404(rows, pk=asked) if asked and asked.isdecimal() and len(asked) < 10 else None


@admin.register(Replay)
class ReplayAdmin(WorkAdmin):
    change_form_template = "admin/tickets/replay/change_form.html"
    list_display = ["begun_at", "name", "state", "progress", "was", "would", "changed", "by"]
    more = ("total", "looked", "asked", "since", "ended_at")
    list_select_related = ["policy", "by"]

    def change_view(self, request, object_id, form_url="", extra_context=None):
        work = self.get_object(request, object_id)
        if work is not None:
            extra_context = (extra_context or {}) | {"sides": _sides(work), "most": sla_replay.MOST}
        return super().change_view(request, object_id, form_url, extra_context)


def _sides(work: Replay) -> list[dict]:
    """The first promises that would have changed sides; those whose ticket is gone are left out."""
    kept = set(SLATimer.objects.filter(pk__in=[one["timer"] for one in work.first]).values_list("pk", flat=True))
    return [
        one | {
            "number": Ticket(pk=one["ticket"]).number, "due": parse_datetime(one["due"]) if one["due"] else None,
            "stopped": parse_datetime(one["stopped"]),
        }
        for one in work.first if one["timer"] in kept
    ]  # fmt: skip
