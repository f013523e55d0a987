"""Uploaded files: kept in sealed pieces, read again as a stream, so that memory stays flat whatever their size."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import importing
from customers.models import ImportPart, ImportRun
from customers.transfer.refusals import BadFile

PIECE = 1 << 20
LARGEST = 100 << 20
LARGEST_SHEET = 20 << 20  # a workbook keeps its words apart from its rows: they have to be in memory
LARGEST_UNPACKED = 400 << 20
LONGEST_LINE = 1 << 20
MOST_COLUMNS = 200
FORMULA = "="

Line = tuple[int, list[str], str]  # where it stands, its cells, what is wrong with it ("" or a code)


class StoredFile(io.RawIOBase):
    """The file of a run, to read and to seek in; a piece at a time is unsealed."""

    def __init__(self, run: ImportRun):
        self._parts = ImportPart.objects.filter(run=run, of=ImportPart.Of.FILE)
        self._place, self._number, self._piece = 0, -1, b""
        last = self._parts.order_by("-number").first()
        if last is None:
            raise BadFile(_("The file is no longer kept; upload it again."))
        self.size = last.number * PIECE + len(last.content)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer) -> int:
        number, offset = divmod(self._place, PIECE)
        if self._place >= self.size:
            return 0
        if number != self._number:
            self._piece, self._number = self._parts.get(number=number).content, number
        found = self._piece[offset : offset + len(buffer)]
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)


def take(run: ImportRun, upload: IO[bytes], *, size: int) -> ImportRun:
    """Checks an uploaded file, notes its encoding and columns, and saves the run with it. Raises BadFile."""
    if not size:
        raise BadFile(_("The file is empty."))
    if size > LARGEST:
        raise BadFile(_("The file is larger than 100 MB; split it."))
    upload.seek(0)
    head = upload.read(8)
    run.format = "xlsx" if head.startswith(b"PK\x03\x04") else "csv"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadFile(_("This is an old or protected Excel file; save it as XLSX without a password, or as CSV."))
    if run.format == "csv":
        run.encoding = _encoding(upload)
    else:
        _check_workbook(upload, size)
    run.rows_total = _count_lines(upload) if run.format == "csv" else 0
    with transaction.atomic():
        run.save()
        _store(run, upload)
        run.header, run.rows_total = _header_of(run)
        run.save(update_fields=["header", "rows_total"])
    return run


def lines(run: ImportRun) -> Iterator[Line]:
    """The lines of the file under its first one. Raises BadFile."""
    found = _sheet(run) if run.format == "xlsx" else _csv(run)
    next(found, None)
    width = len(run.header)
    for line, cells, wrong in found:
        if run.format == "xlsx":
            cells = cells[:width] + [""] * (width - len(cells)) if not any(cells[width:]) else cells
        if not any(cells) and not wrong:
            continue
        yield line, cells, wrong or ("cells" if len(cells) != width else "")


def forget(run: ImportRun) -> None:
    """Removes the file itself; what was rejected stays."""
    run.parts.filter(of=ImportPart.Of.FILE).delete()


def _encoding(upload: IO[bytes]) -> str:
    upload.seek(0)
    encoding = importing.encoding_in(upload)
    if encoding != "utf-8-sig":
        upload.seek(0)
        if not importing.is_written_in(upload, encoding):
            raise BadFile(_("The file is written neither in UTF-8 nor in GB18030; save it as “CSV UTF-8”."))
    return encoding


def _check_workbook(upload: IO[bytes], size: int) -> None:
    if size > LARGEST_SHEET:
        raise BadFile(_("An XLSX of more than 20 MB is not taken; save the sheet as CSV."))
    upload.seek(0)
    try:
        unpacked = sum(entry.file_size for entry in zipfile.ZipFile(upload).infolist())
    except zipfile.BadZipFile:
        raise BadFile(_("The XLSX is damaged.")) from None
    if unpacked > LARGEST_UNPACKED:
        raise BadFile(_("The XLSX unpacks to more than 400 MB; save the sheet as CSV."))


def _count_lines(upload: IO[bytes]) -> int:
    upload.seek(0)
    return max(sum(piece.count(b"\n") for piece in iter(lambda: upload.read(PIECE), b"")) - 1, 0)


def _store(run: ImportRun, upload: IO[bytes]) -> None:
    upload.seek(0)
    for number, piece in enumerate(iter(lambda: upload.read(PIECE), b"")):
        ImportPart.objects.create(run=run, number=number, content=piece)


def _header_of(run: ImportRun) -> tuple[list[str], int]:
    total = run.rows_total
    if run.format == "xlsx":
        total = max(_open(run).worksheets[0].max_row or 0, 1) - 1
    first = next(_sheet(run) if run.format == "xlsx" else _csv(run), None)
    if first is None or first[2]:
        raise BadFile(_("The first line must name the columns."))
    header = [cell.strip()[:80] for cell in first[1]]
    while header and not header[-1] and run.format == "xlsx":
        header.pop()
    if not any(header) or len(header) > MOST_COLUMNS or any("\0" in name for name in header):
        raise BadFile(_("The first line must name the columns, 200 at most."))
    named = [name or f"#{place}" for place, name in enumerate(header, 1)]
    if twice := next((name for name in named if named.count(name) > 1), ""):
        raise BadFile(_("Two columns are called “%(name)s”; give each a name of its own.") % {"name": twice})
    return named, total


# --- CSV --------------------------------------------------------------------------------------------------


def _csv(run: ImportRun) -> Iterator[Line]:
    raw = io.BufferedReader(StoredFile(run), PIECE)
    stream = io.TextIOWrapper(raw, encoding=run.encoding, errors="surrogateescape", newline="")
    first = stream.readline(LONGEST_LINE)
    delimiter = max(",;\t", key=first.count)
    stream.seek(0)
    reader = csv.reader(_whole_lines(stream), delimiter=delimiter)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, [], "too_long_cell"
            continue
        yield line, cells, _unreadable(cells)


def _whole_lines(stream: io.TextIOWrapper) -> Iterator[str]:
    """Lines, of which an endless one is cut: what is left is still too long for a cell and refused as such."""
    while line := stream.readline(LONGEST_LINE):
        yield line
        while len(line) == LONGEST_LINE and not line.endswith("\n"):
            line = stream.readline(LONGEST_LINE)


def _unreadable(cells: list[str]) -> str:
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:  # what could not be decoded stands as surrogates
        return "unreadable"
    return ""


# --- XLSX -------------------------------------------------------------------------------------------------


def _open(run: ImportRun):
    try:
        from openpyxl import load_workbook  # 6 MB that most processes never need

        # Formulas are read as they are written and refused later; nothing is ever computed.
        return load_workbook(io.BufferedReader(StoredFile(run), PIECE), read_only=True, data_only=False)
    except Exception as error:  # a damaged workbook fails in many ways, none of which says more to the user
        raise BadFile(_("The XLSX is damaged.")) from error


def _sheet(run: ImportRun) -> Iterator[Line]:
    book = _open(run)
    sheet = book.worksheets[0]
    sheet.reset_dimensions()
    try:
        for line, row in enumerate(sheet.iter_rows(), 1):
            yield line, [_text(one) for one in row], ""
    except Exception as error:
        raise BadFile(_("The XLSX is damaged.")) from error
    finally:
        book.close()


def _text(one: Any) -> str:
    """A cell as it would stand in a CSV; formulas and errors begin with =."""
    value = one.value
    if value is None:
        return ""
    if getattr(one, "data_type", "") in ("f", "e"):
        return f"{FORMULA}{str(getattr(value, 'text', value)).lstrip('=')}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ") if value.time() != datetime.min.time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
