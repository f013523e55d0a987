"""The administration: open to admins, closed to others, in words, and never slower for more rows."""

from datetime import date, datetime, time

import pytest
from django.contrib import admin as django_admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from core import admin as calendars
from core.models import CalendarDay, WorkCalendar
from tests.factories import CustomerFactory, TicketFactory, UserFactory

OURS = sorted(django_admin.site._registry, key=lambda model: model._meta.label)


def page(model, name, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def some_rows(team, agent, lead):
    """A late, escalated complaint with its conversation, so that most lists hold something."""
    from tickets import conversation, escalation

    customer = CustomerFactory(team=team, phone="13812341234", email="mei@example.com")
    ticket = TicketFactory(customer=customer, kind="complaint", late=True, by=agent)
    conversation.note(ticket, body="记一下", by=agent)
    escalation.escalate_due()
    return ticket


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_list_and_row_opens_for_an_admin(model, signed_in, admin, some_rows):
    client = signed_in(admin)
    assert client.get(page(model, "changelist")).status_code == 200
    assert client.get(page(model, "changelist"), {"q": "T-123"}).status_code == 200
    row = model._default_manager.first()
    if row is not None:
        assert client.get(page(model, "change", row.pk)).status_code == 200
        assert client.get(page(model, "history", row.pk)).status_code == 200
    allowed = django_admin.site._registry[model].has_add_permission(
        type("Request", (), {"user": admin, "GET": {}, "method": "GET"})()
    )
    assert client.get(page(model, "add")).status_code == (200 if allowed else 403)


@pytest.mark.parametrize("name", ["agent", "lead", "supervisor"])
def test_others_are_refused_everywhere(name, request, signed_in):
    client = signed_in(request.getfixturevalue(name))
    for model in OURS:
        for answer in (client.get(page(model, each), follow=True) for each in ("changelist", "add")):
            assert answer.status_code == 403, model


def test_a_stranger_signs_in_where_everybody_does(client, db):
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.redirect_chain[-1][0].startswith(reverse("login"))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_front_page_bears_the_products_name(language, signed_in, admin):
    admin.language = language
    admin.save()
    text = signed_in(admin).get(reverse("admin:index")).content.decode()
    assert ("Service Desk" if language == "en" else "客服工作台") in text


@pytest.mark.parametrize(
    "label", ["core.Event", "tickets.SLATimer", "tickets.Breach", "tickets.Escalation", "complaints.Sheet",
              "followups.Callback", "followups.Attempt", "followups.Audit", "messaging.Message", "messaging.Outbox",
              "customers.Customer", "customers.Reveal"],
)  # fmt: skip
def test_what_only_the_product_writes_is_neither_added_nor_changed_nor_deleted(label, signed_in, admin, rf):
    model_admin = next(each for model, each in django_admin.site._registry.items() if model._meta.label == label)
    request = rf.get("/")
    request.user = admin
    assert not model_admin.has_add_permission(request)
    assert not model_admin.has_change_permission(request)
    assert not model_admin.has_delete_permission(request)


def test_lists_cost_the_same_however_many_rows_there_are(signed_in, admin, team, django_assert_max_num_queries):
    client = signed_in(admin)
    CustomerFactory.create_batch(12, team=team)
    UserFactory.create_batch(12, team=team)
    for name in ("customers_customer", "staff_user", "core_event", "tickets_slatimer", "tickets_slapolicy"):
        client.get(reverse(f"admin:{name}_changelist"))
        with django_assert_max_num_queries(12):
            client.get(reverse(f"admin:{name}_changelist"))


def week_of(calendar, **days) -> dict:
    hours = {f"week_day{day}": "08:30-12:00, 13:30-17:30" for day in range(5)}
    none = {"days-TOTAL_FORMS": "0", "days-INITIAL_FORMS": "0"}
    return {"name": calendar.name, "timezone": calendar.timezone, **hours, **none, **days}


@pytest.fixture
def calendar(ground):
    return WorkCalendar.objects.get(name="24×7")


def test_a_week_is_written_as_people_write_it(signed_in, admin, calendar):
    data = week_of(calendar, week_day4="9：00－12：00，13：00–24：00")
    answer = signed_in(admin).post(page(WorkCalendar, "change", calendar.pk), data)
    calendar.refresh_from_db()
    assert answer.status_code == 302
    assert calendar.week["0"] == [["08:30", "12:00"], ["13:30", "17:30"]]
    assert calendar.week["4"] == [["09:00", "12:00"], ["13:00", "24:00"]]
    assert "5" not in calendar.week


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ("8:30", "is not an interval"),
        ("25:00-26:00", "is not an interval"),
        ("12:00-24:30", "is not an interval"),
        ("22:00-06:00", "ends before it starts"),
        ("08:00-12:00, 11:00-14:00", "overlap"),
    ],
)
def test_a_wrong_week_is_refused_beside_the_field(signed_in, admin, calendar, hours, said):
    before = calendar.week
    answer = signed_in(admin).post(page(WorkCalendar, "change", calendar.pk), week_of(calendar, week_day2=hours))
    calendar.refresh_from_db()
    assert said in str(answer.context["adminform"].form.errors["week"])
    assert calendar.week == before


def test_a_time_zone_that_is_none_is_refused(signed_in, admin, calendar):
    for zone in ("Asia/Atlantis", "../etc/passwd", "Asia"):
        data = week_of(calendar) | {"timezone": zone}
        answer = signed_in(admin).post(page(WorkCalendar, "change", calendar.pk), data)
        assert "timezone" in answer.context["adminform"].form.errors


