"""A calendar without the days of a year in use is told of under the administrators' bells until it is mended."""

from datetime import UTC, datetime, timedelta

from django.urls import reverse

from core.defaults import fill_statutory
from core.models import CalendarDay, WorkCalendar
from staff import calendar_watch
from staff.wording import line

NOVEMBER = datetime(2030, 11, 22, 1, tzinfo=UTC)  # the year to come is in use from October on


def test_administrators_hear_of_a_missing_year_weekly_until_it_is_filled(admin, agent, signed_in):
    office = WorkCalendar.objects.standard()
    CalendarDay.objects.filter(day__year__gte=2030).delete()
    CalendarDay.objects.create(calendar=office, day="2030-02-02", is_open=True)
    assert calendar_watch.tell(now=NOVEMBER) == 1
    assert calendar_watch.tell(now=NOVEMBER + timedelta(hours=1)) == 0
    row = admin.notifications.get()
    assert (row.kind, row.data["year"]) == ("calendar_missing", 2031)
    assert office.name in line(row).text and line(row).url == f"/admin/core/workcalendar/{office.pk}/change/"
    assert not agent.notifications.exists()
    assert "2031" in signed_in(admin).get(reverse("staff:notifications")).content.decode()
    assert calendar_watch.tell(now=NOVEMBER + timedelta(days=8)) == 1  # nobody has mended it
    fill_statutory(office, 2031)
    CalendarDay.objects.filter(day__year=2031, is_open=True).delete()  # known, but for the make-up workdays
    assert calendar_watch.tell(now=NOVEMBER + timedelta(days=16)) == 1
    assert admin.notifications.latest("pk").kind == "calendar_unannounced"
    CalendarDay.objects.create(calendar=office, day="2031-02-02", is_open=True)
    assert calendar_watch.tell(now=NOVEMBER + timedelta(days=30)) == 0
