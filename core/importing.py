"""Reads a CSV row by row, saves it in batches, sets bad rows aside; memory stays flat however long the file is."""

import codecs
import csv
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any, Protocol

from django.db import DataError, IntegrityError, transaction
from django.utils import timezone

from core.import_maps import BadRow, ImportMap
from core.models import Event

BATCH = 500
CHUNK = 1 << 20
LETTERS = str.maketrans("0123456789", "ghijklmnop")


class BadFile(Exception):
    """The file cannot be read as a CSV with these columns; one line says why."""


@dataclass(frozen=True)
class Record:
    """One good row: where it stood, what it holds, and a digest that changes when the row or the map does."""

    line: int
    row: dict[str, str]
    values: dict[str, Any]
    attributes: dict[str, str]
    digest: str

    @property
    def external_id(self) -> str:
        return self.values["external_id"]


@dataclass
class Tally:
    made: int = 0
    changed: int = 0
    same: int = 0
    rejected: int = 0
    started: float = field(default_factory=time.monotonic)

    @property
    def read(self) -> int:
        return self.made + self.changed + self.same + self.rejected

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def add(self, other: "Tally") -> None:
        self.made, self.changed, self.same = (
            self.made + other.made, self.changed + other.changed, self.same + other.same
        )  # fmt: skip


class Saver(Protocol):
    """What an app brings: which rows it cannot take, and how a batch of the others is saved."""

    def check(self, record: Record, today: date) -> None:
        """Raises BadRow for values that no record can have."""

    def save(self, batch: list[Record], now: datetime) -> Tally:
        """Saves a batch, in a transaction of its own, and says what it did."""


def run(
    path: Path,
    mapping: ImportMap,
    saver: Saver,
    *,
    rejects: Path,
    progress: Callable[[Tally], None] = lambda tally: None,
    now: datetime | None = None,
) -> Tally:
    """Imports a file.

    A batch that the database refuses is saved again row by row, so that one bad row costs only itself. Bad rows go to
    `rejects` with line number and reason. Raises BadFile.
    """
    now = now or timezone.now()
    tally = Tally()
    with Rejects(rejects) as aside:
        for batch in _batches(_records(path, mapping, saver, timezone.localdate(now), aside, tally)):
            for record, reason in _save(batch, saver, tally, now):
                aside.add(record.line, reason, record.row)
                tally.rejected += 1
            progress(tally)
    progress(tally)
    return tally


def known_digests(subject_type: str, id_field: str, ids: Iterable[int]) -> dict[int, str]:
    """The digest with which each of these records was imported last; `id_field` names the indexed column."""
    told = Event.objects.filter(kind="imported", subject_type=subject_type, **{f"{id_field}__in": list(ids)})
    return dict(told.order_by("id").values_list("subject_id", "data__digest"))


class Rejects:
    """The file of rows that could not be taken, made when the first one comes; an older one is removed."""

    def __init__(self, path: Path):
        self.path = path
        self._stream: IO[str] | None = None

    def __enter__(self):
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(self, *error):
        if self._stream:
            self._stream.close()

    def add(self, line: int, reason: str, row: dict[str, str]) -> None:
        if self._stream is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # Rows hold personal data: readable by their owner alone.
            number = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._stream = os.fdopen(number, "w", encoding="utf-8-sig", errors="replace", newline="")
            csv.writer(self._stream).writerow(["line", "reason", *row])
        csv.writer(self._stream).writerow([line, reason, *row.values()])


def encoding_of(path: Path) -> str:
    """utf-8-sig, utf-16 by its mark, else gb18030; reads the file once in small pieces."""
    with path.open("rb") as stream:
        return encoding_in(stream)


def encoding_in(stream: IO[bytes]) -> str:
    """As `encoding_of`, of an open file from its beginning."""
    head = stream.read(4)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    return "utf-8-sig" if _decodes(stream, "utf-8", head) else "gb18030"


def is_written_in(stream: IO[bytes], encoding: str) -> bool:
    """Whether every byte of an open file is text of this encoding; reads it once in small pieces."""
    return _decodes(stream, encoding, b"")


def _decodes(stream: IO[bytes], encoding: str, head: bytes) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        decoder.decode(head)
        while piece := stream.read(CHUNK):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def rows(path: Path, columns: Iterable[str]) -> Iterator[tuple[int, dict[str, str], str]]:
    """(line, row, what is wrong with it or "") of a CSV that has at least these columns. Raises BadFile."""
    try:
        encoding = encoding_of(path)
        stream = path.open(encoding=encoding, errors="surrogateescape", newline="")
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from None
    with stream:
        reader = csv.reader(stream)
        header = [name.strip() for name in next(reader, [])]
        missing = sorted(set(columns) - set(header))
        if missing or len(set(header)) != len(header):
            about = f"no column “{missing[0]}”" if missing else "two columns of one name, or none"
            raise BadFile(f"{path.name}: {about}; the first line must name the columns")
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, dict.fromkeys(header, ""), str(error)
                continue
            if cells:
                yield line, dict(zip(header, cells, strict=False)), _wrong(cells, len(header))


def _wrong(cells: list[str], width: int) -> str:
    if len(cells) != width:
        return f"{len(cells)} cells where the first line has {width}"
    text = "".join(cells)
    return "" if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text) else "unreadable characters"


def _records(
    path: Path, mapping: ImportMap, saver: Saver, today: date, aside: Rejects, tally: Tally
) -> Iterator[Record]:
    for line, row, wrong in rows(path, mapping.columns):
        try:
            if wrong:
                raise BadRow(wrong)
            record = _record(line, row, mapping, today)
            saver.check(record, today)
        except BadRow as error:
            aside.add(line, str(error), row)
            tally.rejected += 1
        else:
            yield record


def _record(line: int, row: dict[str, str], mapping: ImportMap, today: date) -> Record:
    values = {name: rule.read(row, today=today) for name, rule in mapping.fields.items()}
    facts = {name: text for name, rule in mapping.attributes.items() if (text := rule.read(row, today=today))}
    return Record(line, row, values, facts, digest_of([mapping.digest, *row.values()]))


def digest_of(cells: Iterable[str]) -> str:
    """32 letters that change when one of the cells does; without digits, which could be taken for somebody's number."""
    written = "\x1f".join(cells).encode("utf-8", "replace")
    return hashlib.sha256(written).hexdigest()[:32].translate(LETTERS)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    """Batches in which no id occurs twice: a later row of the same id is a change of the earlier one."""
    batch: list[Record] = []
    ids: set[str] = set()
    for record in records:
        if len(batch) >= BATCH or record.external_id in ids:
            yield batch
            batch, ids = [], set()
        batch.append(record)
        ids.add(record.external_id)
    if batch:
        yield batch


def _save(batch: list[Record], saver: Saver, tally: Tally, now: datetime) -> list[tuple[Record, str]]:
    try:
        with transaction.atomic():
            tally.add(saver.save(batch, now))
    except (DataError, IntegrityError, BadRow) as error:
        if len(batch) == 1:
            return [(batch[0], str(error).splitlines()[0])]
        return [bad for record in batch for bad in _save([record], saver, tally, now)]
    return []
