"""parse(): the raw bytes of a mail into a record that can be stored and shown, whatever the bytes are."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from messaging.mail import kinds, markup, quotes
from messaging.mail.headers import Headers, addresses, message_ids, sent_at
from messaging.mail.parts import Attachment, Contents, collect, read

MAX_SUBJECT = 400

_TOKEN = re.compile(r"[\[【〔]\s*t\s*[-–—‐]\s*(\d{1,18})\s*[\]】〕]", re.I)
_BARE_SYSTEM = re.compile(r"<?\s*(mailer-daemon|postmaster)\s*>?", re.I)


class Unparseable(Exception):
    """The bytes hold no mail: nothing, no headers, or nobody who sent it."""


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """A mail as a record. Every string is valid UTF-8 without NUL; addresses are lower case; ids keep their brackets.

    `body` is what the writer wrote, `quoted` the history below it, `signature` apart, `body_full` all of it as text.
    `kind` is "normal", "bounce" or "auto_reply" (rules in messaging.mail.kinds); the bounce fields are "" otherwise.
    """

    message_id: str
    in_reply_to: str
    references: list[str]
    date: datetime | None
    from_name: str
    from_email: str
    reply_to: str
    to: list[str]
    cc: list[str]
    subject: str
    body: str
    body_full: str
    body_html: str
    quoted: str
    signature: str
    attachments: list[Attachment]
    kind: str
    kind_reason: str
    bounced_recipient: str = ""
    bounce_status: str = ""
    original_message_id: str = ""
    defects: list[str] = field(default_factory=list)


def parse(raw: bytes) -> ParsedMail:
    """The record of a raw mail. Raises Unparseable, and nothing else, when the bytes hold no mail."""
    try:
        return _parse(raw)
    except Unparseable:
        raise
    except Exception as error:
        # One mail that no rule foresaw must not stop the queue: it is put aside like the others.
        raise Unparseable(f"The mail cannot be read ({type(error).__name__})") from error


def _parse(raw: bytes) -> ParsedMail:
    if not raw.strip():
        raise Unparseable("The input is empty")
    message, defects = read(raw)
    headers = Headers(message)
    if not len(headers):
        raise Unparseable("The input has no headers")
    contents = collect(message, headers, defects)
    headers.hint = contents.charset
    name, sender = _sender(headers)
    subject = headers.text("subject")[:MAX_SUBJECT]
    marked = contents.text()
    split = quotes.split(marked, subject=subject)
    full = marked.replace(markup.QUOTE_MARK, "").strip()
    kind = kinds.classify(headers, contents.report, sender=sender, subject=subject, text=full)
    if not sender and kind.kind != "bounce":
        raise Unparseable("The mail has no sender")
    bounced = kind.kind == "bounce"
    return ParsedMail(
        message_id=_first_id(headers, "message-id"),
        in_reply_to=_first_id(headers, "in-reply-to"),
        references=message_ids(headers.raw("references")),
        date=sent_at(headers.raw("date")),
        from_name=name,
        from_email=sender,
        reply_to=_first_address(headers, "reply-to"),
        to=_all_addresses(headers, "to"),
        cc=_all_addresses(headers, "cc"),
        subject=subject,
        body=full if bounced else split.body,
        body_full=full,
        body_html=_html(contents),
        quoted="" if bounced else split.quoted,
        signature="" if bounced else split.signature,
        attachments=contents.attachments,
        kind=kind.kind,
        kind_reason=kind.reason,
        bounced_recipient=kind.recipient,
        bounce_status=kind.status,
        original_message_id=kind.original_id,
        defects=list(dict.fromkeys(contents.defects)),
    )


def _sender(headers: Headers) -> tuple[str, str]:
    """Name and address from From, else Sender, Reply-To or the return path; mail servers may have a bare name."""
    for header in ("from", "sender", "reply-to", "return-path"):
        for value in headers.all_raw(header):
            if found := addresses(value):
                return found[0]
            if bare := _BARE_SYSTEM.search(value):
                return "", bare[1].lower()
    return "", ""


def _first_address(headers: Headers, name: str) -> str:
    return next(iter(_all_addresses(headers, name)), "")


def _all_addresses(headers: Headers, name: str) -> list[str]:
    found = [address for value in headers.all_raw(name)[:50] for _name, address in addresses(value)]
    return list(dict.fromkeys(found))


def _first_id(headers: Headers, name: str) -> str:
    return next(iter(message_ids(headers.raw(name))), "")


def _html(contents: Contents) -> str:
    if not contents.has_html:
        return ""
    return markup.sanitise("\n".join(block.html or f"<pre>{_escaped(block.plain)}</pre>" for block in contents.blocks))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def ticket_token(subject: str) -> int | None:
    """The ticket number of "[T-123]" in a subject, in any width of brackets and digits; None without one."""
    match = _TOKEN.search(unicodedata.normalize("NFKC", subject))
    return int(match[1]) or None if match else None
