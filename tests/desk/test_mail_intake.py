"""From raw bytes to the right ticket, whatever arrives."""

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from core.models import Event
from customers import consent
from customers.models import Customer
from desk import mail_intake
from messaging import inbound, outbox
from messaging.models import Mailbox, Message, Outbox
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation, workflow
from tickets.models import Post, Ticket


def raw_mail(subject="净水机漏水", body="滤芯接口漏水，请尽快上门维修。", sender="小雨 <yu@mail.example>", **headers):
    lines = {
        "From": sender, "To": "service@desk.example", "Subject": subject, "Message-ID": "<one@mail.example>",
        "Content-Type": "text/plain; charset=utf-8", **{name.replace("_", "-"): text for name, text in headers.items()},
    }  # fmt: skip
    return ("".join(f"{name}: {text}\r\n" for name, text in lines.items() if text) + f"\r\n{body}\r\n").encode()


def take_in(raw=None, **parts):
    return mail_intake.route(inbound.store(raw if raw is not None else raw_mail(**parts)))


def kinds_of(ticket_id):
    return list(Event.objects.filter(ticket_id=ticket_id).order_by("id").values_list("kind", flat=True))


def test_a_first_mail_opens_a_classified_ticket_with_customer_timers_and_message(team):
    result = take_in()
    ticket = Ticket.objects.get(pk=result.ticket_id)
    assert result.action == "opened"
    assert (ticket.kind, ticket.channel, ticket.team, ticket.unread) == ("service", "mail", team, True)
    assert ticket.subject == "净水机漏水"
    assert ticket.due_at is not None
    assert ticket.customer.language == "zh-hans"
    assert ticket.customer.contacts.get().value == "yu@mail.example"
    post = ticket.posts.get()
    assert post.message_id == result.message.pk
    assert post.body == "滤芯接口漏水，请尽快上门维修。"
    kept = Message.objects.get(pk=result.message.pk)
    assert (kept.state, kept.action, kept.subject) == ("routed", "opened", "净水机漏水")
    assert kept.envelope["from_email"] == "yu@mail.example"


def test_gb18030_under_a_gb2312_label_is_read(team):
    head = b"From: a@mail.example\r\nTo: service@desk.example\r\nSubject: =?gb2312?B?zbbL3w==?=\r\n"
    head += b"Content-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    result = take_in(head + "我要投诉，镕基小区的水表一直没人管".encode("gb18030"))
    ticket = Ticket.objects.get(pk=result.ticket_id)
    assert (ticket.subject, ticket.kind) == ("投诉", "complaint")
    assert "镕基小区" in ticket.posts.get().body


def test_the_acknowledgement_names_the_number_and_the_expected_time_and_goes_out_as_automatic(team):
    result = take_in(subject="Leaking filter", body="Please repair it.", sender="Ann <ann@mail.example>")
    row = Outbox.objects.get()
    ticket = Ticket.objects.get(pk=result.ticket_id)
    assert row.to == "ann@mail.example"
    assert row.headers["auto"] is True
    assert row.headers["in_reply_to"] == "<one@mail.example>"
    assert ticket.number in row.subject
    assert ticket.number in row.body
    due = timezone.localtime(ticket.timers.get(metric="first_response").due_at)
    assert f"{due:%Y}" in row.body
    assert "acknowledged" in kinds_of(ticket.pk)


@pytest.mark.parametrize(
    "headers", [{"Precedence": "list"}, {"List_Id": "<group.example>"}, {"sender": "no-reply@shop.example"}]
)
def test_lists_and_senders_that_read_nothing_get_a_ticket_but_no_acknowledgement(team, headers):
    assert take_in(**headers).action == "opened"
    assert not Outbox.objects.exists()


def test_one_sender_is_acknowledged_once_an_hour(team):
    for number in range(3):
        take_in(Message_ID=f"<{number}@mail.example>")
    assert Ticket.objects.count() == 3
    assert Outbox.objects.count() == 1
    Outbox.objects.update(queued_at=timezone.now() - timedelta(hours=2))
    take_in(Message_ID="<4@mail.example>")
    assert Outbox.objects.count() == 2


