import base64
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.mail import ParsedMail, Unparseable
from messaging.mail.parse import _parse
from tests.messaging.mail_samples import MAILS, fixture, mail, multipart, part, ten_raw_mails

FIXTURES = sorted(path.stem for path in MAILS.glob("*.eml"))


def strings_of(parsed: ParsedMail) -> list[str]:
    found = []
    for name in ParsedMail.__slots__:
        value = getattr(parsed, name)
        if isinstance(value, str):
            found.append(value)
        elif name == "attachments":
            found += [text for one in value for text in (one.name, one.content_type, one.content_id)]
        elif isinstance(value, list):
            found += value
    return found


def assert_storable(parsed: ParsedMail) -> None:
    for text in strings_of(parsed):
        assert "\0" not in text
        text.encode("utf-8")
    assert parsed.kind in ("normal", "bounce", "auto_reply")
    assert "\n" not in parsed.subject + parsed.from_name + parsed.from_email
    assert len(parsed.subject) <= 400
    assert all(len(one.name) <= 200 and len(one.content_type) <= 120 for one in parsed.attachments)
    assert parsed.body or not parsed.body_full


def seconds(raw: bytes) -> float:
    started = time.process_time()
    assert_storable(_parse(raw))
    return time.process_time() - started


def deep_multipart(depth: int) -> bytes:
    opened = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth))
    return mail("Subject: deep", body="").rstrip() + f"\n{opened}\nwords".encode()


HOSTILE = {
    "ten thousand headers": mail(*[f"X-Header-{n}: {'v' * 40}" for n in range(10_000)], "Subject: last"),
    "one endless subject": mail("Subject: " + "=?utf-8?B?5a69?= " * 50_000),
    "one endless To": mail("To: " + ", ".join(f"a{n}@b.example" for n in range(20_000))),
    "open comments in To": mail("To: " + "(" * 50_000),
    "open quotes in To": mail("To: " + '"\\' * 50_000),
    "open angles in To": mail("To: " + "<a@" * 50_000),
    "quotes in Content-Type": mail('Content-Type: text/plain; x="' + ';"' * 100_000),
    "a thousand levels": deep_multipart(1000),
    "ninety levels": deep_multipart(90),
    "mails within mails": mail(body="").rstrip() + b"\nContent-Type: message/rfc822\n\nFrom: a@b.example" * 300,
    "many parts": multipart("mixed", *[part("Content-Type: text/plain", body=str(n)) for n in range(5000)]),
    "deep html": mail("Content-Type: text/html", body="<div>" * 100_000 + "words"),
    "open tags": mail("Content-Type: text/html", body="<" * 200_000),
    "open comment": mail("Content-Type: text/html", body="<!--" * 100_000),
    "quote levels": mail(body=("> " * 200 + "x\n") * 2000),
    "from lines": mail(body="From: x\n" * 50_000),
    "wrote lines": mail(body="On 1:00 a@b wrote:\n" * 50_000),
    "long line of dashes": mail(body="-" * 500_000),
    "signature lines": mail(body="x\n-- \n" * 50_000),
    "nul bytes": mail(body="\0" * 100_000),
    "an id without end": mail("References: " + "<a" * 100_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mails_take_no_long_time(name):
    assert seconds(HOSTILE[name]) < 3


def test_a_mail_of_25_megabytes_is_read():
    content = bytes(range(256)) * 72_000
    file = part("Content-Type: a/b", "Content-Transfer-Encoding: base64", body=base64.encodebytes(content).decode())
    raw = multipart("mixed", part("Content-Type: text/plain", body="words"), file)
    assert len(raw) > 24_000_000
    started = time.process_time()
    parsed = _parse(raw)
    assert parsed.attachments[0].content == content
    assert time.process_time() - started < 15


def test_an_endless_text_is_cut_and_said_so():
    parsed = _parse(mail("Content-Type: text/plain", body="word " * 2_000_000))
    assert len(parsed.body_full) <= 1_000_000
    assert "text cut" in parsed.defects


@pytest.mark.parametrize("name", FIXTURES)
def test_every_fixture_is_storable(name):
    assert_storable(_parse(fixture(name)))


SEEDS = [raw for _name, raw, _action in ten_raw_mails()] + [fixture(name) for name in FIXTURES]
SNIPPETS = [
    b"\x00",
    b"\xff\xfe",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"=?utf-8?B?",
    b"?=",
    b"<",
    b">",
    b"--cut-here",
    b";",
    b'"',
    b"=",
    b"(",
    b"Content-Type: multipart/mixed; boundary=\r\n",
    b"Content-Type: message/rfc822\r\n",
    b"Content-Type: text/html\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"charset=utf-7",
    b"+2AA-",
    b"charset=utf-16",
    b"\xed\xa0\x80",
    b"*0*=x''%",
    b"Content-Type: message/delivery-status\r\n",
    b"format=flowed",
    b"<blockquote>",
    b"Date: \r\n",
    b"Content-Type: text/x\r\n",
]


def read_or_refuse(raw: bytes) -> None:
    try:
        parsed = _parse(raw)
    except Unparseable:
        return "refused"
    assert_storable(parsed)
    return "read"


@given(st.binary(max_size=2000))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_read_or_refused_by_name(data):
    sender = b"From: a@b.example\r\n"
    for raw in (data, sender + data, sender + b"Content-Type: text/html\r\n\r\n" + data):
        assert read_or_refuse(raw) in ("read", "refused")


@given(st.data())
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mutated_mails_are_read_or_refused_by_name(data):
    raw = data.draw(st.sampled_from(SEEDS))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw)))
        drop = data.draw(st.integers(0, 40))
        raw = raw[:at] + data.draw(st.sampled_from(SNIPPETS) | st.binary(max_size=8)) + raw[at + drop :]
    read_or_refuse(raw)


@given(st.text(max_size=300), st.sampled_from(["utf-8", "gb18030", "utf-16", "utf-7"]))
@settings(max_examples=200, deadline=None)
def test_any_text_in_any_charset_is_storable(text, charset):
    body = text.encode(charset, "replace")
    head = b"From: a@b.example\r\nContent-Type: text/plain; charset=" + charset.encode()
    assert read_or_refuse(head + b"\r\n\r\n" + body) == "read"
