from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core import day_file, statutory
from core.defaults import fill_statutory
from core.forms import HoursField, WeekField
from core.models import CalendarDay, Event, WorkCalendar, missing_years, unannounced_years
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
        return day_file.read(given.read()) if given else []

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


class DayInline(admin.TabularInline):
    model = CalendarDay
    form = DayForm
    extra = 0


def gaps() -> list[str]:
    """Warnings about calendars that keep special days but lack those of a year in use."""
    special = CalendarDay.objects.filter(calendar=OuterRef("pk"))
    kept = WorkCalendar.objects.filter(Q(is_default=True) | Exists(special))
    return [
        _("The calendar %(name)s has no special days for %(year)s: holidays and make-up workdays are missing.")
        % {"name": calendar, "year": year}
        for calendar in kept
        for year in missing_years(calendar, timezone.localdate())
    ]


def unannounced() -> list[str]:
    """Warnings about years in use whose make-up workdays nobody has entered yet."""
    return [
        _("The calendar %(name)s knows no make-up workdays of %(year)s yet: enter or import them once announced.")
        % {"name": calendar, "year": year}
        for calendar in WorkCalendar.objects.filter(days__is_open=True).distinct()
        for year in unannounced_years(calendar, timezone.localdate())
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

    def change_view(self, request, object_id, form_url="", extra_context=None):
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