def test_a_mail_taken_in_twice_is_a_duplicate_of_the_same_ticket(team):
    first = take_in()
    again = take_in()
    other_way = take_in(raw_mail(Received="by another server"))
    assert (again.action, again.ticket_id) == ("duplicate", first.ticket_id)
    assert (other_way.action, other_way.ticket_id) == ("duplicate", first.ticket_id)
    assert Ticket.objects.count() == Post.objects.count() == 1
    assert Message.objects.count() == 3


def test_without_a_message_id_only_equal_bytes_are_a_duplicate(team):
    first, again = take_in(Message_ID=""), take_in(Message_ID="")
    other = take_in(Message_ID="", body="另外一件事")
    assert (first.action, again.action, other.action) == ("opened", "duplicate", "opened")


def test_an_answer_to_our_reply_is_appended_and_stops_the_waiting(team, agent):
    ticket = Ticket.objects.get(pk=take_in().ticket_id)
    post = conversation.reply(ticket, body="请问方便哪天上门？", by=agent, wait=True)
    result = take_in(
        subject="Re: 上门", body="周三可以", Message_ID="<two@mail.example>", In_Reply_To=post.outgoing.message_id
    )
    ticket.refresh_from_db()
    assert (result.action, result.ticket_id) == ("appended", ticket.pk)
    assert (ticket.waiting_customer, ticket.unread) == (False, True)


def test_an_answer_to_the_acknowledgement_is_appended(team):
    first = take_in()
    result = take_in(Message_ID="<two@mail.example>", References=Outbox.objects.get().message_id)
    assert (result.action, result.ticket_id) == ("appended", first.ticket_id)


def test_a_second_mail_that_refers_to_the_customers_own_first_is_appended_as_a_chaser(team):
    first = take_in()
    result = take_in(Message_ID="<two@mail.example>", References="<lost@mail.example> <one@mail.example>")
    assert (result.action, result.ticket_id) == ("appended", first.ticket_id)
    assert Ticket.objects.get().chases == 1


def test_a_ticket_number_counts_only_from_its_own_customer(team):
    first = take_in()
    subject = f"Re: 净水机漏水 [T-{first.ticket_id}]"
    stranger = take_in(subject=subject, sender="x@evil.example", Message_ID="<s@evil.example>")
    owner = take_in(subject=subject, Message_ID="<two@mail.example>")
    assert stranger.action == "opened"
    assert stranger.ticket_id != first.ticket_id
    assert "[T-" not in Ticket.objects.get(pk=stranger.ticket_id).subject
    assert (owner.action, owner.ticket_id) == ("appended", first.ticket_id)


def test_a_mail_about_an_archived_ticket_opens_a_linked_one_and_the_next_goes_there(team, agent):
    first = take_in()
    ticket = Ticket.objects.get(pk=first.ticket_id)
    workflow.move(ticket, "archived", by=agent, outcome="withdrawn", cause="customer", note="撤回")
    second = take_in(Message_ID="<two@mail.example>", In_Reply_To="<one@mail.example>")
    third = take_in(Message_ID="<three@mail.example>", In_Reply_To="<one@mail.example>")
    assert second.action == "opened"
    assert Ticket.objects.get(pk=second.ticket_id).cycle_of_id == first.ticket_id
    assert (third.action, third.ticket_id) == ("appended", second.ticket_id)
    assert Customer.objects.count() == 1


def test_an_answer_soon_after_the_archive_returns_to_its_ticket_and_a_later_one_opens_the_next_cycle(team, agent):
    first = take_in()
    ticket = Ticket.objects.get(pk=first.ticket_id)
    at = timezone.now() - timedelta(hours=100)
    Ticket.objects.filter(pk=ticket.pk).update(
        kind="consult", state="archived", outcome="satisfied", cause="information", archived_at=at,
        subject="滤芯到货时间",
    )
    later = take_in(Message_ID="<two@mail.example>", In_Reply_To="<one@mail.example>", Subject="Re: whatever")
    assert later.action == "opened"
    cycle = Ticket.objects.get(pk=later.ticket_id)
    assert (cycle.cycle_of_id, cycle.cycle, cycle.subject) == (ticket.pk, 2, "滤芯到货时间")
    assert cycle.customer_id == ticket.customer_id
    workflow.move(cycle, "archived", by=agent, outcome="spam", cause="customer", note="x")
    Ticket.objects.filter(pk=cycle.pk).update(outcome="satisfied")
    soon = take_in(Message_ID="<three@mail.example>", In_Reply_To="<two@mail.example>")
    assert (soon.action, soon.ticket_id) == ("appended", cycle.pk)
    cycle.refresh_from_db()
    assert not cycle.is_archived


