from datetime import datetime
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from complaints import sheets, trail
from complaints.models import Sheet
from core.models import CalendarDay, Event, WorkCalendar
from tickets import escalation, ladder_story, workflow
from tickets.models import Cause, Kind, Level, Outcome, State, Ticket

FACTS = {"known": "接口滴水", "known_when": "09:02 来电", "done": "指导关阀"}
WHOLE = {**FACTS, "finding": "upheld", "root_cause": "company_system"}


def at(day, hour, minute=0):
    """A moment of November 2026 in Shanghai; the 16th is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


def filled(ticket, by, **fields):
    sheet = sheets.open_sheet(ticket, by=by)
    return sheets.save_sheet(sheet, by=by, version=1, **(fields or WHOLE))


# --- Opening


def test_opening_a_sheet_moves_holds_and_tells(complaint, agent):
    ticket = complaint()
    sheet = sheets.open_sheet(ticket, by=agent, ground="media")
    assert ticket.state == State.SHEET_OPEN and "sheet" in ticket.holds
    assert sheet.ground == "media" and sheet.opened_by == agent
    event = Event.objects.get(kind="sheet_opened")
    assert event.ticket_id == ticket.pk and event.data["number"] == sheet.number


def test_opening_twice_gives_the_same_sheet(complaint, agent):
    ticket = complaint()
    assert sheets.open_sheet(ticket, by=agent) == sheets.open_sheet(ticket, by=agent)
    assert Event.objects.filter(kind="sheet_opened").count() == 1


def test_the_clocks_know_weekends(complaint):
    sheet = sheets.open_sheet(complaint(), now=at(20, 10))
    assert sheet.investigation_due_at == at(23, 10) and sheet.solution_due_at == at(27, 10)


def test_the_clocks_know_holidays_and_make_up_workdays(complaint):
    calendar = WorkCalendar.objects.standard()
    CalendarDay.objects.create(calendar=calendar, day=at(23, 0).date(), is_open=False)
    CalendarDay.objects.create(calendar=calendar, day=at(21, 0).date(), is_open=True)
    sheet = sheets.open_sheet(complaint(), now=at(20, 10))
    assert sheet.investigation_due_at == at(21, 10) and sheet.solution_due_at == at(27, 10)


def test_a_general_complaint_becomes_special_by_its_sheet(complaint, agent):
    ticket = complaint(level=Level.GENERAL)
    workflow.move(ticket, State.PHONE_HANDLING, by=agent)
    sheets.open_sheet(ticket, by=agent, ground="repeat")
    assert ticket.level == Level.SPECIAL and ticket.state == State.PHONE_HANDLING and ticket.holds


def test_a_complaint_just_received_is_classified_on_the_way(complaint, agent):
    ticket = complaint()
    Ticket.objects.filter(pk=ticket.pk).update(state=State.RECEIVED)
    sheets.open_sheet(ticket, by=agent)
    assert ticket.state == State.SHEET_OPEN


def test_only_an_open_complaint_has_a_sheet(complaint, agent):
    with pytest.raises(sheets.SheetRefused):
        sheets.open_sheet(complaint(kind=Kind.SERVICE), by=agent)
    done = complaint()
    workflow.move(done, State.ARCHIVED, by=agent, outcome=Outcome.WITHDRAWN, cause=Cause.CUSTOMER, note="客户撤诉")
    with pytest.raises(sheets.SheetRefused):
        sheets.open_sheet(done, by=agent)
    assert not Sheet.objects.exists()


def test_the_beat_opens_what_is_due_once(complaint, agent):
    special, general = complaint(), complaint(level=Level.GENERAL)
    by_hand = complaint()
    workflow.move(by_hand, State.SHEET_OPEN, by=agent)
    assert sheets.open_due() == 2
    assert sheets.open_due() == 0
    assert {sheet.ticket_id for sheet in Sheet.objects.all()} == {special.pk, by_hand.pk}
    general.refresh_from_db()
    assert not general.holds


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_sheet(complaint, agent):
    ticket = complaint()
    barrier, made = Barrier(2), []

    def run():
        barrier.wait()
        try:
            made.append(sheets.open_sheet(Ticket.objects.get(pk=ticket.pk), by=agent).pk)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2 and len(set(made)) == 1 and Sheet.objects.count() == 1


# --- Saving


def test_saving_counts_versions_and_says_who(complaint, agent, specialist):
    sheet = sheets.open_sheet(complaint(), by=agent)
    saved = sheets.save_sheet(sheet, by=specialist, version=1, known="接口滴水")
    assert saved.version == 2 and saved.history.latest().history_user == specialist
    assert Event.objects.get(kind="sheet_saved").data["fields"] == ["known"]


def test_the_second_of_two_edits_is_refused_and_shown_both(complaint, agent, specialist):
    sheet = sheets.open_sheet(complaint(), by=agent)
    sheets.save_sheet(sheet, by=specialist, version=1, known="六起同类", severity=3)
    with pytest.raises(sheets.StaleSheet) as refused:
        sheets.save_sheet(sheet, by=agent, version=1, known="一起", severity=3)
    assert [(c.theirs, c.yours) for c in refused.value.conflicts] == [("六起同类", "一起")]
    assert "周敏" in str(refused.value) and refused.value.current.version == 2
    sheet.refresh_from_db()
    assert sheet.known == "六起同类"


def test_saving_nothing_new_changes_nothing(complaint, agent):
    sheet = sheets.open_sheet(complaint(), by=agent)
    assert sheets.save_sheet(sheet, by=agent, version=1, known="").version == 1
    assert not Event.objects.filter(kind="sheet_saved").exists()


def test_a_closed_sheet_is_not_edited(complaint, specialist):
    sheet = sheets.close_sheet(filled(complaint(), specialist), by=specialist)
    with pytest.raises(sheets.SheetRefused):
        sheets.save_sheet(sheet, by=specialist, version=sheet.version, known="anders")


def test_fields_of_the_clocks_are_not_editable(complaint, agent):
    sheet = sheets.open_sheet(complaint(), by=agent)
    with pytest.raises(TypeError):
        sheets.save_sheet(sheet, by=agent, version=1, solution_due_at=at(30, 10))


# --- Investigating and closing


def test_an_investigation_ends_with_its_facts(complaint, agent):
    sheet = sheets.open_sheet(complaint(), by=agent)
    with pytest.raises(sheets.SheetRefused) as refused:
        sheets.record_investigated(sheet, by=agent)
    assert len(refused.value.missing) == 3
    sheets.save_sheet(sheet, by=agent, version=1, **FACTS)
    first = sheets.record_investigated(sheet, by=agent, now=at(16, 10))
    assert sheets.record_investigated(sheet, by=agent, now=at(17, 10)).investigated_at == first.investigated_at


@pytest.mark.parametrize("absent", list(WHOLE))
def test_closing_says_what_is_missing(complaint, specialist, absent):
    sheet = filled(complaint(), specialist, **{k: v for k, v in WHOLE.items() if k != absent})
    with pytest.raises(sheets.SheetRefused) as refused:
        sheets.close_sheet(sheet, by=specialist)
    assert refused.value.missing == (sheets.label_of(absent),)
    sheet.refresh_from_db()
    assert sheet.closed_at is None


def test_closing_lets_go_of_the_ticket(complaint, specialist):
    ticket = complaint()
    sheet = filled(ticket, specialist)
    closed = sheets.close_sheet(sheet, by=specialist, now=at(17, 10))
    ticket.refresh_from_db()
    assert ticket.holds == {} and closed.closed_by == specialist and closed.solved_at == at(17, 10)
    assert sheets.close_sheet(sheet, by=specialist, now=at(18, 10)).closed_at == at(17, 10)


def test_closing_leaves_the_hold_of_another_matter_alone(complaint, specialist):
    ticket = complaint()
    sheet = filled(ticket, specialist)
    workflow.hold(ticket, "visit", "another matter")
    sheets.close_sheet(sheet, by=specialist)
    ticket.refresh_from_db()
    assert list(ticket.holds) == ["visit"]


def test_the_solution_stood_when_the_ticket_went_to_its_callback(complaint, specialist):
    ticket = complaint(now=at(16, 9))
    sheet = sheets.open_sheet(ticket, by=specialist, now=at(16, 10))
    sheets.save_sheet(sheet, by=specialist, version=1, **WHOLE)
    workflow.move(ticket, State.DEPT_HANDLING, by=specialist, now=at(16, 11))
    workflow.move(ticket, State.CALLBACK, by=specialist, now=at(17, 15))
    assert sheets.close_sheet(sheet, by=specialist, now=at(25, 10)).solved_at == at(17, 15)


def test_an_agent_does_not_close_a_sheet(complaint, agent):
    with pytest.raises(sheets.SheetRefused):
        sheets.close_sheet(filled(complaint(), agent), by=agent)


def test_an_open_sheet_keeps_the_ticket_from_the_archive(complaint, lead, specialist):
    ticket = complaint()
    sheets.open_sheet(ticket, by=specialist)
    with pytest.raises(workflow.MoveRefused):
        workflow.move(ticket, State.ARCHIVED, by=lead, outcome=Outcome.WITHDRAWN, cause=Cause.CUSTOMER, note="撤诉")


# --- What the page tells


def test_the_trail_tells_who_changed_what(complaint, agent, specialist):
    sheet = filled(complaint(), agent)
    sheets.close_sheet(sheet, by=specialist)
    newest, saved, opened = trail.entries(sheet)
    assert newest.who == "周敏" and newest.title
    assert saved.who == "李娜" and ("", "接口滴水") in [(change.before, change.after) for change in saved.changes]
    assert opened.changes == [] and opened.who == "李娜"


def test_the_ladder_shows_who_was_told_and_who_is_next(complaint, agent, lead, supervisor):
    ticket = complaint(late=True)
    before = ladder_story.lines(ticket, list(ticket.timers.select_related("policy")), [])
    assert [rung.status for rung in before] == ["now", "ahead", "ahead", "ahead"]
    assert before[1].at and before[3].at > before[2].at > before[1].at
    escalation.escalate_due()
    told = list(ticket.escalations.order_by("id"))
    after = ladder_story.lines(ticket, list(ticket.timers.select_related("policy")), told)
    assert [rung.status for rung in after] == ["done", "now", "ahead", "ahead"]
    assert "王强" in after[1].title and after[2].at > after[1].at
