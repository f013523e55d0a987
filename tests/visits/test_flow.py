"""A visit from its plan to its slip, what it does to its ticket's clock and archive, and who is told."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.models import Event
from messaging.models import Outbox
from staff.models import Notification
from tests.visits.conftest import ADDRESS, PHONE, at
from tickets import workflow
from tickets.models import Metric, SLATimer
from visits import flow, places, slips, ticks, windows
from visits.models import Slip, State, Visit

SLIP = {
    "work": "更换滤芯接口，试水正常", "parts": "接口 ×1", "charges": 0, "result": Slip.Result.DONE,
    "signed_by": "王小雨", "signed_how": Slip.Signed.PAPER, "satisfaction": 5, "opinion": "很快",
    "arrived_at": at(16, 10, 20), "left_at": at(16, 11, 10),
}


def bells(user):
    return list(Notification.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


def test_a_visit_is_walked_to_its_slip_and_holds_the_archive_until_then(
    appointed, ticket, agent, specialist, technician
):
    visit = appointed()
    ticket.refresh_from_db()
    for state in ("classified", "recorded", "audit_callback"):
        workflow.move(ticket, state, by=agent, now=at(16, 9, 30))
    with pytest.raises(workflow.MoveRefused, match="A visit is still open"):
        workflow.move(ticket, "archived", by=specialist, outcome="satisfied", cause="information", now=at(16, 9, 40))
    flow.set_out(visit, by=technician.user, now=at(16, 9, 50))
    flow.set_out(visit, by=technician.user, now=at(16, 9, 51))
    flow.arrive(visit, by=technician.user, now=at(16, 10, 20))
    slip = slips.write(visit, by=technician.user, now=at(16, 11, 15), **SLIP)
    visit.refresh_from_db()
    ticket.refresh_from_db()
    assert (visit.state, slip.number, ticket.holds) == (State.COMPLETED, f"W-{visit.pk:04d}-1", {})
    assert visit.travel_time == timedelta(minutes=30) and visit.time_on_site == timedelta(minutes=55)
    steps = Event.objects.filter(ticket_id=ticket.pk, kind="visit").order_by("pk").values_list("data__to", flat=True)
    assert list(steps) == ["requested", "dispatched", "appointed", "on_way", "arrived", "completed"]
    assert bells(technician.user) == ["visit_dispatched", "visit_appointed"]
    assert bells(agent)[-2:] == ["visit_arrived", "visit_completed"]
    with pytest.raises(flow.VisitRefused):
        slips.write(visit, by=technician.user, now=at(16, 11, 16), **SLIP)


def test_a_slip_is_corrected_by_a_further_version_and_never_changed(appointed, agent, technician):
    visit = appointed()
    flow.arrive(visit, by=technician.user, now=at(16, 10, 20))
    first = slips.write(visit, by=technician.user, now=at(16, 11, 15), **SLIP)
    with pytest.raises(flow.VisitRefused):
        slips.correct(visit, correction=" ", by=agent, now=at(16, 12), **SLIP)
    second = slips.correct(visit, correction="收费写错", by=agent, now=at(16, 12), **{**SLIP, "charges": 30})
    assert (first.version, second.version, visit.slips.count()) == (1, 2, 2)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Slip.objects.filter(pk=first.pk).update(charges=99)


def test_the_clock_waits_for_the_date_that_the_customer_chose_and_no_longer(appointed, ticket):
    visit = appointed(at(18, 14), at(18, 16))
    ticket.refresh_from_db()
    timer = SLATimer.objects.get(ticket=ticket, metric=Metric.RESOLUTION)
    used = timer.consumed_seconds
    assert ticket.waiting_customer and timer.state == "paused"
    assert ticks.let_clocks_run(now=at(18, 13, 59)) == 0
    assert ticks.let_clocks_run(now=at(18, 14)) == 1
    assert ticks.let_clocks_run(now=at(18, 14)) == 0
    ticket.refresh_from_db()
    timer.refresh_from_db()
    visit.refresh_from_db()
    assert (ticket.waiting_customer, visit.clock_waits, timer.state) == (False, False, "running")
    assert timer.consumed_seconds == used and timer.due_at > at(18, 14)


def test_the_clock_does_not_wait_for_the_window_we_offered_nor_for_a_change_of_ours(appointed, agent, ticket):
    visit = appointed()
    ticket.refresh_from_db()
    assert not ticket.waiting_customer
    assert flow.appoint(visit, starts_at=at(16, 10), ends_at=at(16, 12), by=agent, now=at(16, 9, 16)).pk == visit.pk
    with pytest.raises(flow.VisitRefused, match="Say why"):
        flow.appoint(visit, starts_at=at(17, 9), ends_at=at(17, 11), by=agent, now=at(16, 9, 20))
    changed = flow.appoint(
        visit, starts_at=at(17, 9), ends_at=at(17, 11), reason="配件未到", ours=True, by=agent, now=at(16, 9, 20)
    )
    ticket.refresh_from_db()
    assert not ticket.waiting_customer and not changed.clock_waits
    later = flow.appoint(
        changed, starts_at=at(19, 9), ends_at=at(19, 11), reason="客户出差", by=agent, now=at(16, 9, 30)
    )
    ticket.refresh_from_db()
    assert ticket.waiting_customer and later.clock_waits
    assert [row.starts_at for row in visit.appointments.all()] == [at(19, 9), at(17, 9), at(16, 10)]
    flow.cancel(later, reason="客户自行解决", by=agent, now=at(16, 9, 40))
    ticket.refresh_from_db()
    assert not ticket.waiting_customer and ticket.holds == {}


def test_nobody_at_home_asks_for_a_new_appointment(appointed, technician, agent, ticket):
    visit = appointed()
    flow.set_out(visit, by=technician.user, now=at(16, 9, 50))
    failed = flow.fail(visit, failure="nobody_home", by=technician.user, now=at(16, 10, 30))
    assert failed.state == State.FAILED and "visit_failed" in bells(agent)
    ticket.refresh_from_db()
    assert ticket.holds
    again = flow.appoint(
        failed, starts_at=at(16, 15), ends_at=at(16, 17), reason="客户下午在家", by=technician.user, now=at(16, 10, 40)
    )
    assert (again.state, again.set_out_at) == (State.APPOINTED, None)


def test_a_technician_is_never_at_two_places(appointed, planned, technician, agent):
    first = appointed()
    with pytest.raises(flow.Clash, match=first.number):
        flow.dispatch(planned(), technician=technician, starts_at=at(16, 11), ends_at=at(16, 13), by=agent,
                      now=at(16, 9, 30))
    second = flow.dispatch(planned(), technician=technician, starts_at=at(16, 12), ends_at=at(16, 13), by=agent,
                           now=at(16, 9, 30))
    with pytest.raises(IntegrityError, match="a_technician_is_at_one_place"), transaction.atomic():
        Visit.objects.filter(pk=second.pk).update(starts_at=at(16, 11, 59))
    free = windows.free([technician], minutes=timedelta(minutes=90), now=at(16, 9), address=ADDRESS)
    taken = [(at(16, 10), at(16, 12)), (at(16, 12), at(16, 13))]
    assert free[0].starts_at == at(16, 13, 30) and len(free) == windows.OFFERED
    assert all(one.ends_at <= start or one.starts_at >= end for one in free for start, end in taken)


def test_before_a_week_of_days_off_the_windows_after_it_are_offered(technician):
    eve = at(16, 20).replace(month=9, day=30)
    free = windows.free([technician], minutes=timedelta(hours=2), now=eve, address=ADDRESS)
    assert {(one.starts_at.month, one.starts_at.day) for one in free} == {(10, 8), (10, 9)}


def test_outside_working_time_area_and_capacity_a_dispatcher_is_warned(appointed, planned, technician):
    appointed()
    visit = planned(address="上海市嘉定区安亭镇1号")
    technician.per_day = 1
    said = windows.warnings(technician, at(16, 18), at(16, 19), visit=visit)
    assert len(said) == 3
    technician.per_day = 3
    near = planned()
    assert windows.warnings(technician, at(16, 14), at(16, 15), visit=near) == []


def test_a_window_that_passed_is_told_once_and_tomorrow_is_reminded_once(appointed, agent, technician, ticket):
    visit = appointed(at(17, 10), at(17, 12))
    assert ticks.remind(now=at(16, 10)) == 0  # agreed an hour ago
    assert [ticks.remind(now=at(16, 16)) for _n in range(2)] == [1, 0]
    mail = Outbox.objects.get(key__contains="reminder")
    assert (mail.purpose, mail.customer) == ("service", ticket.customer) and visit.number in mail.body
    assert ADDRESS not in mail.body
    assert ticks.tell_late(now=at(17, 11, 59)) == 0
    assert [ticks.tell_late(now=at(17, 12, 1)) for _n in range(2)] == [1, 0]
    assert bells(technician.user).count("visit_tomorrow") == 1
    assert bells(agent).count("visit_late") == 1 and bells(technician.user).count("visit_late") == 1


def test_the_place_is_shown_to_whoever_goes_there_and_only_while_they_go(appointed, agent, technician):
    visit = appointed()
    shown = places.show(visit, by=technician.user, reason="", now=at(16, 9, 40))
    assert shown == {"address": ADDRESS, "phone": f"+86{PHONE}"}
    assert Event.objects.filter(kind="revealed", actor_id=technician.user_id).count() == 1
    assert not places.may_see(visit, agent)
    flow.cancel(visit, reason="改为寄修", by=agent, now=at(16, 9, 50))
    visit.refresh_from_db()
    with pytest.raises(places.reveal.RevealForbidden):
        places.show(visit, by=technician.user, reason="看看", now=at(16, 10))


def test_technicians_act_on_their_visit_and_do_not_dispatch(appointed, technician, outsider):
    visit = appointed()
    assert Visit.objects.visible_to(technician.user).get() == visit
    assert not Visit.objects.visible_to(outsider).exists()
    with pytest.raises(flow.NotYours):
        flow.cancel(visit, reason="不想去", by=technician.user, now=at(16, 9, 30))


HOUR = timedelta(hours=1)
STEPS = {
    "dispatch": lambda visit, now, who: flow.dispatch(
        visit, technician=who, starts_at=now, ends_at=now + HOUR, by=None, now=now
    ),
    "appoint": lambda visit, now, who: flow.appoint(
        visit, technician=who, starts_at=now + 2 * HOUR, ends_at=now + 3 * HOUR, reason="x", by=None, now=now
    ),
    "set_out": lambda visit, now, who: flow.set_out(visit, by=None, now=now),
    "arrive": lambda visit, now, who: flow.arrive(visit, by=None, now=now),
    "fail": lambda visit, now, who: flow.fail(visit, failure="customer", by=None, now=now),
    "cancel": lambda visit, now, who: flow.cancel(visit, reason="x", by=None, now=now),
    "write": lambda visit, now, who: slips.write(
        visit, by=None, now=now, **{**SLIP, "arrived_at": now, "left_at": now}
    ),
}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(STEPS)), max_size=9))
def test_whatever_is_tried_the_states_follow_the_table_and_the_hold_the_state(planned, technician, ticket, names):
    with transaction.atomic():
        visit, before = planned(), Event.objects.filter(kind="visit").count()
        taken = 0
        for number, name in enumerate(names):
            was = Visit.objects.get(pk=visit.pk).state
            try:
                STEPS[name](visit, at(16, 10) + 4 * number * HOUR, technician)
            except flow.VisitRefused:
                assert Visit.objects.get(pk=visit.pk).state == was
                continue
            now = Visit.objects.get(pk=visit.pk)
            assert now.state in flow.MOVES[was] or now.state == was
            taken += now.state != was or name in ("dispatch", "appoint")
        ticket.refresh_from_db()
        found = Visit.objects.get(pk=visit.pk)
        assert bool(ticket.holds) == found.is_open and ticket.waiting_customer == found.clock_waits
        assert Event.objects.filter(kind="visit").count() - before == taken
        transaction.set_rollback(True)
