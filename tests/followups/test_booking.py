from core.hours import ALWAYS, WorkingCalendar
from followups import booking
from followups.models import Attempt
from tests.followups.conftest import at

OFFICE = WorkingCalendar("Asia/Shanghai", {day: [("08:30", "12:00"), ("13:30", "17:30")] for day in range(5)})


def missed(*moments):
    return [Attempt(outcome=Attempt.Outcome.NO_ANSWER, at=moment) for moment in moments]


def test_a_callback_is_due_one_working_day_after_the_resolution():
    assert booking.first_due(at(16, 10), OFFICE) == at(17, 10)


def test_a_callback_of_friday_is_due_on_monday():
    assert booking.first_due(at(20, 15), OFFICE) == at(23, 15)


def test_nobody_is_called_before_nine():
    assert booking.first_due(at(16, 8, 40), OFFICE) == at(17, 9)


def test_nobody_is_called_from_eight_in_the_evening_on():
    assert booking.first_due(at(16, 22), ALWAYS) == at(18, 9)


def test_a_calendar_that_never_opens_still_gives_a_time():
    assert booking.first_due(at(16, 10), WorkingCalendar("Asia/Shanghai", {})) == at(17, 10)


def test_only_tries_on_another_day_and_at_another_hour_count():
    tries = missed(at(16, 10), at(16, 15), at(17, 10, 30), at(17, 14), at(18, 14, 50), at(18, 9))
    assert [try_.at for try_ in booking.counted(tries)] == [at(16, 10), at(17, 14), at(18, 9)]


def test_a_call_that_was_answered_is_no_missed_try():
    later = Attempt(outcome=Attempt.Outcome.LATER, at=at(16, 10))
    assert booking.counted([later, *missed(at(17, 10))])[0].at == at(17, 10)


def test_the_next_try_is_on_another_day_at_an_open_hour_far_from_the_last():
    assert booking.next_try([at(16, 10)], at(16, 10), OFFICE) == at(17, 17)


def test_the_third_try_avoids_both_days_and_both_hours():
    due = booking.next_try([at(16, 10), at(17, 17)], at(17, 17), OFFICE)
    assert due.date() == at(18, 0).date() and due.hour not in (10, 17) and OFFICE.is_open(due)
