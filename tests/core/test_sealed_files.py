"""Files in sealed columns: whole, proven, and never in memory at once."""

import os
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.urls import reverse

from core import crypto, sealed_files
from messaging.models import Attachment, Message
from tests.factories import CustomerFactory, TicketFactory
from tickets import conversation
from tickets.draft_models import DraftFile

PNG = b"\x89PNG\r\n\x1a\n"
MB = 1024 * 1024
FLAT = 10 * MB  # a file of 25 MB that is taken in whole lifts the process by some 300
COLUMN = Attachment._meta.get_field("content")


def kept(pieces):
    message = Message.objects.create(raw=b"x", digest="d")
    with transaction.atomic():
        sealed_files.stage(COLUMN, pieces)
        return Attachment.objects.create(
            message=message, name="a.png", content_type="image/png", size=1, content=sealed_files.staged()
        )


def read(row, name):
    size, pieces = sealed_files.read(row, name)
    content = b"".join(pieces)
    assert len(content) == size
    return content


@pytest.mark.parametrize("size", [1, 15, 16, 17, sealed_files.PIECE, sealed_files.PIECE + 1, 3 * sealed_files.PIECE])
def test_a_file_comes_back_whole_by_pieces_and_at_once(db, size):
    content = os.urandom(size)
    row = kept([content[:7], content[7:]])

    assert read(row, "content") == content
    assert bytes(Attachment.objects.get(pk=row.pk).content) == content


def test_two_files_of_one_transaction_do_not_mix(db):
    with transaction.atomic():
        one, other = kept([b"one"]), kept([b"other"])

    assert [read(row, "content") for row in (one, other)] == [b"one", b"other"]


def test_what_was_sealed_at_once_is_read_by_pieces(db):
    message = Message.objects.create(raw=b"x" * (sealed_files.PIECE + 5), digest="d")

    assert read(message, "raw") == b"x" * (sealed_files.PIECE + 5)


def test_nothing_of_an_altered_file_leaves(db):
    row = kept([b"a" * 2 * sealed_files.PIECE])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_attachment SET content = set_byte(content, length(content) - 40, 0) WHERE id = %s",
            [row.pk],
        )

    with pytest.raises(crypto.BadToken):
        sealed_files.read(row, "content")


class Upload:
    """A body of 25 MB that is nowhere in memory."""

    def __init__(self, size):
        self.left, self.begun = size, False

    def read(self, most=-1):
        size = min(most if most >= 0 else self.left, self.left)
        self.left -= size
        begin = b"" if self.begun else PNG
        self.begun = True
        return begin + os.urandom(size - len(begin)) if size else b""

    readline = read


def peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def resident() -> int:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    return peak()


def test_25_mb_are_taken_in_sent_and_fetched_without_memory(signed_in, team, agent):
    ticket = TicketFactory(customer=CustomerFactory(team=team, email="wang@mail.example"), owner=agent)
    client, size = signed_in(agent), 25 * MB
    client.get(reverse("desk:ticket", args=[ticket.pk]))
    before = resident()

    answer = client.generic(
        "POST", reverse("desk:ticket_files", args=[ticket.pk]), headers={"X-File-Name": "a.png"},
        content_type="application/octet-stream", **{"wsgi.input": Upload(size), "CONTENT_LENGTH": str(size)},
    )
    draft = DraftFile.objects.defer("content").get()
    assert (answer.status_code, draft.size) == (200, size)
    conversation.reply(ticket, body="附件", by=agent, wait=True, files=[draft.pk])
    file = Attachment.objects.defer("content").get()
    fetched = client.get(reverse("desk:ticket_attachment", args=[ticket.pk, file.pk]))
    assert (file.size, sum(map(len, fetched.streaming_content))) == (size, size)

    assert peak() - before < FLAT