def test_a_missing_year_is_warned_of_until_it_is_filled_in(signed_in, admin, ground):
    standard = WorkCalendar.objects.standard()
    standard.days.all().delete()
    client, url = signed_in(admin), page(WorkCalendar, "changelist")
    assert "has no special days" in client.get(url).content.decode()
    assert "has no special days" in client.get(page(WorkCalendar, "change", standard.pk)).content.decode()
    client.post(url, {"action": "fill_china", "_selected_action": [standard.pk]})
    assert calendars.gaps() == []
    assert "has no special days" not in client.get(url).content.decode()
    assert standard.days.filter(day__month=10, day__day=1, is_open=False).exists()


def test_filling_in_leaves_days_of_the_admins_own_alone(signed_in, admin, ground):
    standard = WorkCalendar.objects.standard()
    day = standard.days.filter(is_open=False).first()
    CalendarDay.objects.filter(pk=day.pk).update(name="店庆", is_open=True)
    signed_in(admin).post(
        page(WorkCalendar, "changelist"), {"action": "fill_china", "_selected_action": [standard.pk]}
    )
    day.refresh_from_db()
    assert (day.name, day.is_open) == ("店庆", True)


def test_a_calendar_that_keeps_no_special_days_is_not_warned_about(calendar):
    calendar.days.all().delete()
    assert not any(calendar.name in gap for gap in calendars.gaps())


def test_special_days_come_from_a_file_and_bad_lines_are_named(signed_in, admin, ground):
    standard = WorkCalendar.objects.standard()
    client, url = signed_in(admin), page(WorkCalendar, "change", standard.pk)
    year = timezone.localdate().year
    standard.days.all().delete()
    standard.days.create(day=date(year - 1, 2, 8), is_open=True)
    standard.days.create(day=date(year, 1, 1))
    assert f"make-up workdays of {year}" in client.get("/admin/").content.decode()
    good = f"日期,类型,名称,时间\n{year}-02-20,open,调休,09:00-12:00,13:00-17:00\n{year}-02-05,休,春节\n"
    none = week_of(standard) | {"days_file": SimpleUploadedFile("days.csv", good.encode("gb18030"))}
    assert client.post(url, none).status_code == 302
    added = standard.days.get(day=date(year, 2, 20))
    assert (added.is_open, added.opening, added.name) == (True, [["09:00", "12:00"], ["13:00", "17:00"]], "调休")
    assert f"make-up workdays of {year}" not in client.get("/admin/").content.decode()
    bad = f"{year}-02-30,off\n{year}-03-01,maybe\n{year}-03-02,open,x,12:00-09:00\n{year}-03-03,off\n{year}-03-03,off\n"
    before = standard.days.count()
    answer = client.post(url, week_of(standard) | {"days_file": SimpleUploadedFile("days.csv", bad.encode())})
    said = str(answer.context["adminform"].form.errors["days_file"])
    assert all(f"Line {n}" in said for n in (1, 2, 3, 5))
    assert standard.days.count() == before


def test_special_days_leave_as_a_file_that_comes_back_the_same(signed_in, admin, ground):
    standard, client = WorkCalendar.objects.standard(), signed_in(admin)
    standard.days.create(day=date(2031, 2, 8), is_open=True, opening=[["09:00", "12:00"], ["13:00", "24:00"]])
    standard.days.create(day=date(2031, 2, 9), name="=店庆")
    kept = set(standard.days.values_list("day", "is_open", "name").exclude(name="=店庆"))
    sent = client.get(page(WorkCalendar, "days", standard.pk))
    assert sent["Content-Type"].startswith("text/csv") and ",=" not in sent.content.decode()
    standard.days.all().delete()
    back = week_of(standard) | {"days_file": SimpleUploadedFile("days.csv", sent.content)}
    assert client.post(page(WorkCalendar, "change", standard.pk), back).status_code == 302
    assert set(standard.days.values_list("day", "is_open", "name").exclude(name="店庆")) == kept
    assert standard.days.get(day=date(2031, 2, 8)).opening == [["09:00", "12:00"], ["13:00", "24:00"]]


def test_a_calendar_that_never_opens_is_refused_and_one_with_a_single_open_day_is_not(signed_in, admin, calendar):
    client, url = signed_in(admin), page(WorkCalendar, "change", calendar.pk)
    empty = week_of(calendar) | {f"week_day{day}": "" for day in range(5)}
    refused = client.post(url, empty)
    assert refused.status_code == 200 and "never opens" in refused.content.decode()
    opened = SimpleUploadedFile("days.csv", b"2031-02-08,open,x,09:00-12:00\n")
    assert client.post(url, empty | {"days_file": opened}).status_code == 302


def test_a_year_of_a_calendar_shows_each_day_and_warns_where_none_was_entered(signed_in, admin, ground):
    standard, client = WorkCalendar.objects.standard(), signed_in(admin)
    shown = client.get(page(WorkCalendar, "year", standard.pk, 2026))
    days = {one.day: one for month in shown.context["months"] for week in month.weeks for one in week if one}
    assert len(days) == 365 and not shown.context["missing"]
    assert (days[date(2026, 10, 1)].look, days[date(2026, 2, 28)].look) == ("off", "extra")  # 国庆节, 调休
    assert (days[date(2026, 11, 20)].look, days[date(2026, 11, 21)].look) == ("open", "closed")
    clock = standard.hours()
    for one in days.values():
        noon = datetime.combine(one.day, time(10), timezone.get_current_timezone())
        assert clock.is_open(noon) == (one.look in ("open", "extra")), one
    assert "No special day of 2041" in client.get(page(WorkCalendar, "year", standard.pk, 2041)).content.decode()
    assert client.get(page(WorkCalendar, "year", standard.pk, 9999)).status_code == 404