def bounce_of(message_id):
    return (
        "From: MAILER-DAEMON@mx.example\r\nTo: service@desk.example\r\nSubject: Undelivered Mail\r\n"
        "Return-Path: <>\r\nMessage-ID: <b@mx.example>\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nFailed.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; yu@mail.example\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {message_id}\r\n\r\n--b--\r\n"
    ).encode()


def test_a_bounce_opens_nothing_and_marks_the_sending_and_its_ticket(team, agent):
    customer = CustomerFactory(team=team, email="yu@mail.example")
    ticket = TicketFactory(customer=customer, owner=agent)
    post = conversation.reply(ticket, body="您好", by=agent, next_update_at=timezone.now() + timedelta(hours=4))
    result = take_in(bounce_of(post.outgoing.message_id))
    post.outgoing.refresh_from_db()
    assert (result.action, result.ticket_id, result.message.state) == ("bounce", ticket.pk, "ignored")
    assert (post.outgoing.state, post.outgoing.error) == ("failed", "returned 5.1.1")
    assert "bounced" in kinds_of(ticket.pk)
    assert agent.notifications.filter(kind="bounced", ticket_id=ticket.pk).exists()
    assert Ticket.objects.count() == 1


def test_a_bounce_of_something_unknown_is_recorded_without_a_ticket(team):
    result = take_in(bounce_of("<never@desk.example>"))
    assert (result.action, result.ticket_id) == ("bounce", None)
    assert not Customer.objects.exists()


def test_an_auto_reply_is_noted_on_its_ticket_and_answered_by_nothing(team):
    first = take_in()
    sent = Outbox.objects.get().message_id
    result = take_in(
        subject="自动回复: 外出", body="我在休假", Auto_Submitted="auto-replied", Message_ID="<a@mail.example>",
        In_Reply_To=sent,
    )
    assert (result.action, result.ticket_id) == ("auto_reply", first.ticket_id)
    assert "auto_reply" in kinds_of(first.ticket_id)
    assert Post.objects.count() == Outbox.objects.count() == 1


def test_our_own_addresses_are_never_customers(team):
    Mailbox.objects.create(address="Repair@desk.example", name="维修", team=team)
    assert take_in(sender="Repair <repair@desk.example>").action == "auto_reply"
    assert not Customer.objects.exists()


def test_the_mailbox_in_to_or_cc_decides_the_team(team, other_team):
    Mailbox.objects.create(address="overseas@desk.example", name="海外", team=other_team)
    result = take_in(To="friend@mail.example", Cc="Overseas@desk.example")
    nobody = take_in(To="someone@mail.example", Message_ID="<two@mail.example>")
    assert Ticket.objects.get(pk=result.ticket_id).team == other_team
    assert Ticket.objects.get(pk=nobody.ticket_id).team == team


@pytest.mark.parametrize("raw", [b"", b"\x00\x01\x02", b"no headers here", b"Subject: nobody\n\nwrote this"])
def test_what_is_no_mail_is_quarantined_with_its_reason(team, raw):
    result = take_in(raw)
    assert (result.action, result.ticket_id, result.message.state) == ("quarantined", None, "quarantined")
    assert result.message.error


def test_an_unforeseen_failure_quarantines_the_mail_and_leaves_nothing_half_done(team, monkeypatch):
    monkeypatch.setattr("desk.mail_intake.intake.open_ticket", lambda **kwargs: 1 / 0)
    result = take_in()
    assert (result.action, result.message.error) == ("quarantined", "ZeroDivisionError: division by zero")
    assert not Customer.objects.exists()
    monkeypatch.undo()
    assert take_in().action == "opened"


