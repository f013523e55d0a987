"""Mail to customers: built safely, handed to the configured backend, failures told apart without naming anyone.

A caller stores its outbox row first and calls deliver() after the commit.
"""

import re
import secrets
import smtplib
import time
from collections.abc import Iterable, Mapping, Sequence
from email.charset import BASE64, QP, Charset
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.utils import formataddr

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

TIMEOUT = 20  # seconds, where EMAIL_TIMEOUT sets none
MAX_REFERENCES = 20

_ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^-~]{1,64}@[^\s@<>\"(),:;\\\[\]]{1,190}")
_DOMAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,188}[A-Za-z0-9])?")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}>")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,70}")
_ENHANCED = re.compile(rb"\s*([245]\.\d{1,3}\.\d{1,3})\b")


class BadHeader(ValueError):
    """A header value that would break or forge the mail: a line break, an address or an id that is none."""


class DeliveryFailure(Exception):
    """A mail that was not accepted. The text holds codes only, never an address.

    `code` is the SMTP reply code or 0, `status` the enhanced code (RFC 3463) or "".
    """

    def __init__(self, text: str, *, code: int = 0, status: str = ""):
        super().__init__(text)
        self.code = code
        self.status = status


class TemporaryFailure(DeliveryFailure):
    """Worth another try: a 4xx answer, no answer, or a server that lets nobody in."""


class PermanentFailure(DeliveryFailure):
    """Another try of the same mail will fail the same way: a 5xx answer, or a mail that cannot be written."""


def new_message_id(domain: str) -> str:
    """An unguessable, unique Message-ID with its angle brackets. Raises BadHeader when `domain` is none."""
    if not _DOMAIN.fullmatch(domain):
        raise BadHeader("The domain of a Message-ID has letters, digits, dots and hyphens only")
    return f"<{int(time.time() * 1000):x}.{secrets.token_hex(12)}@{domain}>"


def build(
    *,
    from_email: str,
    from_name: str,
    to: str | Sequence[str],
    subject: str,
    text: str,
    message_id: str,
    in_reply_to: str = "",
    references: Iterable[str] = (),
    auto: bool = False,
    headers: Mapping[str, str] | None = None,
    attachments: Iterable[tuple[str, bytes, str]] = (),
    list_unsubscribe: str = "",
) -> EmailMessage:
    """A plain-text mail, ready for deliver().

    `to` is one address or several; `attachments` are (name, content, content type); `auto` marks a mail that no person
    wrote, so that no automatic reply answers it; `list_unsubscribe` is an https or mailto address. Ids have brackets.
    Raises BadHeader.
    """
    recipients = [_address(one) for one in ([to] if isinstance(to, str) else to)]
    if not recipients:
        raise BadHeader("The mail has no recipient")
    message_id = _id(message_id)
    message = EmailMessage(
        subject=_line(subject, "subject"),
        body=text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n"),
        from_email=formataddr((_line(from_name, "sender's name"), _address(from_email))),
        to=recipients,
        headers={
            "Message-ID": message_id,
            "X-Service-Desk": message_id.strip("<>").rpartition("@")[2] or "1",
            **_thread_headers(in_reply_to, references),
            **_automatic_headers(auto, list_unsubscribe),
            **_extra_headers(headers or {}),
        },
    )
    # Seven-bit transfer, as not every server on the way takes eight.
    message.encoding = _charset(text)
    for name, content, content_type in attachments:
        message.attach(_part(_line(name, "file name"), content, _line(content_type, "content type")))
    return message


def _part(name: str, content: bytes, content_type: str) -> MIMEBase:
    """A file byte for byte; Django would write texts anew. Names beyond ASCII are told as RFC 2231 says."""
    kind, _slash, subtype = content_type.partition("/")
    if kind in ("message", "multipart") or not subtype:
        kind, subtype = "application", "octet-stream"
    part = MIMEBase(kind, subtype)
    part.set_payload(content)
    encode_base64(part)
    filename = name if name.isascii() else ("utf-8", "", name)
    part.add_header("Content-Disposition", "attachment", filename=filename)
    return part


def _charset(text: str) -> Charset:
    charset = Charset("utf-8")
    charset.body_encoding = QP if len(text.encode("ascii", "ignore")) * 4 > len(text) * 3 else BASE64
    return charset


def _thread_headers(in_reply_to: str, references: Iterable[str]) -> dict[str, str]:
    chain = [_id(one) for one in references]
    found = {}
    if in_reply_to:
        found["In-Reply-To"] = _id(in_reply_to)
        chain = [*(one for one in chain if one != in_reply_to), in_reply_to]
    if len(chain) > MAX_REFERENCES:
        chain = [chain[0], *chain[1 - MAX_REFERENCES :]]
    if chain:
        found["References"] = " ".join(chain)
    return found


def _automatic_headers(auto: bool, list_unsubscribe: str) -> dict[str, str]:
    found = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"} if auto else {}
    if list_unsubscribe:
        address = _line(list_unsubscribe, "unsubscribe address").strip("<>")
        if not re.fullmatch(r"(https://|mailto:)[^\s<>,]+", address):
            raise BadHeader("An unsubscribe address begins with https:// or mailto:")
        found["List-Unsubscribe"] = f"<{address}>"
        if address.startswith("https://"):
            found["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return found


def _extra_headers(headers: Mapping[str, str]) -> dict[str, str]:
    for name in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise BadHeader("A header name has letters, digits and hyphens only")
    return {name: _line(value, name) for name, value in headers.items()}


def _line(value: str, what: str) -> str:
    if any(char in "\r\n\0\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029" for char in value):
        raise BadHeader(f"Line break in the {what}")
    return value


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(_line(value, "address")):
        raise BadHeader("The address is none")
    return value


def _id(value: str) -> str:
    if not _MESSAGE_ID.fullmatch(value):
        raise BadHeader("The message id is none")
    return value


def deliver(message: EmailMessage) -> None:
    """Hands a mail to the configured backend. Raises TemporaryFailure or PermanentFailure, nothing else."""
    failure: DeliveryFailure
    try:
        connection = get_connection(timeout=settings.EMAIL_TIMEOUT or TIMEOUT)
        message.connection = connection
        message.send(fail_silently=False)
        return
    except smtplib.SMTPRecipientsRefused as error:
        failure = _refused(error)
    except (smtplib.SMTPConnectError, smtplib.SMTPHeloError, smtplib.SMTPAuthenticationError) as error:
        # The server refuses us, not this mail: it goes out when the connection is put right.
        failure = TemporaryFailure(f"The mail server refuses us ({error.smtp_code})", code=error.smtp_code)
    except smtplib.SMTPResponseException as error:
        failure = _answered(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        failure = TemporaryFailure(f"The mail server cannot be reached ({type(error).__name__})")
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        failure = PermanentFailure(f"The mail cannot be written ({type(error).__name__})")
    finally:
        message.connection = None
    # Raised out here, so that no traceback carries the server's words, which name the address.
    raise failure


def _refused(error: smtplib.SMTPRecipientsRefused) -> DeliveryFailure:
    answers = sorted(error.recipients.values())
    return _answered(*next(iter(answers), (450, b"")))


def _answered(code: int, words: bytes | str) -> DeliveryFailure:
    words = words if isinstance(words, bytes) else words.encode("utf-8", "replace")
    found = _ENHANCED.match(words)
    status = found[1].decode() if found else ""
    kind = PermanentFailure if 500 <= code < 600 else TemporaryFailure
    return kind(f"The mail server answered {code} {status}".rstrip(), code=code, status=status)
