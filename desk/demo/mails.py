"""Raw mails as customers' programs write them, and the ones that no desk is spared."""

import struct
import zlib
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

BROKEN = b"\x00\xff\xfeno mail: at all\r\n\r\n\x80\x81=?gb2312?B?"
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def letter(
    *, sender: str, name: str, to: str, subject: str, body: str, at: datetime, number: str, charset: str = "utf-8",
    answers: str = "", file: str = "",
) -> bytes:
    """A mail a person wrote. `number` makes its Message-ID; `answers` is the Message-ID that it replies to."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f'"{name}" <{sender}>'
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{number}@mail.example.com>"
    if answers:
        message["In-Reply-To"] = message["References"] = answers
    message.set_content(body, charset=charset)
    if file.endswith(".png"):
        message.add_attachment(_picture(), "image", "png", filename=file)
    elif file:
        message.add_attachment(PDF, "application", "pdf", filename=file)
    return message.as_bytes()


def careless(*, sender: str, name: str, to: str, subject: str, body: str, at: datetime, number: str) -> bytes:
    """The same from an old program: GB18030 throughout, declared nowhere."""
    head = [f"From: {name} <{sender}>", f"To: {to}", f"Subject: {subject}", f"Date: {format_datetime(at)}",
            f"Message-ID: <{number}@mail.example.com>"]
    return ("\r\n".join(head) + "\r\n\r\n" + body.replace("\n", "\r\n")).encode("gb18030")


def bounce(*, of: str, recipient: str, to: str, at: datetime) -> bytes:
    """A mail server returns what we sent; `of` is the Message-ID of the returned mail."""
    return "\r\n".join([
        "Return-Path: <>", "From: MAILER-DAEMON@mx.example.com (Mail Delivery System)",
        "Subject: Undelivered Mail Returned to Sender", f"To: {to}", "Auto-Submitted: auto-replied",
        f"Date: {format_datetime(at)}", f"Message-ID: <bounce-{at:%H%M%S}@mx.example.com>", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"', "",
        "--cut", "Content-Type: text/plain; charset=us-ascii", "",
        f"<{recipient}>: 550 5.1.1 Recipient address rejected: User unknown", "",
        "--cut", "Content-Type: message/delivery-status", "",
        "Reporting-MTA: dns; mx.example.com", "", f"Final-Recipient: rfc822; {recipient}", "Action: failed",
        "Status: 5.1.1", "", "--cut", "Content-Type: message/rfc822", "", f"To: {recipient}", f"Message-ID: {of}", "",
        "--cut--", "",
    ]).encode()


def away(*, sender: str, name: str, to: str, subject: str, at: datetime, answers: str) -> bytes:
    """A program answers for somebody on holiday."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f'"{name}" <{sender}>'
    message["To"] = to
    message["Subject"] = f"自动回复: {subject}"
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<away-{at:%H%M%S}@mail.example.com>"
    message["Auto-Submitted"] = "auto-replied"
    message["In-Reply-To"] = message["References"] = answers
    message.set_content("这是来自邮箱的自动回复邮件。\n您好，我最近正在休假，下周一回复您。")
    return message.as_bytes()


def _picture(width: int = 320, height: int = 200) -> bytes:
    """A plain picture, small and valid."""
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (90 + x * 80 // width, 130, 120 + y * 60 // height))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
