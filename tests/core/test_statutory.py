from datetime import date, timedelta

from core import statutory


def test_2026_has_its_six_make_up_workdays():
    year = statutory.china(2026)
    days = [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
    assert year.extra_days == {date(2026, month, day) for month, day in days}
    assert year.complete


def test_national_day_2026_is_off_from_the_first_to_the_seventh():
    off = statutory.china(2026).days_off
    week = [date(2026, 10, 1) + timedelta(days=i) for i in range(7)]
    assert [day for day in week if day not in off and day.weekday() < 5] == []
    assert date(2026, 10, 8) not in off


def test_make_up_workdays_fall_on_weekends_and_are_never_days_off():
    for number in range(2012, 2027):
        year = statutory.china(number)
        assert year.complete, number
        assert all(day.weekday() >= 5 and day.year == number for day in year.extra_days)
        assert not year.extra_days & year.days_off


def test_a_year_whose_make_up_workdays_are_not_announced_is_incomplete():
    year = statutory.china(2027)
    assert date(2027, 10, 1) in year.days_off
    assert not year.extra_days
    assert not year.complete


def test_days_off_carry_their_names_in_the_language_asked_for():
    assert statutory.china(2026).names[date(2026, 2, 17)] == "春节"
    assert statutory.china(2026, language="en_US").names[date(2026, 10, 1)] == "National Day"
