"""Which files go out: judged by what they hold, named as they were, sealed at rest."""

from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from messaging import files, outbox
from messaging.models import Attachment, FileType
from messaging.sniffing import Sniffer
from tests.factories import CustomerFactory

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PDF = b"%PDF-1.7\n" + b"x" * 40


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "png"), (PDF, "pdf"), (b"\xff\xd8\xff\xe0rest", "jpeg"), (b"GIF89a..", "gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp"), (b"PK\x03\x04..", "zip"), (b"MZ\x90\0", "program"),
        (b"\x7fELF\x02", "program"), (b"#!/bin/sh\n", "program"), (b"<!DOCTYPE html><html>", "markup"),
        (b"\xef\xbb\xbf <svg onload=x>", "markup"), ("退款单".encode("gb18030"), "text"), (b"a\0b", ""),
    ],
)  # fmt: skip
def test_a_file_is_what_its_first_bytes_say_however_it_comes_in(content, kind):
    assert [sniff(content, of) for of in (1, 3, 1000)] == [kind] * 3


def sniff(content, of):
    sniffer = Sniffer()
    for start in range(0, len(content), of):
        sniffer.feed(content[start : start + of])
    return sniffer.kind()


def check(name, content):
    taken = files.Taken(name, [content])
    assert b"".join(taken) == content
    return taken.content_type()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("发票.exe", PDF, "发票.exe is a program"), ("photo.png", b"MZ\x90\0", "photo.png is a program"),
        ("a.pdf", PNG, "a.pdf is not what its name says"), ("a.heic", PNG, "a.heic: files of this kind are not sent"),
        ("nothing.png", b"", "nothing.png is empty"), ("page.txt", b"<html><script>", "page.txt is a program"),
        ("noextension", PDF, "noextension: files of this kind"),
    ],
)  # fmt: skip
def test_what_may_not_go_out_is_refused_by_name(ground, name, content, words):
    with pytest.raises(files.FileRefused, match="^" + words.replace(".", r"\.")):
        check(name, content)


def test_a_file_too_large_is_refused_by_name(ground, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 10)
    with pytest.raises(files.FileRefused, match="big.png is larger than 10"):
        check("big.png", PNG)


def test_the_administrator_opens_and_closes_kinds_but_never_programs(ground):
    FileType.objects.filter(extension="zip").update(is_active=False)
    FileType.objects.create(extension="log", content_type="text/plain", signature="text")
    assert check("run.log", b"ok") == "text/plain"
    with pytest.raises(files.FileRefused):
        check("a.zip", b"PK\x03\x04")
    with pytest.raises(ValidationError, match="never sent"):
        FileType(extension="exe", content_type="application/x-msdownload", signature="any").full_clean()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("C:\\docs\\发票.pdf", "发票.pdf"), ("../../etc/passwd.txt", "passwd.txt"), ("a\r\nb.png", "a  b.png"),
        ("x\u202egnp.exe", "xgnp.exe"), ("名" * 300 + ".png", "名" * 196 + ".png"),
    ],
)  # fmt: skip
def test_names_lose_paths_and_signs_that_deceive(given, kept):
    assert files.clean_name(given) == kept


def test_a_chinese_file_arrives_whole_under_its_own_name(ground, team):
    customer = CustomerFactory(team=team, email="wang@mail.example")
    text = "第一行\r\n第二行，号码 13812341234\n".encode("gb18030")
    outbox.put(
        key="k1", to="wang@mail.example", subject="退款单", body="您好", purpose="service", customer=customer,
        files=[
            outbox.File("退款单 13812341234.pdf", PDF, "application/pdf", len(PDF)),
            outbox.File("说明.txt", text, "text/plain", len(text)),
        ],
    )  # fmt: skip
    assert outbox.send_due() == 1
    raw = mail.outbox[0].message().as_bytes()
    parts = [part for part in message_from_bytes(raw, policy=policy.default).walk() if part.get_filename()]
    assert [part.get_filename() for part in parts] == ["退款单 13812341234.pdf", "说明.txt"]
    assert [part.get_content_type() for part in parts] == ["application/pdf", "text/plain"]
    assert [part.get_payload(decode=True) for part in parts] == [PDF, text]
    assert b"filename*=utf-8''" in raw


def test_the_same_key_adds_no_file_twice(ground, team):
    for _ in range(2):
        outbox.put(
            key="k1", to="wang@mail.example", subject="x", body="y", purpose="service",
            files=[outbox.File("a.pdf", PDF, "application/pdf", len(PDF))],
        )
    assert Attachment.objects.count() == 1


def test_files_lie_sealed_and_their_names_masked(ground, team):
    row = outbox.put(
        key="k1", to="wang@mail.example", subject="x", body="y", purpose="service",
        files=[outbox.File("13812341234.pdf", PDF, "application/pdf", len(PDF))],
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, content FROM messaging_attachment WHERE outgoing_id = %s", [row.pk])
        name, content = cursor.fetchone()
    assert "13812341234" not in name
    assert b"%PDF" not in bytes(content)


def test_a_file_came_or_goes_and_nothing_else(ground):
    with pytest.raises(IntegrityError), transaction.atomic():
        Attachment.objects.create(name="a", content_type="text/plain", size=1, content=b"x")
