"""What is done with many promises in the administration: re-planning what runs, and the replay of a draft."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin import CalendarForm, WorkCalendarAdmin
from core.models import WorkCalendar
from core.site import ReadOnlyAdmin
from tickets import sla_replan, sla_replay
from tickets.models import Replan, Replay, SLAPolicy, SLATimer, Ticket


def overlap_words(one: SLAPolicy, other: SLAPolicy) -> str:
    return _(
        "%(one)s and %(other)s both hold for some tickets, and neither names all that the other does; "
        "the first one applies there."
    ) % {"one": one, "other": other}


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
