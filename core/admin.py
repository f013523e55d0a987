from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.http import content_disposition_header
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import calendar_gaps, calendar_year, day_file, statutory
from core.defaults import fill_statutory
from core.forms import HoursField, WeekField
from core.models import CalendarDay, Event, WorkCalendar
from core.site import EditedAdmin, ReadOnlyAdmin, column, ticket_column


class CalendarForm(forms.ModelForm):
    week = WeekField(
        label=capfirst(gettext_lazy("week")), required=False,
        help_text=gettext_lazy("Intervals such as 08:30-12:00, 13:30-17:30; an empty day is closed."),
    )

    days_file = forms.FileField(
        label=capfirst(gettext_lazy("special days from a file")), required=False,
        help_text=gettext_lazy(
            "CSV, a day a line: date, open or off, name, hours. A day that stands here already is replaced; what has "
            "been recorded with it stays."
        ),
    )

    class Meta:
        model = WorkCalendar
        fields = ["name", "timezone", "is_default", "week", "days_file"]

    def clean_days_file(self):
        given = self.cleaned_data["days_file"]
        days = day_file.read(given.read()) if given else []
        self.instance.opened_by_file = any(day.is_open for day in days)
        return days

    def clean_timezone(self):
        name = self.cleaned_data["timezone"]
        try:
            return ZoneInfo(name).key
        except (KeyError, ValueError, OSError) as error:
            raise ValidationError(
                _("There is no time zone %(name)s; write it like Asia/Shanghai.") % {"name": name}
            ) from error


class DayForm(forms.ModelForm):
    opening = HoursField(
        label=capfirst(gettext_lazy("hours")), required=False,
        help_text=gettext_lazy("Empty: the hours of an ordinary Monday."),
    )

    class Meta:
        model = CalendarDay
        fields = ["day", "is_open", "opening", "name"]


class DayFormSet(forms.BaseInlineFormSet):
    def clean(self):
        """A calendar that never opens is refused: a promise that counts in it would never be due."""
        super().clean()
        opened = any(
            form.cleaned_data.get("is_open") and not form.cleaned_data.get("DELETE")
            for form in self.forms if hasattr(form, "cleaned_data")
        )  # fmt: skip
        if not (any(self.instance.week.values()) or opened or getattr(self.instance, "opened_by_file", False)):
            raise ValidationError(_("This calendar never opens: give hours for a weekday, or an open special day."))


class DayInline(admin.TabularInline):
    model = CalendarDay
    form = DayForm
    formset = DayFormSet
    extra = 0
    verbose_name_plural = gettext_lazy("special days since January of last year; earlier ones by file")

    def get_queryset(self, request):
        """Not the past of decades: a form of a thousand fields is refused by the server."""
        start = timezone.localdate().replace(month=1, day=1)
        return super().get_queryset(request).filter(day__gte=start.replace(year=start.year - 1))


def gaps() -> list[str]:
    """Warnings about calendars that keep special days but lack those of a year in use."""
    return [
        _("The calendar %(name)s has no special days for %(year)s: holidays and make-up workdays are missing.")
        % {"name": calendar, "year": year}
        for calendar, year in calendar_gaps.missing(timezone.localdate())
    ]


def unannounced() -> list[str]:
    """Warnings about years in use whose make-up workdays nobody has entered yet."""
    return [
        _("The calendar %(name)s knows no make-up workdays of %(year)s yet: enter or import them once announced.")
        % {"name": calendar, "year": year}
        for calendar, year in calendar_gaps.unannounced(timezone.localdate())
    ]


@admin.register(WorkCalendar)
class WorkCalendarAdmin(EditedAdmin):
    form = CalendarForm
    inlines = [DayInline]
    list_display = ["name", "timezone", "is_default", "special_days"]
    search_fields = ["name"]
    ordering = ["name"]
    actions = ["fill_china"]

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(day_count=Count("days"))

    @admin.display(description=gettext_lazy("special days"), ordering="day_count")
    def special_days(self, calendar):
        return calendar.day_count

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {**(extra_context or {}), "gaps": gaps() + unannounced()})

    def get_urls(self):
        wrap = self.admin_site.admin_view
        return [
            path("<int:pk>/days.csv", wrap(self.days_view), name="core_workcalendar_days"),
            path("<int:pk>/year/<int:year>/", wrap(self.year_view), name="core_workcalendar_year"),
            *super().get_urls(),
        ]

    def _shown(self, request, pk) -> WorkCalendar:
        calendar = get_object_or_404(WorkCalendar, pk=pk)
        if not self.has_view_permission(request, calendar):
            raise PermissionDenied
        return calendar

    def days_view(self, request, pk):
        """The special days as a file that can be taken back, into this calendar or another."""
        calendar = self._shown(request, pk)
        answer = HttpResponse("\ufeff" + day_file.write(calendar), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = content_disposition_header(True, f"{calendar.name}.csv") or "attachment"
        return answer

    def year_view(self, request, pk, year):
        """Twelve months on a page, to see and to print what was entered."""
        calendar = self._shown(request, pk)
        if not calendar_year.FIRST <= year <= calendar_year.LAST:
            raise Http404
        context = self.admin_site.each_context(request) | {
            "title": f"{calendar} {year}", "opts": self.model._meta, "calendar": calendar, "year": year,
            "months": calendar_year.months(calendar, year), "weekdays": [str(WEEKDAYS_ABBR[day]) for day in range(7)],
            "missing": not calendar.days.filter(day__year=year).exists(),
        }  # fmt: skip
        return render(request, "admin/core/workcalendar/year.html", context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        extra_context = (extra_context or {}) | {"this_year": timezone.localdate().year}
        if request.method == "GET":
            for gap in gaps() + unannounced():
                messages.warning(request, gap)
        return super().change_view(request, object_id, form_url, extra_context)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if days := form.cleaned_data.get("days_file"):
            count = day_file.put(form.instance, days)
            messages.success(request, ngettext(
                "%(count)d special day was taken from the file.", "%(count)d special days were taken from the file.",
                count,
            ) % {"count": count})  # fmt: skip

    @admin.action(description=gettext_lazy("Fill in China's statutory days of this and the next year"),
                  permissions=["change"])
    def fill_china(self, request, queryset):
        year = timezone.localdate().year
        calendars = list(queryset)
        added = sum(fill_statutory(calendar, each) for calendar in calendars for each in (year, year + 1))
        for calendar in calendars:
            self.log_change(request, calendar, _("statutory days"))
        messages.success(request, ngettext(
            "%(count)d day was looked up; days that stood there already are unchanged.",
            "%(count)d days were looked up; days that stood there already are unchanged.", added,
        ) % {"count": added})  # fmt: skip
        for each in (year, year + 1):
            if not statutory.china(each).complete:
                messages.warning(request, _("The make-up workdays of %(year)s are not announced yet.") % {"year": each})


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = [
        "at", "kind", ticket_column(), column("customer_id", gettext_lazy("customer")),
        column("actor_name", gettext_lazy("by")),
    ]  # fmt: skip
    ordering = ["-id"]
    number_field = "ticket_id"

