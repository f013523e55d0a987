import socket
import traceback

import pytest

from messaging import mailout
from messaging.mail import parse
from tests.messaging.smtp_server import smtp_server


def built(**changes):
    values = {
        "from_email": "service@desk.example",
        "from_name": "客服工作台, Service Desk",
        "to": "li.na@customer.example",
        "subject": "[T-7] 您的请求已受理",
        "text": "您好：\n\n.我们已安排师傅上门。\n",
        "message_id": "<sent-7@desk.example>",
    }
    return mailout.build(**{**values, **changes})


@pytest.fixture
def through(settings):
    """Points the mail settings at a test server."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False

    def point(address):
        settings.EMAIL_HOST, settings.EMAIL_PORT = address

    return point


# --- Building ------------------------------------------------------------------------------------


def test_a_built_mail_reads_back_as_it_was_meant():
    message = built(in_reply_to="<b@x>", references=["<a@x>"], attachments=[("发票.pdf", b"%PDF", "application/pdf")])
    parsed = parse(message.message().as_bytes())
    assert (parsed.from_name, parsed.from_email) == ("客服工作台, Service Desk", "service@desk.example")
    assert (parsed.to, parsed.subject) == (["li.na@customer.example"], "[T-7] 您的请求已受理")
    assert parsed.body_full == "您好：\n\n.我们已安排师傅上门。"
    assert (parsed.message_id, parsed.in_reply_to, parsed.references) == (
        "<sent-7@desk.example>",
        "<b@x>",
        ["<a@x>", "<b@x>"],
    )
    assert (parsed.attachments[0].name, parsed.attachments[0].content) == ("发票.pdf", b"%PDF")
    assert parsed.date is not None


@pytest.mark.parametrize("text", ["您好，" * 2000, "word " * 2000, "x" * 3000, "Käse\n"])
def test_a_mail_is_seven_bit_with_lines_within_the_limit(text):
    raw = built(text=text, references=[f"<{n}{'r' * 100}@x>" for n in range(40)]).message().as_bytes(linesep="\r\n")
    assert raw.isascii()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert parse(raw).body_full == text.strip()


def test_only_automatic_mails_say_so_and_all_carry_the_loop_header():
    written, automatic = built().message(), built(auto=True).message()
    assert written["Auto-Submitted"] is None
    assert (automatic["Auto-Submitted"], automatic["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert written["X-Service-Desk"] == automatic["X-Service-Desk"] == "desk.example"
    assert parse(written.as_bytes()).kind == "auto_reply"


def test_an_unsubscribe_address_is_offered_with_one_click():
    message = built(list_unsubscribe="https://desk.example/u/1").message()
    assert message["List-Unsubscribe"] == "<https://desk.example/u/1>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert built(list_unsubscribe="mailto:stop@desk.example").message()["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n ", "\u2028", "\x85", "\0"])
@pytest.mark.parametrize("where", ["from_email", "from_name", "to", "subject", "message_id", "in_reply_to"])
def test_a_line_break_in_any_header_is_refused(where, line_break):
    value = {"message_id": "<a@b>", "in_reply_to": "<a@b>"}.get(where, "a@b.example")
    with pytest.raises(mailout.BadHeader):
        built(**{where: f"{value}{line_break}Bcc: x@y.example"})


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {"X-One": "a\nBcc: x@y.example"}},
        {"headers": {"X One": "a"}},
        {"headers": {"X-One: a\nBcc": "x@y.example"}},
        {"references": ["<a@b>\nBcc: x@y.example"]},
        {"references": ["a@b"]},
        {"attachments": [("a\n.pdf", b"", "application/pdf")]},
        {"list_unsubscribe": "javascript:alert(1)"},
        {"to": []},
        {"to": "a@b.example, c@d.example"},
        {"to": "Li Na <a@b.example>"},
        {"message_id": ""},
        {"to": "李娜@b.example"},
    ],
)
def test_what_would_forge_a_mail_is_refused(changes):
    with pytest.raises(mailout.BadHeader):
        built(**changes)


def test_message_ids_are_unique_and_read_back():
    ids = {mailout.new_message_id("desk.example") for _ in range(1000)}
    assert len(ids) == 1000
    one = ids.pop()
    assert parse(built(message_id=one).message().as_bytes()).message_id == one
    with pytest.raises(mailout.BadHeader):
        mailout.new_message_id("desk.example>\n")


# --- Delivering ----------------------------------------------------------------------------------


def test_an_accepted_mail_arrives_whole(through):
    with smtp_server() as server:
        through(server.server_address)
        mailout.deliver(built())
    parsed = parse(server.received[0])
    assert (parsed.subject, parsed.body_full) == ("[T-7] 您的请求已受理", "您好：\n\n.我们已安排师傅上门。")


@pytest.mark.parametrize(
    ("answers", "error", "code", "status"),
    [
        ({"RCPT": "550 5.1.1 <li.na@customer.example> unknown"}, mailout.PermanentFailure, 550, "5.1.1"),
        ({"RCPT": "451 4.7.1 <li.na@customer.example> greylisted"}, mailout.TemporaryFailure, 451, "4.7.1"),
        ({"RCPT": "450 try later"}, mailout.TemporaryFailure, 450, ""),
        ({"MAIL": "550 5.7.1 service@desk.example may not send"}, mailout.PermanentFailure, 550, "5.7.1"),
        ({"MAIL": "452 4.3.1 no room"}, mailout.TemporaryFailure, 452, "4.3.1"),
        ({"MESSAGE": "554 5.6.0 li.na@customer.example says spam"}, mailout.PermanentFailure, 554, "5.6.0"),
        ({"MESSAGE": "451 4.3.0 later"}, mailout.TemporaryFailure, 451, "4.3.0"),
        ({"MESSAGE": "hang up"}, mailout.TemporaryFailure, 0, ""),
        ({"DATA": "421 4.3.2 going down"}, mailout.TemporaryFailure, 421, "4.3.2"),
        ({"CONNECT": "554 no service"}, mailout.TemporaryFailure, 554, ""),
    ],
)
def test_the_servers_answer_decides_whether_to_try_again(through, answers, error, code, status):
    with smtp_server(**answers) as server:
        through(server.server_address)
        with pytest.raises(mailout.DeliveryFailure) as caught:
            mailout.deliver(built())
    assert (type(caught.value), caught.value.code, caught.value.status) == (error, code, status)
    assert server.received == []
    assert "@" not in "".join(traceback.format_exception_only(caught.value))
    assert caught.value.__context__ is None


def test_a_refused_sign_in_is_worth_another_try(through, settings):
    with smtp_server(EHLO="250-test.example\r\n250 AUTH PLAIN", AUTH="535 5.7.8 wrong password") as server:
        through(server.server_address)
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "desk", "secret"
        with pytest.raises(mailout.TemporaryFailure) as caught:
            mailout.deliver(built())
    assert "secret" not in str(caught.value)


def test_a_missing_sign_in_is_worth_another_try(through, settings):
    with smtp_server() as server:
        through(server.server_address)
        settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "desk", "secret"
        with pytest.raises(mailout.TemporaryFailure):
            mailout.deliver(built())


def test_a_server_that_is_not_there_is_a_temporary_failure(through):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        through(unused.getsockname())
        with pytest.raises(mailout.TemporaryFailure):
            mailout.deliver(built())


def test_a_server_that_says_nothing_is_a_temporary_failure(through, settings):
    settings.EMAIL_TIMEOUT = 0.2
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        through(silent.getsockname())
        with pytest.raises(mailout.TemporaryFailure):
            mailout.deliver(built())


def test_the_console_backend_takes_the_same_mail(settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    mailout.deliver(built())
    assert "Message-ID: <sent-7@desk.example>" in capsys.readouterr().out
