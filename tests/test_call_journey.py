"""One whole case in each direction: from the ringing phone, and from an arriving mail, to the archive."""

from datetime import UTC, datetime, timedelta

import pytest

from complaints import sheets
from core.models import Event
from desk import calls as desk_calls
from desk.mail_intake import route
from followups import audits, callbacks
from messaging import calls, inbound, outbox
from messaging.models import Outbox
from tickets import conversation, escalation, workflow
from tickets.models import Ticket

MONDAY = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MAIL = b"""\
From: Wang Xiaoyu <wang@example.com>
To: service@desk.example
Subject: Water purifier leaking, I want a visit today
Message-ID: <one@example.com>
Date: Mon, 23 Nov 2026 09:00:00 +0800
Content-Type: text/plain; charset=utf-8

This is a complaint: the purifier is leaking again and nobody helps.
"""


def kinds_of(ticket) -> list[str]:
    return list(Event.objects.filter(ticket_id=ticket.pk).order_by("id").values_list("kind", flat=True))


def test_a_call_becomes_a_service_is_audited_called_back_and_archived(team, agent, specialist, lead, mailoutbox):
    call = calls.start(team=team, agent=agent, number="138 1234 5678", ringing_at=MONDAY, now=MONDAY + MINUTE / 6)
    for step in ("open", "listen", "note", "answer"):
        calls.stamp(call, step, now=MONDAY + MINUTE)
    facts = desk_calls.Facts(
        phone="13812345678", name="王小雨", kind="service", subject="净水机滤芯更换，约今天上门",
        words="滤芯到期了，想约今天更换。", wish="今天 16:30 后上门", promised_at=MONDAY + timedelta(hours=4),
    )
    ticket = desk_calls.finish(call=call, outcome="ticket", facts=facts, by=agent, now=MONDAY + 3 * MINUTE).ticket
    assert ticket.customer.name == "王小雨"
    assert ticket.timers.get(metric="first_response").state == "met"

    ticket.refresh_from_db()
    assert ticket.state == "classified"
    workflow.move(ticket, "recorded", by=agent, now=MONDAY + 5 * MINUTE)
    conversation.note(ticket, body="师傅 16:40 上门，已更换。", by=agent, now=MONDAY + timedelta(hours=8))
    workflow.move(ticket, "audit_callback", by=agent, now=MONDAY + timedelta(hours=8))
    assert ticket.timers.get(metric="resolution").state == "met"

    assert callbacks.plan_due(now=MONDAY + timedelta(hours=8)) == 1
    assert callbacks.plan_due(now=MONDAY + timedelta(hours=8)) == 0
    callback = ticket.callbacks.get()
    audits.audit(
        callback, by=specialist, complete=True, conform=True, authentic=True, items=True, note="记录完整",
        now=MONDAY + DAY,
    )
    callbacks.record_attempt(
        callback, by=specialist, outcome="satisfied", score=5, words="很准时", cause="service_nature",
        now=MONDAY + DAY + MINUTE,
    )
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome, ticket.cause) == ("archived", "satisfied", "service_nature")
    assert ticket.timers.filter(stopped_at=None).count() == 0
    told = kinds_of(ticket)
    assert [kind for kind in told if kind in ("opened", "resolved", "archived")] == ["opened", "resolved", "archived"]
    assert told.count("moved") == 4
    assert ticket.history.count() >= 4


@pytest.mark.django_db
def test_a_mail_becomes_a_special_complaint_breaches_climbs_and_ends_satisfied(
    team, agent, specialist, lead, supervisor, mailoutbox
):
    message = inbound.store(MAIL, now=MONDAY)
    route(message, now=MONDAY)
    ticket = Ticket.objects.get()
    assert (ticket.kind, ticket.channel, ticket.customer.name) == ("complaint", "mail", "Wang Xiaoyu")
    workflow.reclassify(ticket, "complaint", by=agent, reason="客户提到媒体", level="special", now=MONDAY + MINUTE)
    sheet = sheets.open_sheet(ticket, by=agent, now=MONDAY + MINUTE)
    ticket.refresh_from_db()
    assert (ticket.state, bool(ticket.holds)) == ("sheet_open", True)

    late = ticket.timers.get(metric="resolution").due_at + MINUTE
    escalation.escalate_due(now=late)
    escalation.escalate_due(now=late + DAY)
    assert list(ticket.escalations.filter(timer__metric="resolution").order_by("level").values_list("level", "to")) == [
        (1, lead.pk),
        (2, supervisor.pk),
    ]
    assert ticket.state == "sheet_open"

    conversation.reply(
        ticket, body="We are sorry. A technician comes today.", by=agent, next_update_at=late + 3 * DAY, now=late + DAY
    )
    outbox.send_due(now=late + DAY)
    assert Outbox.objects.filter(post__ticket=ticket).get().state == "sent"
    assert any(ticket.number in mail.subject for mail in mailoutbox)

    for state, person in (("dept_handling", agent), ("callback", specialist)):
        workflow.move(ticket, state, by=person, now=late + 2 * DAY)
    callbacks.plan_due(now=late + 2 * DAY)
    callback = ticket.callbacks.get()
    with pytest.raises(workflow.MoveRefused, match="sheet"):
        callbacks.record_attempt(callback, by=lead, outcome="satisfied", cause="company_system", now=late + 3 * DAY)
    sheets.save_sheet(
        sheet, by=specialist, version=sheet.version, finding="upheld", root_cause="company_system",
        known="接口漏水", known_when="11-23 09:00", done="当天更换接头",
    )
    sheet.refresh_from_db()
    sheets.close_sheet(sheet, by=specialist, now=late + 3 * DAY)
    callbacks.record_attempt(callback, by=lead, outcome="satisfied", cause="company_system", now=late + 3 * DAY)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.outcome) == ("archived", "satisfied")
    assert ticket.breaches.filter(metric="resolution").count() == 1
