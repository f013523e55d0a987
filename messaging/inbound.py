"""Raw messages coming in: the bytes are stored and committed before anything looks at them."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from core.crypto import blind_index
from messaging.models import Channel, Message

_SEPARATOR = re.compile(rb"From \S+.*\d{4}|From \S+ +\S+")
_QUOTED = re.compile(rb">+From ")


def store(raw: bytes, *, channel: str = Channel.MAIL, now: datetime | None = None) -> Message:
    """Stores one raw message, whatever its bytes are; committed when it returns (unless the caller is in a
    transaction). The digest is keyed: equal bytes are found again, and it tells nothing about them."""
    return store_many([raw], channel=channel, now=now)[0]


@transaction.atomic
def store_many(raws: list[bytes], *, channel: str = Channel.MAIL, now: datetime | None = None) -> list[Message]:
    """`store` of several at once, all or none, in their order: one commit to wait for."""
    now = now or timezone.now()
    return Message.objects.bulk_create(
        Message(channel=channel, raw=bytes(raw), digest=digest_of(raw), received_at=now) for raw in raws
    )


def digest_of(raw: bytes) -> str:
    """The keyed digest under which equal raw messages are equal."""
    return blind_index("message", hashlib.sha256(raw).hexdigest())


def id_index(message_id: str) -> str:
    """The keyed index of a Message-ID, as kept in `Message.message_id`; "" stays ""."""
    return blind_index("message-id", message_id)


def read_mbox(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The messages of an mbox, one in memory at a time; ">From " is unquoted (mboxrd).

    A message starts at a "From " line that opens the file or follows an empty line. Text before the first one is
    handed out like a message, so that nothing of a damaged file is lost.
    """
    parts: list[bytes] = []
    blank = True
    for line in lines:
        if blank and _SEPARATOR.match(line):
            if any(part.strip() for part in parts):
                yield _joined(parts)
            parts = []
        else:
            parts.append(line[1:] if _QUOTED.match(line) else line)
        blank = not line.strip(b"\r\n")
    if any(part.strip() for part in parts):
        yield _joined(parts)


def _joined(parts: list[bytes]) -> bytes:
    # The empty line before the next "From " belongs to the mbox, not to the mail.
    return b"".join(parts[:-1] if parts[-1] in (b"\n", b"\r\n") else parts)
