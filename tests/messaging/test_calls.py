from datetime import timedelta

import pytest
from django.utils import timezone

from core.models import Event
from core.phones import BadPhone
from messaging import calls
from messaging.models import Call, CallStep
from staff.models import ApiToken
from tests.factories import CustomerFactory

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def call(team, agent):
    return calls.start(team=team, agent=agent, number="138 1234 1234", now=NOW)


def test_picking_up_stamps_the_greeting_and_keeps_the_number_in_one_form(call):
    call.refresh_from_db()
    assert (call.number, call.masked) == ("+8613812341234", "138****1234")
    assert call.steps == {"open": NOW.isoformat()}
    assert Event.objects.get(kind="call_started").subject_id == call.pk


def test_an_agent_in_a_call_gets_that_call_back(call, team, agent):
    assert calls.start(team=team, agent=agent, number="139 1111 2222").pk == call.pk
    assert Call.objects.count() == 1


def test_a_withheld_number_is_accepted_and_a_wrong_one_refused(team, agent):
    with pytest.raises(BadPhone):
        calls.start(team=team, agent=agent, number="12")
    assert calls.start(team=team, agent=agent, number="").masked == ""


def test_the_first_stamp_of_a_step_wins(call):
    calls.stamp(call, CallStep.LISTEN, now=NOW + timedelta(seconds=12))
    calls.stamp(call, CallStep.LISTEN, now=NOW + timedelta(seconds=90))
    call.refresh_from_db()
    assert calls.identified_after(call) == timedelta(seconds=12) <= calls.IDENTIFY_WITHIN


def test_a_stamp_that_is_no_standard_action_is_refused(call):
    with pytest.raises(ValueError):
        calls.stamp(call, "coffee")


def test_a_draft_is_kept_encrypted_with_the_number_typed_during_the_call(team, agent):
    call = calls.start(team=team, agent=agent)
    calls.save_draft(call, {"phone": "139 1111 2222", "words": "漏水"}, steps=["listen"])
    fresh = Call.objects.get(pk=call.pk)
    assert fresh.draft == {"phone": "139 1111 2222", "words": "漏水"}
    assert fresh.masked == "139****2222"
    assert set(fresh.steps) == {"open", "listen"}


def test_a_half_typed_number_leaves_the_known_one_alone(call):
    calls.save_draft(call, {"phone": "139 11"})
    assert Call.objects.get(pk=call.pk).masked == "138****1234"


def test_finding_the_customer_counts_as_listening_and_can_be_taken_back(call, team, agent):
    customer = CustomerFactory(team=team)
    calls.attach_customer(call, customer, by=agent, now=NOW + timedelta(seconds=5))
    assert calls.identified_after(call) == timedelta(seconds=5)
    calls.attach_customer(call, None, by=agent)
    assert Call.objects.get(pk=call.pk).customer is None


def test_a_call_ends_once_whatever_is_pressed_later(call):
    calls.finish(call, outcome="ticket", now=NOW + timedelta(seconds=192))
    calls.finish(call, outcome="dropped", now=NOW + timedelta(seconds=300))
    call.refresh_from_db()
    assert (call.outcome, call.ended_at) == ("ticket", NOW + timedelta(seconds=192))
    assert Event.objects.get(kind="call_ended").data == {"outcome": "ticket", "seconds": 192}


def test_nothing_is_added_to_a_call_that_has_ended(call, agent):
    calls.finish(call, outcome="dropped")
    for late in (
        lambda: calls.save_draft(call, {"words": "x"}),
        lambda: calls.stamp(call, "note"),
        lambda: calls.attach_customer(call, None, by=agent),
    ):
        with pytest.raises(calls.CallClosed):
            late()


def test_the_draft_goes_with_the_ticket_and_stays_with_a_dropped_call(team, agent):
    for outcome, kept in (("ticket", {}), ("dropped", {"words": "漏水"})):
        call = calls.start(team=team, agent=agent)
        calls.save_draft(call, {"words": "漏水"})
        calls.finish(call, outcome=outcome)
        assert Call.objects.get(pk=call.pk).draft == kept


def test_dropped_calls_of_the_day_can_be_dialled_again(call, team, agent, lead):
    calls.finish(call, outcome="dropped", now=NOW)
    assert calls.dropped_today(agent, now=NOW) == [call]
    assert calls.dropped_today(lead, now=NOW) == []
    assert calls.dropped_today(agent, now=NOW + timedelta(days=2)) == []


def test_the_telephone_tells_when_it_rang_was_answered_and_who_hung_up_first(team, agent, lead, client):
    tokens = {user: ApiToken.issue(user) for user in (agent, lead)}

    def tell(user=agent, **data):
        bearer = {"authorization": f"Bearer {tokens[user]}"}
        return client.post("/api/v1/telephone/", data, "application/json", headers=bearer)

    assert tell(event="ringing", number="138 1234 1234").status_code == 202
    assert tell(event="answered", number="138 1234 1234").status_code == 200
    call = Call.objects.get()
    assert call.ringing_at <= call.picked_up_at and set(call.steps) == {"open"}
    assert tell(event="hung_up").status_code == 400
    assert tell(lead, event="hung_up", hung_up_by="customer", agent="agent").json()["hung_up_by"] == "customer"
    assert tell(agent, event="ringing", agent="lead").status_code == 404
    tell(event="hung_up", hung_up_by="agent")  # the first telling stands
    calls.finish(call, outcome="dropped", hung_up_by="agent")
    call.refresh_from_db()
    assert (call.hung_up_by, set(call.steps)) == ("customer", {"open", "end"})
    assert tell(event="answered", number="12").status_code == 400
