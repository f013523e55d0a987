import json
import sys
from collections.abc import Iterator
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as DatabaseError

from desk import mail_intake
from messaging import inbound
from messaging.models import Message


class Command(BaseCommand):
    help = "Takes in raw mails: one on stdin, every file of a folder, or an mbox. Stores the bytes first."

    def add_arguments(self, parser):
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--dir", type=Path, help="folder with one raw mail per file, taken in by name")
        source.add_argument("--mbox", type=Path, help="mbox file")
        parser.add_argument("--json", action="store_true", help="print one line of JSON per message")

    def handle(self, *args, **options):
        self.failed = 0
        for batch in _batches(self._mails(options)):
            self.boxes = None
            for name, message in self._stored(batch):
                self._route(name, message, as_json=options["json"])
        if self.failed:
            raise CommandError(f"{self.failed} could not be stored or read; the others are taken in.")

    def _mails(self, options) -> Iterator[tuple[str, bytes]]:
        if options["dir"]:
            yield from self._files(options["dir"])
        elif options["mbox"]:
            try:
                with options["mbox"].open("rb") as stream:
                    for number, raw in enumerate(inbound.read_mbox(stream), 1):
                        yield f"{options['mbox']}:{number}", raw
            except OSError as error:
                raise CommandError(f"{options['mbox']} cannot be read: {error.strerror}") from error
        else:
            yield "stdin", sys.stdin.buffer.read()

    def _files(self, folder: Path) -> Iterator[tuple[str, bytes]]:
        try:
            entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        except OSError as error:
            raise CommandError(f"{folder} cannot be read: {error.strerror}") from error
        for entry in entries:
            if entry.is_file():
                try:
                    yield entry.name, entry.read_bytes()
                except OSError as error:
                    self._fail(entry.name, f"cannot be read: {error.strerror}")

    def _stored(self, batch: list[tuple[str, bytes]]) -> list[tuple[str, Message]]:
        """The batch in the database, committed; a refused one is tried again mail by mail."""
        try:
            messages = inbound.store_many([raw for _name, raw in batch])
            return [(name, message) for (name, _raw), message in zip(batch, messages, strict=True)]
        except DatabaseError as error:
            if len(batch) == 1:
                self._fail(batch[0][0], f"not stored ({type(error).__name__})")
                return []
            return [stored for one in batch for stored in self._stored([one])]

    def _route(self, name: str, message: Message, *, as_json: bool) -> None:
        try:
            self.boxes = self.boxes or mail_intake.mailboxes()  # once a batch: an address added now counts for the next
            result = mail_intake.route(message, boxes=self.boxes)
        except DatabaseError as error:
            self.stderr.write(f"{name}: stored, and routed by the next tick ({type(error).__name__})")
            return
        line = as_record(result)
        self.stdout.write(json.dumps(line, ensure_ascii=False) if as_json else self._readable(name, line, result))
        self.stdout.flush()

    def _fail(self, name: str, reason: str) -> None:
        self.failed += 1
        self.stderr.write(f"{name}: {reason}")

    def _readable(self, name: str, line: dict, result: mail_intake.Result) -> str:
        ticket = f"T-{line['ticket']}" if line["ticket"] else "-"
        about = result.message.error or line["subject"]
        return f"{name}: " + " ".join(filter(None, [line["action"], ticket, line["from_email"], about]))


def _batches(mails: Iterator[tuple[str, bytes]]) -> Iterator[list[tuple[str, bytes]]]:
    """Up to 20 mails or 8 MB at a time: few commits, and memory that stays flat."""
    batch: list[tuple[str, bytes]] = []
    for mail in mails:
        batch.append(mail)
        if len(batch) >= 20 or sum(len(raw) for _name, raw in batch) > 8 << 20:
            yield batch
            batch = []
    if batch:
        yield batch


def as_record(result: mail_intake.Result) -> dict:
    """One message as the line that `--json` prints."""
    message, envelope = result.message, result.message.envelope
    return {
        "action": str(result.action),
        "ticket": result.ticket_id,
        "from_email": envelope.get("from_email", ""),
        "from_name": envelope.get("from_name", ""),
        "to": envelope.get("to", []),
        "cc": envelope.get("cc", []),
        "subject": message.subject,
        "body": message.body,
        "attachments": [
            {"name": name, "type": content_type, "size": size} for name, content_type, size in result.attachments
        ],
    }
