"""Mails to staff over a real socket: all that is due in one, in their language, never at night, never twice."""

import email
import email.policy
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse

from desk import notice_mail
from staff import announcing, deliveries, forgetting, wording
from staff.models import Delivery, Notification
from staff.notice_kinds import GROUPS, plain
from staff.notice_models import Group
from staff.notifications import notify, notify_about_tickets
from tests.factories import CustomerFactory, TicketFactory
from tests.messaging.smtp_server import smtp_server

NOON = datetime(2026, 5, 8, 4, 0, tzinfo=UTC)  # Friday 12:00 in Shanghai
WISHES = {
    "zone": "Asia/Shanghai", "digest_at": "08:00", "quiet_from": "21:00", "quiet_until": "07:30",
    **{f"mail_{group}": "off" for group in Group},
    **{f"bell_{group}": "on" for group in Group},
    **{f"hook_{group}": "on" for group in Group},
}  # fmt: skip


@pytest.fixture
def posted(settings):
    """The mails that a server on a real socket has taken."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.SITE_URL = "https://desk.example"
    with smtp_server() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        yield server.received


def read(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    return mail["Subject"], mail.get_content(), mail


def wish(signed_in, user, **changes):
    answer = signed_in(user).post(reverse("me:notices"), WISHES | changes)
    assert answer.status_code == 302, answer.context["form"].errors


def test_what_is_due_comes_in_one_mail_with_the_subjects_the_reader_may_see(agent, other_team, posted):
    mine = TicketFactory(customer=CustomerFactory(team=agent.team), subject="漏水，电话 13812345678")
    theirs = TicketFactory(customer=CustomerFactory(team=other_team), subject="别组的事")
    agent.language = "zh-hans"
    agent.save()
    for ticket in (mine, theirs):
        notify(agent, "escalated", ticket_id=ticket.pk, now=NOON)
    notify(agent, "assigned", ticket_id=mine.pk, by="王强", now=NOON)  # no mail unless wished for
    assert notice_mail.send_due(now=NOON) == 1
    assert notice_mail.send_due(now=NOON + timedelta(minutes=10)) == 0
    [raw] = posted
    subject, text, mail = read(raw)
    assert "2" in subject and mail["To"] == agent.email and mail["Auto-Submitted"] == "auto-generated"
    assert f"T-{mine.pk}" in text and f"T-{theirs.pk}" in text and "漏水" in text
    assert "13812345678" not in text and "别组的事" not in text and "王强" not in text
    assert f"https://desk.example/tickets/{mine.pk}/" in text and "https://desk.example/me/notices/" in text


def test_mails_wait_for_the_end_of_quiet_hours_and_urgent_ones_pass(agent, signed_in, posted):
    wish(signed_in, agent, is_quiet="on", quiet_days=list("0123456"), mail_mention="now", mail_escalation="now")
    midnight = datetime(2026, 5, 8, 15, 59, tzinfo=UTC)
    notify(agent, "mentioned", ticket_id=1, by="王强", now=midnight)
    for minute in (0, 1, 5, 60, 300):  # over midnight, too
        notice_mail.send_due(now=midnight + timedelta(minutes=minute))
    assert posted == []
    notify(agent, "escalated", ticket_id=2, now=midnight + timedelta(hours=6))
    notice_mail.send_due(now=midnight + timedelta(hours=6))
    assert [("T-2" in read(raw)[1], "T-1" in read(raw)[1]) for raw in posted] == [(True, False)]
    morning = datetime(2026, 5, 8, 23, 30, tzinfo=UTC)
    for hours in (0, 1, 24):
        notice_mail.send_due(now=morning + timedelta(hours=hours))
    assert len(posted) == 2 and "T-1" in read(posted[1])[1] and "T-2" not in read(posted[1])[1]


def test_a_digest_gathers_leaves_out_what_was_read_and_sends_nothing_when_there_is_nothing(agent, signed_in, posted):
    wish(signed_in, agent, mail_mention="daily", mail_customer="hourly")
    notify(agent, "mentioned", ticket_id=1, now=NOON)
    notify(agent, "mentioned", ticket_id=2, now=NOON + timedelta(hours=1))
    notify(agent, "chased", ticket_id=3, times=1, now=NOON + timedelta(minutes=1))
    read_soon = notify(agent, "mentioned", ticket_id=4, now=NOON)
    Notification.objects.filter(pk=read_soon.pk).update(read_at=NOON + timedelta(minutes=9))
    at = NOON
    deliveries.plan(now=NOON)
    while at < NOON + timedelta(days=3):
        notice_mail.send_due(now=at)
        at += timedelta(minutes=30)
    told = [read(raw)[1] for raw in posted]
    assert len(told) == 2 and "T-3" in told[0]
    assert "T-1" in told[1] and "T-2" in told[1] and "T-4" not in told[1]
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent", "dropped"}


def test_a_mail_server_that_refuses_for_now_is_tried_again_and_a_lost_worker_never_mails_twice(agent, settings, posted):
    with smtp_server(MESSAGE="451 4.3.0 later") as refusing:
        taking, settings.EMAIL_PORT = settings.EMAIL_PORT, refusing.server_address[1]
        notify(agent, "escalated", ticket_id=1, now=NOON)
        notice_mail.send_due(now=NOON)
    settings.EMAIL_PORT = taking
    notice_mail.send_due(now=NOON + timedelta(seconds=10))
    assert posted == []
    notice_mail.send_due(now=NOON + timedelta(minutes=5))
    assert len(posted) == 1
    notify(agent, "escalated", ticket_id=2, now=NOON + timedelta(hours=1))
    deliveries.plan(now=NOON + timedelta(hours=1))
    Delivery.objects.filter(state="queued").update(state="sending", claimed_at=NOON + timedelta(hours=1))
    notice_mail.send_due(now=NOON + timedelta(hours=2))
    assert len(posted) == 1 and Delivery.objects.filter(state="failed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_mail_once(agent, lead, supervisor, posted):
    people = (agent, lead, supervisor)
    for ticket_id in range(1, 4):
        for user in people:
            notify(user, "escalated", ticket_id=ticket_id, now=NOON)
    barrier, tried = threading.Barrier(4), []

    def work():
        try:
            barrier.wait(10)
            tried.append(notice_mail.send_due(now=NOON))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    notice_mail.send_due(now=NOON + timedelta(minutes=5))
    told = [(read(raw)[2]["To"], number) for raw in posted for number in (1, 2, 3) if f"T-{number} " in read(raw)[1]]
    assert sorted(told) == sorted((user.email, number) for user in people for number in (1, 2, 3))
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_wishes_are_kept_and_wrong_ones_come_back_with_their_reason(agent, signed_in):
    client, page = signed_in(agent), reverse("me:notices")
    for wrong in ({"zone": "Mars/Base"}, {"is_quiet": "on"}, {"mail_mention": "yearly"},
                  {"is_quiet": "on", "quiet_days": ["0"], "quiet_until": "21:00"}):  # fmt: skip
        answer = client.post(page, WISHES | {"digest_at": "09:15"} | wrong)
        text = answer.content.decode()
        assert answer.status_code == 422 and 'role="alert"' in text and 'value="09:15"' in text
    kept = {key: value for key, value in WISHES.items() if key not in ("bell_mention", "bell_escalation")}
    assert client.post(page, kept | {"sound": "on", "mail_visit": "hourly"}).status_code == 302
    agent = type(agent).objects.get(pk=agent.pk)
    assert agent.notice_settings.muted == ["mention"] and agent.notice_settings.sound
    assert agent.notice_preferences.get(group="visit").mail == "hourly"
    assert notify(agent, "mentioned", ticket_id=1).read_at and not notify(agent, "escalated", ticket_id=1).read_at


def test_every_kind_belongs_to_a_group_and_says_so_in_words():
    assert {plain(kind) for kind in wording.WORDS} == set(GROUPS)


def test_many_tickets_are_one_line_and_one_mail(agent, posted):
    notify_about_tickets(agent, "escalated", list(range(1, 40)), now=NOON)
    notice_mail.send_due(now=NOON)
    assert agent.notifications.count() == 1 and len(posted) == 1 and "39" in read(posted[0])[0]


def test_an_announcement_comes_under_its_readers_bells_once_when_it_begins(lead, agent, outsider):
    announcing.publish(
        by=lead, teams=[lead.team], title_zh="停电通知", title_en="", starts_at=NOON + timedelta(hours=1),
        ends_at=NOON + timedelta(days=1), now=NOON,
    )  # fmt: skip
    for hours in (0, 2, 3):
        announcing.tell_begun(now=NOON + timedelta(hours=hours))
    [row] = Notification.objects.filter(kind="announced")
    assert (row.user, row.at) == (agent, NOON + timedelta(hours=2)) and "停电通知" in wording.line(row).text


def test_what_was_read_or_sent_long_ago_is_forgotten_and_nothing_else(agent, posted):
    old, unread, fresh = (notify(agent, "escalated", ticket_id=1, now=NOON) for _n in range(3))
    notice_mail.send_due(now=NOON)
    Notification.objects.filter(pk=old.pk).update(read_at=NOON)
    Notification.objects.filter(pk=fresh.pk).update(read_at=NOON + timedelta(days=2))
    later = NOON + timedelta(days=91)
    assert forgetting.forget(now=later) == 4 and forgetting.forget(now=later) == 0
    assert set(Notification.objects.values_list("pk", flat=True)) == {unread.pk, fresh.pk}
