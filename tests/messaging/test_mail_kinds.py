import pytest

from messaging.mail import Unparseable, parse
from messaging.mail.parse import _parse
from tests.messaging.mail_samples import fixture, mail, ten_raw_mails


@pytest.mark.parametrize(
    ("name", "recipient", "original", "status"),
    [
        ("bounce-postfix", "gone@customer.example", "<sent-7@desk.example>", "5.1.1"),
        ("bounce-qmail", "full@customer.example", "<sent-8@desk.example>", "5.2.2"),
        ("bounce-exchange", "left@tenant.example", "<sent-9@desk.example>", "5.1.10"),
        ("bounce-163", "nobody@163.example", "", "5.1.1"),
        ("bounce-qq", "10001@qq.example", "", "5.2.2"),
    ],
)
def test_a_returned_mail_is_a_bounce_and_says_whose(name, recipient, original, status):
    parsed = _parse(fixture(name))
    assert (parsed.kind, parsed.bounced_recipient, parsed.original_message_id, parsed.bounce_status) == (
        "bounce",
        recipient,
        original,
        status,
    )


@pytest.mark.parametrize("name", ["bounce-delayed", "receipt", "auto-qq", "auto-outlook"])
def test_what_programs_send_is_an_auto_reply(name):
    parsed = _parse(fixture(name))
    assert (parsed.kind, parsed.bounced_recipient) == ("auto_reply", "")


@pytest.mark.parametrize(
    "header",
    [
        "X-Service-Desk: desk.example",
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner=x",
        "X-Autoreply: yes",
        "X-Autorespond: out of office",
        "Precedence: bulk",
        "Precedence: auto-reply",
        "Subject: 自动回复：您的请求",
        "Subject: [自动回复] 您的请求",
        "Subject: Automatic reply: x",
        "Subject: Out of Office",
        "Subject: Auto: x",
    ],
)
def test_each_mark_of_an_automatic_reply_counts(header):
    assert _parse(mail(header, "Return-Path: <>", "Content-Type: text/plain; charset=utf-8")).kind == "auto_reply"


@pytest.mark.parametrize(
    "header",
    [
        "X-Auto-Response-Suppress: All",
        "Auto-Submitted: no",
        "Subject: Re: Automatic reply: x",
        "Subject: 自动回复怎么关闭？",
        "Subject: Auto insurance",
        "Subject: 退信了，怎么办？",
        "From: Postmaster <postmaster@customer.example>",
        "Precedence: list",
        "Return-Path: <li.na@customer.example>",
    ],
)
def test_what_people_write_is_normal(header):
    assert _parse(mail(header, "Content-Type: text/plain; charset=utf-8")).kind == "normal"


def test_a_mail_passed_on_by_a_group_is_normal():
    assert _parse(fixture("group")).kind == "normal"


def test_an_empty_return_path_without_other_marks_is_a_bounce():
    assert _parse(mail("Return-Path: <>")).kind == "bounce"


def test_a_bounce_from_a_bare_mailer_daemon_is_read():
    parsed = _parse(
        mail("From: Mail Delivery System <MAILER-DAEMON>", "Subject: Returned mail", body="<x@y.example>: 550")
    )
    assert (parsed.kind, parsed.bounced_recipient) == ("bounce", "x@y.example")


def test_the_ten_mails_are_of_the_kind_their_action_needs():
    expected = {"bounce": "bounce", "auto_reply": "auto_reply"}
    for name, raw, action in ten_raw_mails():
        if action == "quarantined":
            with pytest.raises(Unparseable):
                parse(raw)
        else:
            assert parse(raw).kind == expected.get(action, "normal"), name
