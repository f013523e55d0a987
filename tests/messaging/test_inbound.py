"""Raw messages are stored first; an mbox is read one message at a time."""

import io
import tracemalloc

import pytest

from messaging import inbound
from messaging.models import Message

MBOX = (
    b"From a@x.example Mon Jan  6 09:00:00 2025\nSubject: one\n\nHello\n>From here on\n\n"
    b"From b@x.example Mon Jan  6 09:01:00 2025\r\nSubject: two\r\n\r\nBye\r\n"
)


@pytest.mark.django_db
@pytest.mark.parametrize("raw", [b"", b"\x00\xff\xfe garbage", b"Subject: x\n\nbody"])
def test_any_bytes_are_stored_as_they_came(raw):
    message = inbound.store(raw)
    kept = Message.objects.get(pk=message.pk)
    assert bytes(kept.raw) == raw
    assert kept.state == "stored"
    assert kept.digest == inbound.digest_of(raw)


@pytest.mark.django_db
def test_the_digest_and_the_bytes_at_rest_tell_nothing(django_db_blocker):
    from django.db import connection

    message = inbound.store(b"Subject: secret\n\nsecret words")
    with connection.cursor() as cursor:
        cursor.execute("SELECT raw, digest FROM messaging_message WHERE id = %s", [message.pk])
        raw, digest = cursor.fetchone()
    assert b"secret" not in bytes(raw)
    assert len(digest) == 32


def test_an_mbox_gives_each_message_with_its_quoted_lines_restored():
    first, second = inbound.read_mbox(io.BytesIO(MBOX))
    assert first == b"Subject: one\n\nHello\nFrom here on\n"
    assert second == b"Subject: two\r\n\r\nBye\r\n"


def test_a_line_inside_a_paragraph_that_begins_with_from_does_not_split_a_mail():
    raw = b"From a@x.example Mon Jan  6 09:00:00 2025\nSubject: x\n\nline\nFrom b@x.example 2025\n"
    assert len(list(inbound.read_mbox(io.BytesIO(raw)))) == 1


def test_text_before_the_first_separator_is_not_lost_and_an_empty_file_has_no_message():
    assert list(inbound.read_mbox(io.BytesIO(b"Subject: bare\n\nmail\n"))) == [b"Subject: bare\n\nmail\n"]
    assert list(inbound.read_mbox(io.BytesIO(b"\n\n"))) == []


def test_an_mbox_is_read_in_flat_memory(tmp_path):
    path = tmp_path / "big.mbox"
    with path.open("wb") as out:
        for number in range(20_000):
            out.write(b"From a@x.example Mon Jan  6 09:00:00 2025\nSubject: %d\n\n" % number + b"x" * 800 + b"\n\n")
    tracemalloc.start()
    with path.open("rb") as stream:
        count = sum(1 for _raw in inbound.read_mbox(stream))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000