def test_an_unwell_database_leaves_the_mail_stored_for_the_next_tick(team, monkeypatch):
    def deadlock(**kwargs):
        raise OperationalError("deadlock detected")

    message = inbound.store(raw_mail())
    monkeypatch.setattr("desk.mail_intake.intake.open_ticket", deadlock)
    with pytest.raises(OperationalError):
        mail_intake.route(message)
    assert mail_intake.route_stored(now=timezone.now() + timedelta(minutes=1)) == 0
    monkeypatch.undo()
    assert mail_intake.route_stored(now=timezone.now() + timedelta(minutes=1)) == 1
    message.refresh_from_db()
    assert message.action == "opened"


def test_the_tick_routes_what_a_killed_process_left_and_leaves_fresh_mails_to_their_own(team):
    inbound.store(raw_mail(), now=timezone.now() - timedelta(minutes=2))
    inbound.store(raw_mail(Message_ID="<two@mail.example>"))
    assert mail_intake.route_stored() == 1
    assert mail_intake.route_stored() == 0
    assert Message.objects.unrouted().count() == 1


def test_the_promise_runs_from_the_arrival_not_from_the_routing(team):
    arrived = timezone.now() - timedelta(hours=3)
    message = inbound.store(raw_mail(), now=arrived)
    ticket = Ticket.objects.get(pk=mail_intake.route(message).ticket_id)
    assert ticket.opened_at == arrived
    assert ticket.timers.get(metric="first_response").started_at == arrived


def test_attachments_are_kept_with_name_type_and_size(team):
    mail = raw_mail(Content_Type='multipart/mixed; boundary="b"', body=(
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n见附件\r\n"
        '--b\r\nContent-Type: image/png; name="p.png"\r\nContent-Disposition: attachment; filename="p.png"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b--\r\n"
    ))
    result = take_in(mail)
    assert result.attachments == [("p.png", "image/png", 5)]
    assert bytes(result.message.attachments.get().content) == b"hello"


def test_routing_a_mail_twice_changes_nothing(team):
    message = inbound.store(raw_mail())
    first, again = mail_intake.route(message), mail_intake.route(message)
    assert (again.action, again.ticket_id) == ("opened", first.ticket_id)
    assert Ticket.objects.count() == 1


def _at_once(work, count=2):
    barrier, found = threading.Barrier(count), []

    def run(number):
        try:
            barrier.wait(10)
            found.append(work(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("message_id", ["<one@mail.example>", ""])
def test_the_same_mail_received_by_several_processes_at_once_opens_one_ticket(team, message_id):
    raw = raw_mail(Message_ID=message_id)
    results = _at_once(lambda number: mail_intake.route(inbound.store(raw)), count=4)
    assert sorted(result.action for result in results) == ["duplicate"] * 3 + ["opened"]
    assert Ticket.objects.count() == 1
    assert {result.ticket_id for result in results} == {Ticket.objects.get().pk}


@pytest.mark.django_db(transaction=True)
def test_a_process_and_the_tick_route_one_message_once(team):
    message = inbound.store(raw_mail(), now=timezone.now() - timedelta(minutes=5))
    _at_once(lambda number: mail_intake.route(message) if number else mail_intake.route_stored())
    assert Ticket.objects.count() == 1
    message.refresh_from_db()
    assert message.action == "opened"


def test_outgoing_acknowledgements_are_sent_marked_as_automatic(team, mailoutbox):
    take_in()
    outbox.send_due()
    assert mailoutbox[0].extra_headers["Auto-Submitted"] == "auto-generated"
    raw = mailoutbox[0].message().as_bytes()
    assert take_in(raw).action == "auto_reply"


def test_one_word_by_mail_takes_back_the_consent_to_greetings(team):
    customer = CustomerFactory(team=team, email="wang@example.com")
    consent.record(customer=customer, purpose="care", given=True, wording="生日问候", way="电话")
    assert take_in(sender="Wang <wang@example.com>", subject="Re: 生日快乐", body="退订").action == "opened"
    assert not consent.allows(customer, purpose="care", channel="email")
    assert not consent.allows(customer, purpose="marketing", channel="email")
    assert consent.allows(customer, purpose="service", channel="email")
