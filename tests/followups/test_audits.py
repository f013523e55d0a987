import pytest

from core.models import Event
from followups import audits, callbacks
from followups.models import Audit, Callback
from tests.followups.conftest import at, resolution_of
from tickets import conversation, workflow
from tickets.models import Category, Kind, SLATimer, State, Ticket

ALL = {"complete": True, "conform": True, "authentic": True, "items": True}


def test_a_passed_audit_lets_the_call_begin(planned, specialist):
    callback = planned(Kind.SERVICE)
    assert audits.audit(callback, by=specialist, **ALL).passed
    assert callback.state == Callback.State.PLANNED


def test_a_failed_audit_returns_the_record_and_cancels_the_callback(planned, specialist, agent):
    callback = planned(Kind.SERVICE)
    audits.audit(callback, by=specialist, **{**ALL, "conform": False}, note="没有写处理过程", now=at(17, 9))
    ticket = Ticket.objects.get(pk=callback.ticket_id)
    assert ticket.state == State.RECORDED and callback.state == Callback.State.CANCELLED
    event = Event.objects.get(kind="audited")
    assert event.data["failed"] == ["conform"] and event.actor_id == specialist.pk
    assert SLATimer.objects.filter(ticket=ticket, metric="resolution", stopped_at=None).exists()


def test_a_corrected_record_is_audited_again(planned, specialist, agent):
    callback = planned(Kind.SERVICE)
    audits.audit(callback, by=specialist, **{**ALL, "items": False}, note="缺服务项目", now=at(17, 9))
    workflow.move(callback.ticket, State.AUDIT_CALLBACK, by=agent, now=at(17, 11))
    second = callbacks.plan(resolution_of(callback.ticket))
    assert second.pk != callback.pk and audits.audit(second, by=specialist, **ALL).passed


def test_a_failure_needs_its_reason(planned, specialist):
    callback = planned(Kind.SERVICE)
    with pytest.raises(audits.CallbackRefused):
        audits.audit(callback, by=specialist, **{**ALL, "items": False}, note=" ")
    assert not Audit.objects.exists()


def test_whoever_handled_the_ticket_never_audits(planned, lead):
    callback = planned(Kind.SERVICE)
    Ticket.objects.filter(pk=callback.ticket_id).update(handler=lead)
    with pytest.raises(audits.NotYours):
        audits.audit(callback, by=lead, **ALL)


def test_an_agent_does_not_audit(planned, agent):
    with pytest.raises(audits.NotYours):
        audits.audit(planned(Kind.SERVICE), by=agent, **ALL)


def test_a_complaint_is_not_audited(planned, specialist):
    with pytest.raises(audits.CallbackRefused):
        audits.audit(planned(Kind.COMPLAINT), by=specialist, **ALL)


def test_a_record_is_audited_once(planned, specialist, lead):
    callback = planned(Kind.SERVICE)
    audits.audit(callback, by=specialist, **ALL)
    with pytest.raises(audits.CallbackRefused):
        audits.audit(callback, by=lead, **ALL)


def test_an_audit_of_a_ticket_that_moved_on_cancels_the_callback(planned, specialist, lead):
    callback = planned(Kind.SERVICE)
    workflow.move(callback.ticket, State.RECORDED, by=lead, now=at(16, 12))
    with pytest.raises(audits.Stale):
        audits.audit(callback, by=specialist, **ALL)
    assert callback.state == Callback.State.CANCELLED


def test_the_program_finds_what_is_missing_and_what_is_there(resolved, agent):
    ticket = resolved(Kind.SERVICE)
    before = {finding.label: finding.ok for finding in audits.findings(ticket)}
    assert list(before.values()) == [True, True, False, False, False, True, False, False]
    conversation.note(ticket, body="已上门更换滤芯，客户当场确认。", by=agent)
    ticket.wish, ticket.category = "今天上门", Category.objects.get(code="repair")
    after = {finding.label: finding.ok for finding in audits.findings(ticket)}
    assert list(after.values()) == [True, True, True, False, True, True, True, True]
